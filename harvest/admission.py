"""Admission: may a candidate enter the table, and if not, why and what shows it.

A candidate that comes second loses: its pair id, which is a hash of what the two texts say, is
already taken by an earlier row of the same source or of a source named before it.
"""

from dataclasses import dataclass, field
from typing import Any

from rupairs.text import key, share


@dataclass(frozen=True)
class Rejection:
    """Why a candidate stays out: a one-word reason and what shows it."""

    reason: str
    evidence: str = ""


@dataclass
class Gate:
    """Judges rows one after another and remembers whom it let in.

    `shortest` and `longest` are characters a text may have, ends included.
    """

    shortest: int
    longest: int
    # 16-byte ids, and the place of the row in one string: three million pairs must fit in memory.
    _taken: dict[bytes, str] = field(default_factory=dict)

    def pair(self, row: dict[str, Any]) -> Rejection | None:
        """Return why this row of the pair table stays out, or None and remember it."""
        sides = {"query": row["query"], "passage": row["passage"]}
        if found := self._lengths(sides, "empty_side"):
            return found
        if key(row["query"]) == key(row["passage"]):
            return Rejection("identical_sides", f"both say: {key(row['query'])[:80]}")
        sign = "+" if row["polarity"] > 0 else "-"
        earlier = self._enter(row["pair_id"], f"{sign}{_place(row)} ({row['relation']})")
        if earlier is None:
            return None
        reason = "duplicate" if earlier[0] == sign else "conflicting_polarity"
        return Rejection(reason, earlier[1:])

    def text(self, row: dict[str, Any]) -> Rejection | None:
        """Return why this row of the sentence table stays out, or None and remember it."""
        if found := self._lengths({"text": row["text"]}, "empty_text"):
            return found
        earlier = self._enter(row["text_id"], _place(row))
        return None if earlier is None else Rejection("duplicate", earlier)

    def _lengths(self, texts: dict[str, str], empty: str) -> Rejection | None:
        for name, text in texts.items():
            size = len(text)
            if not self.shortest <= size <= self.longest:
                reason = "too_long" if size > self.longest else "too_short" if size else empty
                return Rejection(reason, f"{name} has {size} characters")
        return None

    def _enter(self, identifier: str, place: str) -> str | None:
        mark = bytes.fromhex(identifier)
        earlier = self._taken.get(mark)
        if earlier is None:
            self._taken[mark] = place
        return earlier


def _place(row: dict[str, Any]) -> str:
    return f"{row['source']}#{row['source_row']}"


def split_of(group: str, seed: int, validation: float, test: float) -> str:
    """Return the split of a group: everything that shares a query lands in the same one."""
    position = share(group, seed, "split")
    if position < test:
        return "test"
    return "validation" if position < test + validation else "train"
