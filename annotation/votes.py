"""Votes: every answer as a row, or dropped with the reason.

1. An answer that its annotator changed later is there in each version that was seen: the first
   under the annotation's own id, the next under `ID.2` and so on.
2. Of one person's answers to one task the last stands (`latest`); the others are kept beside it.
3. Dropped: `deleted` (on the server, after it was read), `cancelled` (skipped by the annotator),
   `unknown_task` (not among the pushed tasks), `no_annotator` (the user was deleted), `no_label`,
   `several_labels`, `unknown_label` (the page was changed), `duplicate` (read twice, as from two
   export files that overlap).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from annotation.export import Annotation, Entry
from annotation.page import CHOICE, LABELS, REVISED
from rupairs.text import clean, digest

VOTE_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("task", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("vote_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("premise_revised", pa.string(), nullable=True),
        pa.field("hypothesis_revised", pa.string(), nullable=True),
        pa.field("seconds", pa.float64(), nullable=True),
        pa.field("created_at", pa.string(), nullable=False),
        pa.field("latest", pa.bool_(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
_SIMULATED_NAME = re.compile(r"simulated-\d+")

Row = dict[str, Any]
_Answer = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of `VOTE_SCHEMA` as given at `moment`; with a reason it is dropped and may lack values.

    `moment` is by the clock of the server that the answer came from.
    """

    row: Row
    moment: str
    reason: str | None = None
    evidence: str = ""


def read_votes(entries: Iterable[Entry], tasks: Mapping[str, Row]) -> list[Reading]:
    """Return one reading a version of an annotation, in the order given.

    `tasks` are the pushed rows by task id.
    """
    readings: list[Reading] = []
    answers: dict[_Answer, list[int]] = {}
    for entry in entries:
        for annotation in entry.annotations:
            versions = answers.setdefault(_answer(entry, annotation), [])
            row = _row(entry.data.task, annotation, tasks.get(entry.data.task))
            moment = annotation.moment
            if any(readings[n].moment == moment for n in versions):
                readings.append(Reading(row, moment, "duplicate", row["vote_id"]))
                continue
            versions.append(len(readings))
            readings.append(Reading(row, moment, *_fault(annotation, row)))
    for versions in answers.values():
        versions.sort(key=lambda n: readings[n].moment)
        _number([readings[n] for n in versions])
    _mark_latest(readings, [versions[-1] for versions in answers.values()])
    return readings


def _answer(entry: Entry, annotation: Annotation) -> _Answer:
    """Return what tells an answer from every other, on this server or another."""
    return entry.data.task, str(annotation.id), annotation.created_at


def _number(versions: list[Reading]) -> None:
    for number, reading in enumerate(versions[1:], 2):
        reading.row["vote_id"] += f".{number}"
        reading.row["created_at"] = reading.moment


def _mark_latest(readings: list[Reading], last: Iterable[int]) -> None:
    """Mark what stands: each person's latest answer to a task, in that answer's last version."""
    standing: dict[tuple[str, str], tuple[str, int]] = {}
    for number in last:
        reading = readings[number]
        if reading.reason is None:
            who = (reading.row["task"], reading.row["annotator"])
            standing[who] = max(standing.get(who, ("", -1)), (reading.moment, number))
    for _, number in standing.values():
        readings[number].row["latest"] = True


def _fault(annotation: Annotation, row: Row) -> tuple[str, str] | tuple[()]:
    """Return the reason why an answer is no vote, and what shows it; nothing for a vote."""
    if annotation.deleted:
        return "deleted", row["vote_id"]
    if annotation.was_cancelled:
        return "cancelled", row["vote_id"]
    if row["kind"] is None:
        return "unknown_task", row["task"]
    if annotation.user is None:
        return "no_annotator", row["vote_id"]
    labels = _labels(annotation)
    if not labels:
        return "no_label", row["vote_id"]
    if len(labels) > 1:
        return "several_labels", ", ".join(labels)
    if labels[0] not in LABELS:
        return "unknown_label", labels[0]
    return ()


def _labels(annotation: Annotation) -> list[str]:
    chosen = (c for r in annotation.result if r.from_name == CHOICE for c in r.value.choices)
    return list(dict.fromkeys(chosen))


def _row(name: str, annotation: Annotation, task: Row | None) -> Row:
    labels = _labels(annotation)
    revised = {
        control: _revision(annotation, control, task[field]) if task else None
        for field, control in REVISED.items()
    }
    return {
        "pair_id": task["pair_id"] if task else None,
        "task": name,
        "kind": task["kind"] if task else None,
        "vote_id": str(annotation.id),
        "annotator": _opaque(annotation.user or ""),
        "label": labels[0] if labels else None,
        **revised,
        "seconds": annotation.lead_time,
        "created_at": annotation.created_at,
        "latest": False,
        "simulated": annotation.simulated,
    }


def _revision(annotation: Annotation, control: str, original: str) -> str | None:
    texts = (t for r in annotation.result if r.from_name == control for t in r.value.text)
    changed = [t for t in map(clean, texts) if t and t != clean(original)]
    # A reopened answer is sent with the prefilled original beside the text typed before
    # (Label Studio fills the area again on loading), so any text that differs is the revision.
    return changed[-1] if changed else None


def _opaque(user: str) -> str:
    # Some servers number users by e-mail. A program's name is no secret and stays readable.
    return user if _SIMULATED_NAME.fullmatch(user) else digest(("annotator", user), size=8)
