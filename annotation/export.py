"""Label Studio's JSON export: a list of tasks, each with the annotations that people made.

The models take what we use and ignore the rest. Everything that cannot be an export is an error
that names the file and the entry (counted from 0), because a vote read wrongly is worse than a
run that stops.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from rupairs.errors import RupairsError

_SPACE = re.compile(r"[ \t\r\n]*")
_HINT = "export the project from Label Studio as JSON (not JSON-MIN or CSV)"


def _whole(text: str) -> str:
    # JSON can spell half of a surrogate pair, which no UTF-8 file can hold.
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("half of a character (a lone surrogate)")
    return text


Text = Annotated[str, AfterValidator(_whole)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Value(_Model):
    """What one control holds: the chosen labels, or the texts of a text area."""

    choices: list[Text] = Field(default_factory=list)
    text: list[Text] = Field(default_factory=list)

    @field_validator("text", mode="before")
    @classmethod
    def _listed(cls, text: Any) -> Any:
        # A text area with one text is exported as a list or, by older servers, as a string.
        return [text] if isinstance(text, str) else text


class Result(_Model):
    """One control's answer; relations between regions have no `from_name`."""

    from_name: str = ""
    value: Value = Value()


class User(_Model):
    """The annotator where the export spells users out; names and e-mails are not read."""

    id: int | Text


class Annotation(_Model):
    """One person's answer to one task. `lead_time` is in seconds, null for imported answers."""

    id: int | Text
    completed_by: int | Text | User | None = None
    result: list[Result]
    was_cancelled: bool = False
    lead_time: float | None = Field(default=None, allow_inf_nan=False)
    created_at: Text
    updated_at: Text | None = None
    simulated: bool = False
    deleted: bool = False

    @property
    def moment(self) -> str:
        """Return when this version of the answer was given, by the server's clock."""
        return self.updated_at or self.created_at

    @property
    def user(self) -> str | None:
        """Return who answered, as Label Studio numbers users; None when the user was deleted."""
        by = self.completed_by
        if by is None:
            return None
        return str(by.id if isinstance(by, User) else by)


class Data(_Model):
    """The task's data; the texts are taken from what was pushed, not from here."""

    task: Text


class Entry(_Model):
    """A task and its annotations; drafts and predictions are no votes."""

    data: Data
    annotations: list[Annotation]


def read_export(path: Path) -> Iterator[Entry]:
    """Yield the tasks of an export, one parsed at a time.

    Raises `RupairsError` naming the file and the entry that is not what Label Studio writes.
    """
    for index, value in enumerate(_values(path, _text(path))):
        try:
            yield Entry.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the entry"
            raise RupairsError(f"{path}: entry {index}: {where}: {first['msg']}; {_HINT}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise RupairsError(f"{path}: not UTF-8 at byte {error.start}; {_HINT}") from None


def _values(path: Path, text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if not text.startswith("[", at):
        raise RupairsError(f"{path}: not a Label Studio export: it is no JSON list; {_HINT}")
    at = _skip(text, at + 1)
    index, open_ = 0, not text.startswith("]", at)
    while open_:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise RupairsError(f"{path}: entry {index}: not valid JSON ({error})") from None
        yield value
        at = _skip(text, at)
        if not text.startswith((",", "]"), at):
            said = "something else" if at < len(text) else "the end of the file"
            raise RupairsError(f"{path}: entry {index} is followed by {said}; the file is damaged")
        open_ = text[at] == ","
        at = _skip(text, at + 1) if open_ else at
        index += 1
    if _skip(text, at + 1) < len(text):
        raise RupairsError(f"{path}: text after the end of the list; the file is damaged")


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
