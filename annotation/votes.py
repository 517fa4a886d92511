"""Votes: every annotation of an export as a row, or dropped with the reason.

Reasons: `cancelled` (skipped by the reviewer), `unknown_pair` (not among the pushed tasks),
`no_annotator` (the user was deleted), `no_label`, `several_labels`, `unknown_label` (the page was
changed), `repeated` (the same person answered the same pair again later).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from annotation.export import Annotation, Entry
from annotation.page import CHOICE, LABELS, REVISED
from rupairs.text import clean, digest

VOTE_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("vote_id", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("premise_revised", pa.string(), nullable=True),
        pa.field("hypothesis_revised", pa.string(), nullable=True),
        pa.field("seconds", pa.float64(), nullable=True),
        pa.field("created_at", pa.string(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
_SIMULATED_NAME = re.compile(r"simulated-\d+")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of `VOTE_SCHEMA`; with a reason it is dropped, and its label may be None."""

    row: Row
    reason: str | None = None
    evidence: str = ""


def read_votes(entries: Iterable[Entry], tasks: Mapping[str, Row]) -> list[Reading]:
    """Return one reading an annotation, in the order of the export.

    `tasks` are the pushed rows by pair id. Of several answers by one person to one pair the
    latest stands.
    """
    readings = list(_readings(entries, tasks))
    latest: dict[tuple[str, str], tuple[str, int]] = {}
    for number, reading in enumerate(readings):
        if reading.reason is None:
            who = (reading.row["pair_id"], reading.row["annotator"])
            latest[who] = max(latest.get(who, ("", -1)), (reading.row["created_at"], number))
    for number, reading in enumerate(readings):
        if reading.reason is None:
            _, last = latest[reading.row["pair_id"], reading.row["annotator"]]
            if last != number:
                by = readings[last].row["vote_id"]
                readings[number] = Reading(reading.row, "repeated", by)
    return readings


def _readings(entries: Iterable[Entry], tasks: Mapping[str, Row]) -> Iterator[Reading]:
    for entry in entries:
        task = tasks.get(entry.data.pair_id)
        for annotation in entry.annotations:
            labels = _labels(annotation)
            row = _row(entry.data.pair_id, annotation, labels, task)
            yield Reading(row, *_fault(annotation, task, labels))


def _fault(
    annotation: Annotation, task: Row | None, labels: list[str]
) -> tuple[str, str] | tuple[()]:
    if annotation.was_cancelled:
        return "cancelled", ""
    if task is None:
        return "unknown_pair", ""
    if annotation.user is None:
        return "no_annotator", ""
    if not labels:
        return "no_label", ""
    if len(labels) > 1:
        return "several_labels", ", ".join(labels)
    if labels[0] not in LABELS:
        return "unknown_label", labels[0]
    return ()


def _labels(annotation: Annotation) -> list[str]:
    chosen = (c for r in annotation.result if r.from_name == CHOICE for c in r.value.choices)
    return list(dict.fromkeys(chosen))


def _row(pair_id: str, annotation: Annotation, labels: list[str], task: Row | None) -> Row:
    revised = {
        control: _revision(annotation, control, task[field]) if task else None
        for field, control in REVISED.items()
    }
    return {
        "pair_id": pair_id,
        "vote_id": str(annotation.id),
        "annotator": _opaque(annotation.user or ""),
        "label": labels[0] if labels else None,
        **revised,
        "seconds": annotation.lead_time,
        "created_at": annotation.created_at,
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
