"""Label Studio's JSON export: a list of tasks, each with the annotations that people made.

The models take what we use and ignore the rest. Everything that cannot be an export is an error
that names the file and the entry (counted from 0), because a vote read wrongly is worse than a
run that stops.
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from rupairs.errors import RupairsError

_SPACE = re.compile(r"[ \t\r\n]*")
_BLOCK = 1 << 20
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
    """A task and its annotations, and where it was; drafts and predictions are no votes."""

    data: Data
    annotations: list[Annotation]
    project: int | Text | None = None


def read_export(path: Path) -> Iterator[Entry]:
    """Yield the tasks of an export; a block of the file is in memory at a time.

    Raises `RupairsError` naming the file and the entry that is not what Label Studio writes.
    """
    for index, value in enumerate(_values(path)):
        try:
            yield Entry.model_validate(value)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the entry"
            raise RupairsError(f"{path}: entry {index}: {where}: {first['msg']}; {_HINT}") from None


def _values(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        text = _Text(path, file)
        if text.next() != "[":
            raise RupairsError(f"{path}: not a Label Studio export: it is no JSON list; {_HINT}")
        text.at += 1
        index, open_ = 0, text.next() != "]"
        while open_:
            try:
                yield text.value()
            except (ValueError, RecursionError) as error:
                said = getattr(error, "msg", error)
                raise RupairsError(f"{path}: entry {index}: not valid JSON ({said})") from None
            mark = text.next()
            if mark not in (",", "]"):
                said = "something else" if mark else "the end of the file"
                raise RupairsError(
                    f"{path}: entry {index} is followed by {said}; the file is damaged"
                )
            open_ = mark == ","
            text.at += open_
            index += 1
        text.at += 1
        if text.next():
            raise RupairsError(f"{path}: text after the end of the list; the file is damaged")


class _Text:
    """The text of a file from `at` on, as much of it as was needed so far."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file = path, file
        self.text, self.at, self.bytes, self._begun = "", 0, 0, False
        self._utf8 = getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder()

    def next(self) -> str:
        """Return the next character that is no space, at which `at` then is; "" at the end."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """Return the JSON value that comes next; `ValueError` where there is none."""
        self.next()
        while True:
            try:
                value, end = self._json.raw_decode(self.text, self.at)
            except ValueError:
                if not self._more():
                    raise
                continue
            # What ends with the block may go on in the next, as a number does.
            if end < len(self.text) or not self._more():
                self.at = end
                return value

    def _more(self) -> bool:
        """Read on; each time as much as there is, so that a long value costs what it is long."""
        block = self.file.read(max(_BLOCK, len(self.text) - self.at))
        try:
            before = len(self._utf8.getstate()[0])
            new = self._utf8.decode(block, final=not block)
        except UnicodeDecodeError as error:
            place = self.bytes - before + error.start
            raise RupairsError(f"{self.path}: not UTF-8 at byte {place}; {_HINT}") from None
        self.bytes += len(block)
        if new and not self._begun:
            new, self._begun = new.removeprefix("\ufeff"), True
        if block:
            self.text, self.at = self.text[self.at :] + new, 0
        return bool(block)
