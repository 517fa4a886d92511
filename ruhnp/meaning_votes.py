"""Votes on whether two sentences say the same, from Label Studio's JSON export.

Of the answers of one person to one pair the latest stands. What is no vote is counted by reason:
`cancelled`, `unknown_pair` (not drawn), `no_annotator`, `no_label`, `unknown_label`, `repeated`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rupairs.errors import RupairsError

CHOICE = "meaning"
SAME, DIFFERENT, UNCLEAR = "same", "different", "unclear"
LABELS = (SAME, DIFFERENT, UNCLEAR)
_HINT = "export the project from Label Studio as JSON (not JSON-MIN or CSV)"


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Value(_Model):
    choices: list[str] = Field(default_factory=list)


class _Result(_Model):
    from_name: str = ""
    value: _Value = _Value()


class _User(_Model):
    id: int | str


class _Annotation(_Model):
    completed_by: int | str | _User | None = None
    result: list[_Result]
    was_cancelled: bool = False
    created_at: str = ""
    simulated: bool = False

    @property
    def user(self) -> str | None:
        by = self.completed_by
        return None if by is None else str(by.id if isinstance(by, _User) else by)

    @property
    def labels(self) -> list[str]:
        chosen = (c for r in self.result if r.from_name == CHOICE for c in r.value.choices)
        return list(dict.fromkeys(chosen))


class _Data(_Model):
    pair_id: str


class _Entry(_Model):
    data: _Data
    annotations: list[_Annotation]


@dataclass(frozen=True)
class Votes:
    """Pair id → annotator → label, and what was left out."""

    labels: dict[str, dict[str, str]]
    ignored: Counter[str]
    simulated: bool

    @property
    def annotators(self) -> int:
        """Return how many people voted."""
        return len({user for labels in self.labels.values() for user in labels})


def read_votes(path: Path, drawn: Collection[str]) -> Votes:
    """Return the votes on the pairs that were drawn.

    Raises `RupairsError` naming the file when it is no export, or has no vote on any of them.
    """
    known, ignored = set(drawn), Counter[str]()
    latest: dict[tuple[str, str], tuple[str, int, str]] = {}
    simulated = False
    for number, (pair, annotation) in enumerate(_annotations(path)):
        if reason := _no_vote(annotation, pair in known):
            ignored[reason] += 1
            continue
        simulated = simulated or annotation.simulated
        who = (pair, str(annotation.user))
        ignored["repeated"] += who in latest
        vote = (annotation.created_at, number, annotation.labels[0])
        latest[who] = max(latest.get(who, vote), vote)
    if not latest:
        said = (
            ", ".join(f"{reason} {n}" for reason, n in sorted((+ignored).items())) or "it is empty"
        )
        raise RupairsError(f"{path}: no vote on the pairs that were drawn ({said})")
    labels: dict[str, dict[str, str]] = defaultdict(dict)
    for (pair, user), (_, _, label) in latest.items():
        labels[pair][user] = label
    return Votes(dict(labels), +ignored, simulated)


def _no_vote(annotation: _Annotation, known: bool) -> str | None:
    if annotation.was_cancelled:
        return "cancelled"
    if not known:
        return "unknown_pair"
    if annotation.user is None:
        return "no_annotator"
    if not annotation.labels:
        return "no_label"
    if len(annotation.labels) > 1 or annotation.labels[0] not in LABELS:
        return "unknown_label"
    return None


def _annotations(path: Path) -> Iterator[tuple[str, _Annotation]]:
    for entry in _entries(path):
        for annotation in entry.annotations:
            yield entry.data.pair_id, annotation


def _entries(path: Path) -> list[_Entry]:
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise RupairsError(f"{path}: no such file") from None
    except (ValueError, RecursionError) as error:
        raise RupairsError(f"{path}: not JSON ({error}); {_HINT}") from None
    try:
        return TypeAdapter(list[_Entry]).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise RupairsError(f"{path}: {where}: {first['msg']}; {_HINT}") from None
