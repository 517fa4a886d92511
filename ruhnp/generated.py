"""The generated text: one row a text, before and after its checks."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import pyarrow as pa

from ruhnp.checks import first_fault
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
VERIFIED_SCHEMA = GENERATED_SCHEMA.append(pa.field("similarity", pa.float32(), nullable=False))


def judged(rows: Iterable[Row], config: VerifySection) -> Iterator[tuple[Row, Fault | None]]:
    """Yield each row with its first fault; rows of one anchor must stand together."""
    for _, group in groupby(rows, key=lambda row: row["anchor_id"]):
        members = list(group)
        keys = [key(row["text"]) for row in members]
        sides: dict[str, set[str]] = {"positive": set(), "negative": set()}
        for row, k in zip(members, keys, strict=True):
            sides[row["kind"]].add(k)
        both = sides["positive"] & sides["negative"]
        seen: set[str] = set()
        for row, k in zip(members, keys, strict=True):
            fault = first_fault(row["anchor"], row["text"], row["kind"], config)
            if fault is None and k in both:
                fault = ("positive_equals_negative", row["text"])
            if fault is None and k in seen:
                fault = ("repeated_in_row", row["text"])
            seen.add(k)
            yield row, fault
