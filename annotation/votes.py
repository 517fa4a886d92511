"""Votes: every answer as a row, or dropped with the reason.

1. An answer that its annotator changed later is there in each version that was seen: the first
   under the annotation's own id, the next under `ID.2` and so on. `created_at` is when the answer
   was given and the same for all its versions, `changed_at` when it became this version.
2. Of one person's answers to one task the last stands (`latest`); the others are kept beside it.
3. Dropped: `deleted` (on the server, after it was read), `cancelled` (skipped by the annotator),
   `unknown_task` (not among the pushed tasks), `no_annotator` (the user was deleted),
   `unknown_annotator` (not among those whom the recipe names), `no_label`, `several_labels`,
   `unknown_label` (the page was changed), `duplicate` (read twice, as from two export files that
   overlap).
4. Rows are held as Arrow columns, some 300 bytes a vote: as dictionaries they take ten times that.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from annotation.export import Annotation, Entry
from annotation.page import CHOICE, LABELS, REVISED
from annotation.people import opaque
from annotation.versions import numbered
from rupairs.steps import Context
from rupairs.text import clean

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
        pa.field("changed_at", pa.string(), nullable=False),
        pa.field("latest", pa.bool_(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
_READ = pa.schema(
    [
        *(field.with_nullable(True) for field in VOTE_SCHEMA),
        pa.field("project", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("evidence", pa.string()),
    ]
)
_BATCH = 8_192

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """A row of `VOTE_SCHEMA`; with a reason it is dropped and may lack values."""

    row: Row
    reason: str | None = None
    evidence: str = ""


@dataclass(frozen=True)
class Readings:
    """Everything that was read, in its order: the columns of a vote, `project`, why it is none."""

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __iter__(self) -> Iterator[Reading]:
        return _readings(self.table)

    def votes(self) -> pa.Table:
        """Return what is a vote, with `project` beside the columns of `VOTE_SCHEMA`."""
        return self.table.filter(self.table["reason"].is_null())

    def write(self, context: Context) -> None:
        """Write the votes as the rows of a step and drop the rest with its reason."""
        kept, simulated = self.votes(), self.table["simulated"]
        # An export that a program made stays marked however it got here.
        context.simulated = context.simulated or bool(len(self) and max(simulated.unique()).as_py())
        with context.writer(VOTE_SCHEMA) as writer:
            writer.take_in(kept.num_rows)
            writer.keep_table(kept.select(VOTE_SCHEMA.names).cast(VOTE_SCHEMA))
            dropped = self.table.filter(self.table["reason"].is_valid())
            for reading in writer.each(_readings(dropped)):
                writer.drop(reading.row, str(reading.reason), reading.evidence)


def _readings(table: pa.Table) -> Iterator[Reading]:
    for batch in table.to_batches(_BATCH):
        for row in batch.to_pylist():
            reason, evidence, _ = (row.pop(n) for n in ("reason", "evidence", "project"))
            yield Reading(row, reason, evidence)


def read_votes(
    entries: Iterable[Entry], tasks: Mapping[str, Row], annotators: Collection[str] = ()
) -> Readings:
    """Return one reading a version of an annotation, in the order given.

    `tasks` are the pushed rows by task id; `annotators`, if there are any, are all that are known.
    """
    known = frozenset(annotators)
    batches, rows = [], []
    for entry in entries:
        task = tasks.get(entry.data.task)
        for annotation in entry.annotations:
            row = _row(entry, annotation, task)
            reason, evidence = _fault(annotation, row, known) or (None, "")
            rows.append(row | {"reason": reason, "evidence": evidence})
        if len(rows) >= _BATCH:
            batches.append(pa.RecordBatch.from_pylist(rows, _READ))
            rows = []
    batches.append(pa.RecordBatch.from_pylist(rows, _READ))
    return Readings(numbered(pa.Table.from_batches(batches, _READ)))


def _fault(annotation: Annotation, row: Row, known: frozenset[str]) -> tuple[str, str] | tuple[()]:
    """Return the reason why an answer is no vote, and what shows it; nothing for a vote."""
    if annotation.deleted:
        return "deleted", row["vote_id"]
    if annotation.was_cancelled:
        return "cancelled", row["vote_id"]
    if row["kind"] is None:
        return "unknown_task", row["task"]
    if annotation.user is None:
        return "no_annotator", row["vote_id"]
    if known and row["annotator"] not in known:
        return "unknown_annotator", row["annotator"]
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


def _row(entry: Entry, annotation: Annotation, task: Row | None) -> Row:
    labels = _labels(annotation)
    revised = {
        control: _revision(annotation, control, task[field]) if task else None
        for field, control in REVISED.items()
    }
    return {
        "pair_id": task["pair_id"] if task else None,
        "task": entry.data.task,
        "kind": task["kind"] if task else None,
        "vote_id": str(annotation.id),
        "annotator": opaque(annotation.user or ""),
        "label": labels[0] if labels else None,
        **revised,
        "seconds": annotation.lead_time,
        "created_at": annotation.created_at,
        "changed_at": annotation.moment,
        "latest": False,
        "simulated": annotation.simulated,
        "project": None if entry.project is None else str(entry.project),
    }


def _revision(annotation: Annotation, control: str, original: str) -> str | None:
    texts = (t for r in annotation.result if r.from_name == control for t in r.value.text)
    changed = [t for t in map(clean, texts) if t and t != clean(original)]
    # A reopened answer is sent with the prefilled original beside the text typed before
    # (Label Studio fills the area again on loading), so any text that differs is the revision.
    return changed[-1] if changed else None
