"""Rare grams of known texts: an index that says which known texts a text may hold.

Looking a gram up reads one place of a small table and, nearly always, at most one hash.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rupairs.grams import Grams, Hashes, Offsets

_BITS = 20
_SHIFT = np.uint64(64 - _BITS)

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RareGrams:
    """Rare grams: hashes in order, where each one's postings begin, the postings, hits needed.

    `buckets` says, for the first bits of a hash, where hashes with these bits begin.
    """

    hashes: Hashes
    starts: Offsets
    postings: Rows
    enough: Rows
    buckets: npt.NDArray[np.int32]

    @classmethod
    def of(cls, hashes: Hashes, owners: Rows, enough: Rows) -> "RareGrams":
        """Return the index of postings that are ordered by hash."""
        unique, starts = np.unique(hashes, return_index=True)
        buckets = np.searchsorted(unique >> _SHIFT, np.arange((1 << _BITS) + 1, dtype=np.uint64))
        starts = np.append(starts, len(hashes))
        return cls(unique, starts, owners, enough, buckets.astype(np.int32))

    def common(self, texts: Grams, known: int) -> tuple[Rows, Rows]:
        """Return (row, known text) that share enough grams; `known` is their number."""
        at, owners = self._lookup(texts)
        lengths = self.starts[at + 1] - self.starts[at]
        rows = np.repeat(owners, lengths)
        met = self.postings[ranges(self.starts[at], lengths)]
        pairs = rows * known + met
        # Counted roughly first: sorting all pairs to count them would take most of the time.
        bits = max(16, int(4 * len(pairs)).bit_length())
        rough = counter(pairs, bits)
        counts = np.bincount(rough, minlength=1 << bits)
        pairs = pairs[counts[rough] >= self.enough[met]]
        unique, exact = np.unique(pairs, return_counts=True)
        rows, met = np.divmod(unique, known)
        fit = exact >= self.enough[met]
        return rows[fit], met[fit]

    def _lookup(self, texts: Grams) -> tuple[Rows, Rows]:
        """Return the places of the grams that are rare ones, and the rows they stand in."""
        if not len(self.hashes):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        bits = (texts.hashes >> _SHIFT).astype(np.int64)
        start, end = self.buckets[bits], self.buckets[bits + 1]
        some = np.flatnonzero(start < end)
        start, end, hashes = start[some], end[some], texts.hashes[some]
        places, numbers = [], []
        while len(some):
            there = self.hashes[start] == hashes
            places.append(start[there])
            numbers.append(some[there])
            start = start + 1
            left = ~there & (start < end)
            some, start, end, hashes = some[left], start[left], end[left], hashes[left]
        number = np.concatenate([np.zeros(0, np.int64), *numbers])
        at = np.concatenate([np.zeros(0, np.int64), *places]).astype(np.int64)
        # A gram that a text repeats counts once. (Sorted: np.unique would hash, and be slower.)
        once = np.sort(texts.owners()[number] * len(self.hashes) + at)
        once = once[np.append(True, once[1:] != once[:-1])[: len(once)]]
        owners, at = np.divmod(once, len(self.hashes))
        return at, owners


def counter(numbers: Rows | Hashes, bits: int) -> Rows:
    """Return which of 2 ** `bits` counters a number belongs to."""
    spread = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (spread >> np.uint64(64 - bits)).astype(np.int64)


def ranges(starts: Rows, lengths: Rows) -> Rows:
    """Return the numbers of all ranges, one after another."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    numbers: Rows = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return numbers
