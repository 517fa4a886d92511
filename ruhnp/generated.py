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


def judged(rows: Iterable[Row], config: VerifySection) -> Iterator[tuple[Row, Fault | None]]:
    """Yield each row with its first fault; rows of one anchor must stand together."""
    for _, group in groupby(rows, key=lambda row: row["anchor_id"]):
        members = list(group)
        sides: dict[str, set[str]] = {"positive": set(), "negative": set()}
        for row in members:
            sides[row["kind"]].add(key(row["text"]))
        siblings = _Siblings(sides["positive"] & sides["negative"], config)
        for row in members:
            item = Checked(row["anchor"], row["text"], row["kind"], row["change"])
            fault = first_fault(item, config) or siblings.fault(item)
            siblings.add(item, fault)
            yield row, fault


class _Siblings:
    """The texts of one anchor so far, and the keys that both kinds have."""

    def __init__(self, both: set[str], config: VerifySection) -> None:
        self.both = both
        self.config = config
        self.seen: set[str] = set()
        self.good: dict[str, list[str]] = {"positive": [], "negative": []}

    def add(self, item: Checked, fault: Fault | None) -> None:
        self.seen.add(key(item.text))
        if fault is None:
            self.good[item.kind].append(item.text)

    def fault(self, item: Checked) -> Fault | None:
        own, config = key(item.text), self.config
        if config.wants("positive_equals_negative") and own in self.both:
            return "positive_equals_negative", item.text
        if config.wants("repeated_in_row") and own in self.seen:
            return "repeated_in_row", item.text
        if config.wants("nearly_repeated") and (near := self._near(item)):
            return "nearly_repeated", near
        return None

    def _near(self, item: Checked) -> str | None:
        """Return an earlier text of the kind that says it in nearly the same words.

        Negatives of one anchor are close by nature; they repeat each other only where nothing
        that matters is different.
        """
        limit = self.config.max_row_overlap
        for other in self.good[item.kind]:
            if item.positive:
                if fuzz.ratio(key(other), key(item.text)) / 100 > limit:
                    return other
            elif trivial(other, item.text) is not None:
                return other
        return None


# The checks that see a whole row and not one text.
ROW_CHECKS = ("positive_equals_negative", "repeated_in_row", "nearly_repeated")
