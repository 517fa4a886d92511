"""The pair: one row, one schema, for everything found or made.

Long format. RuHNP's `query, pos, neg` and RuWANLI's triples are views of it (`rupairs.views`).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa

from rupairs.text import digest, key

Origin = Literal["found", "translated", "generated", "revised", "rule"]
POSITIVE, NEGATIVE = 1, -1

# What a relation says about the two texts. Only these are a hard negative that may be trained on:
# `neutral` and `not_entailment` mix in texts that mean nearly the same.
HARD_NEGATIVE_RELATIONS = frozenset({"contradiction", "non_paraphrase", "irrelevant_passage"})
NLI_RELATIONS = frozenset({"entailment", "neutral", "contradiction", "not_entailment"})

PAIR_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("passage", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("polarity", pa.int8(), nullable=False),
        pa.field("symmetric", pa.bool_(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_revision", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("parents", pa.list_(pa.string()), nullable=False),
        pa.field("call_id", pa.string(), nullable=True),
    ]
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts and how they relate; field by field the columns of `PAIR_SCHEMA`."""

    query: str
    passage: str
    relation: str
    polarity: int
    symmetric: bool
    group_id: str
    source: str
    source_revision: str
    source_row: str
    license: str
    origin: Origin = "found"
    parents: tuple[str, ...] = ()
    call_id: str | None = None
    split: str = "train"

    @property
    def pair_id(self) -> str:
        """Return the content id: equal texts by key, in either order when symmetric."""
        return pair_id(self.query, self.passage, symmetric=self.symmetric)

    def row(self) -> dict[str, Any]:
        """Return the Parquet row."""
        return {"pair_id": self.pair_id, **asdict(self), "parents": list(self.parents)}


def pair_id(query: str, passage: str, *, symmetric: bool) -> str:
    """Return the 32-digit hex id of two texts; polarity and relation are not part of it.

    Two sources that disagree about the same texts therefore meet under one id.
    """
    sides: Iterable[str] = (key(query), key(passage))
    if symmetric:
        sides = sorted(sides)
    return digest(sides)


def pair_ids(queries: Iterable[str], passages: Iterable[str], *, symmetric: bool) -> list[str]:
    """Return the `pair_id` of texts whose keys are given."""
    sides: Iterable[tuple[str, str]] = zip(queries, passages, strict=True)
    if symmetric:
        return [digest((b, a) if b < a else (a, b)) for a, b in sides]
    return [digest(side) for side in sides]


def group_id(anchor: str) -> str:
    """Return the id shared by everything that was found with, or made from, `anchor`."""
    return digest((key(anchor),))


def text_id(text: str) -> str:
    """Return the content id of one text."""
    return digest(("text", key(text)))
