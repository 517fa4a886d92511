"""The generated text: one row a text, before and after its checks."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa
from rapidfuzz import fuzz

from ruhnp.checks import Checked, first_fault
from ruhnp.content.difference import trivial
from ruhnp.stage import VerifySection
from rupairs.text import key

Row = dict[str, Any]
Fault = tuple[str, str]

GENERATED_SCHEMA = pa.schema(
    [
        pa.field("anchor_id", pa.string(), nullable=False),
        pa.field("anchor", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("change", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("call_id", pa.string(), nullable=True),
        pa.field("sample", pa.int32(), nullable=False),
    ]
)
# The judge's columns hold how likely the text follows from its anchor (forward) and its anchor
# from the text (backward); null without a judge.
VERIFIED_SCHEMA = pa.schema(
    [
        *GENERATED_SCHEMA,
        pa.field("similarity", pa.float32(), nullable=False),
        pa.field("judge_forward", pa.float32(), nullable=True),
        pa.field("judge_backward", pa.float32(), nullable=True),
    ]
)


ROW_CHECKS = ("positive_equals_negative", "repeated_in_row", "nearly_repeated")
"""The checks that see all texts of an anchor and not one."""


def judged(rows: Iterable[Row], config: VerifySection) -> Iterator[tuple[Row, Fault | None]]:
    """Yield each row with its first fault; rows of one anchor must stand together."""
    for _, group in groupby(rows, key=lambda row: row["anchor_id"]):
        members = list(group)
        items = [Checked(row["anchor"], row["text"], row["kind"], row["change"]) for row in members]
        faults = [first_fault(item, config) for item in items]
        _mark_repeats(items, faults, config)
        if config.wants("nearly_repeated"):
            _mark_near_repeats(items, faults, config.max_row_overlap)
        yield from zip(members, faults, strict=True)


def _mark_repeats(items: list[Checked], faults: list[Fault | None], config: VerifySection) -> None:
    """Mark the texts that are there twice; one that is dropped already takes no other with it."""
    good = [(n, key(items[n].text)) for n, fault in enumerate(faults) if fault is None]
    sides: dict[bool, set[str]] = {True: set(), False: set()}
    for number, own in good:
        sides[items[number].positive].add(own)
    both, seen = sides[True] & sides[False], set[str]()
    for number, own in good:
        if own in both and config.wants("positive_equals_negative"):
            faults[number] = ("positive_equals_negative", items[number].text)
        elif own in seen and config.wants("repeated_in_row"):
            faults[number] = ("repeated_in_row", items[number].text)
        else:
            seen.add(own)


def _mark_near_repeats(items: list[Checked], faults: list[Fault | None], limit: float) -> None:
    """Mark the texts that say in nearly the same words what a better text of their kind says.

    Of positives the better one is farther from the anchor. Negatives of one anchor are close by
    nature: they repeat each other only where nothing that matters is different.
    """
    good = [n for n, fault in enumerate(faults) if fault is None]
    positives = [n for n in good if items[n].positive]
    positives.sort(key=lambda n: (_overlap(items[n].anchor, items[n].text), n))
    kept: list[str] = []
    for n in positives:
        near = next((text for text in kept if _overlap(text, items[n].text) > limit), None)
        _mark(n, near, faults, kept, items[n].text)
    kept = []
    for n in good:
        if not items[n].positive:
            near = next((t for t in kept if trivial(t, items[n].text) is not None), None)
            _mark(n, near, faults, kept, items[n].text)


def _mark(n: int, near: str | None, faults: list[Fault | None], kept: list[str], text: str) -> None:
    if near is None:
        kept.append(text)
    else:
        faults[n] = ("nearly_repeated", near)


def _overlap(one: str, other: str) -> float:
    return fuzz.ratio(key(one), key(other)) / 100
