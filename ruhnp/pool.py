"""The pool: of any number of sentences, the few that the anchors are chosen from.

1. A sentence's place is a hash of its text and the seed, so that new sentences move few others.
2. Sentences up to the target median and longer ones fill a half of the pool each; within a half
   lengths are as they come.
3. A half keeps its lowest places. What is pushed out, or never comes in, is over the limit; the
   costly rules are asked only of what would come in. Memory holds the pool and nothing else.
"""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from sys import intern
from typing import Any

from ruhnp.fitness import deep_fault, plain_fault
from ruhnp.stage import AnchorsSection
from rupairs.store import StageWriter
from rupairs.text import share

Row = dict[str, Any]
BIN = 20
"""Lengths are told by bins of so many characters."""
_SHARED = ("source", "source_revision", "license")


@dataclass(frozen=True)
class Drawn:
    """A sentence of the pool: its row, its number in the input, and its place in the draw."""

    place: float
    number: int
    row: Row

    @property
    def rank(self) -> tuple[float, str]:
        """Return what the draw orders by."""
        return self.place, self.row["text_id"]


@dataclass
class Half:
    """The `most` sentences of the lowest places, the highest of them on top of the heap."""

    most: int
    heap: list[tuple[float, int, Drawn]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def takes(self, place: float) -> bool:
        """Whether a sentence of this place would come in."""
        return len(self.heap) < self.most or -self.heap[0][0] > place

    def put(self, drawn: Drawn) -> Drawn | None:
        """Take a sentence in; returns the one it pushes out."""
        entry = (-drawn.place, drawn.number, drawn)
        self.ids.add(drawn.row["text_id"])
        if len(self.heap) < self.most:
            heapq.heappush(self.heap, entry)
            return None
        out = heapq.heapreplace(self.heap, entry)[2]
        self.ids.discard(out.row["text_id"])
        return out


@dataclass
class Pool:
    """What was drawn, best places first, and the lengths of all sentences the patterns let in."""

    drawn: list[Drawn]
    lengths: Counter[int]


def draw(rows: Iterable[Row], config: AnchorsSection, seed: int, writer: StageWriter) -> Pool:
    """Return the pool of a stream of sentences; everything else is dropped with its reason."""
    most = ceil(config.limit * config.surplus)
    halves = [Half(most), Half(most)]
    lengths: Counter[int] = Counter()
    for number, row in enumerate(writer.each(rows)):
        length = len(row["text"])
        if fault := plain_fault(row["text"], config):
            writer.drop(row, *fault)
            continue
        lengths[length // BIN * BIN] += 1
        half = halves[is_long(length, config)]
        place = share(row["text_id"], seed, "anchor")
        if row["text_id"] in half.ids:
            writer.drop(row, "duplicate", row["text_id"])
        elif not half.takes(place):
            writer.drop(row, "over_limit", str(config.limit))
        elif fault := deep_fault(row["text"]):
            writer.drop(row, *fault)
        else:
            row |= {name: intern(row[name]) for name in _SHARED}
            if out := half.put(Drawn(place, number, row)):
                writer.drop(out.row, "over_limit", str(config.limit))
    drawn = [entry[2] for half in halves for entry in half.heap]
    return Pool(sorted(drawn, key=lambda d: d.rank), lengths)


def is_long(length: int, config: AnchorsSection) -> bool:
    """Whether a sentence belongs to the longer half; without a target median none does."""
    return bool(config.target_median) and length > config.target_median
