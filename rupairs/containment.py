"""Containment: which texts of a column hold one of many known texts, whole or nearly.

1. Equal keys are equal texts. For the rest, the score is the share of the known text's character
   5-grams that stand together in the other text (Brown et al. 2020, arXiv:2005.14165, use words;
   characters see inflection, and sentences of three words have enough of them).
2. A text that scores t must hold most of the known text's rarest grams, so those are looked up
   first (prefix filtering: Chaudhuri et al. 2006, doi:10.1109/ICDE.2006.9). What passes is counted
   in full.
3. Long texts hold many grams by chance: there only the stretch most like the known text counts.
4. A short known text is a phrase that anybody may use: it counts only where it is half of what the
   other text says.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.grams import Grams, Hashes, N, Offsets, grams

_BLOOM_BITS = 24
_SPARE = 3
# A text with this many times the grams of the known one is long; a text of fewer is a phrase.
_LONG = 2
_PHRASE = 30

Rows = npt.NDArray[np.int64]


class Hit(NamedTuple):
    """Row `row` of the column holds known text `known` with `score` in [0, 1]; 1 when equal."""

    row: int
    known: int
    score: float
    equal: bool


@dataclass(frozen=True)
class KnownTexts:
    """Known texts, by their keys (`rupairs.text.key`, each once), ready to be looked for.

    `floor` is the lowest score that is to be found.
    """

    keys: pa.Array
    floor: float
    _grams: Grams = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_grams", _distinct(grams(self.keys)))

    def hits(self, keys: pa.Array) -> list[Hit]:
        """Return every known text that a text of a column of keys holds, by row and known text."""
        where = pc.index_in(keys, value_set=self.keys)
        equal = pc.indices_nonzero(pc.is_valid(where)).to_pylist()
        found = [Hit(row, where[row].as_py(), 1.0, equal=True) for row in equal]
        same = {(hit.row, hit.known) for hit in found}
        texts = grams(keys)  # a gram may stand there twice; that costs less than looking for it
        rows, known = self._candidates(texts)
        scores = self._contained(texts, rows, known)
        fit = scores >= self.floor
        rows, known, scores = rows[fit], known[fit], scores[fit]
        long = self._sizes[known] * _LONG < np.diff(texts.offsets)[rows]
        for row, k, somewhere, is_long in zip(
            rows.tolist(), known.tolist(), scores.tolist(), long.tolist(), strict=True
        ):
            if (row, k) in same:
                continue
            score = _together(self.keys[k].as_py(), keys[row].as_py()) if is_long else somewhere
            if score >= self.floor:
                found.append(Hit(row, k, round(score, 4), equal=False))
        return sorted(found)

    @cached_property
    def _sizes(self) -> Rows:
        sizes: Rows = np.diff(self._grams.offsets)
        return sizes

    @cached_property
    def _needed(self) -> Rows:
        needed: Rows = np.ceil(self.floor * self._sizes - 1e-9).astype(np.int64)
        return needed

    @cached_property
    def _prefix(self) -> tuple[Hashes, Offsets, Rows, Rows]:
        """Return rare gram hashes, sorted; where their postings begin; the postings; hits needed.

        A text that misses `size - needed` grams of a known text has at least `prefix - missed` of
        its `prefix` rarest.
        """
        owners, hashes = self._grams.owners(), self._grams.hashes
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        order = np.lexsort((hashes, counts[inverse], owners))  # rare first within each text
        rank = np.arange(len(order)) - np.repeat(self._grams.offsets[:-1], self._sizes)
        missed = self._sizes - self._needed
        length = np.minimum(self._sizes, missed + np.maximum(missed // 2, _SPARE))
        rare = order[rank < np.repeat(length, self._sizes)]
        rare = rare[np.lexsort((owners[rare], hashes[rare]))]
        unique, starts = np.unique(hashes[rare], return_index=True)
        return unique, np.append(starts, len(rare)), owners[rare], np.maximum(length - missed, 1)

    @cached_property
    def _bloom(self) -> npt.NDArray[np.bool_]:
        marks = np.zeros(1 << _BLOOM_BITS, bool)
        marks[self._prefix[0] >> np.uint64(64 - _BLOOM_BITS)] = True
        return marks

    def _candidates(self, texts: Grams) -> tuple[Rows, Rows]:
        unique, starts, postings, enough = self._prefix
        if not len(unique):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        maybe = np.flatnonzero(self._bloom[texts.hashes >> np.uint64(64 - _BLOOM_BITS)])
        hashes, owners = texts.hashes[maybe], texts.owners()[maybe]
        at = np.minimum(np.searchsorted(unique, hashes), len(unique) - 1)
        there = unique[at] == hashes
        at, owners = at[there], owners[there]
        lengths = starts[at + 1] - starts[at]
        rows, known = np.repeat(owners, lengths), postings[_ranges(starts[at], lengths)]
        fit = self._sizes[known] >= np.minimum(np.diff(texts.offsets)[rows] / _LONG, _PHRASE)
        pairs, counts = np.unique(rows[fit] * len(self.keys) + known[fit], return_counts=True)
        rows, known = np.divmod(pairs, len(self.keys))
        fit = counts >= enough[known]
        return rows[fit], known[fit]

    def _contained(self, texts: Grams, rows: Rows, known: Rows) -> npt.NDArray[np.float64]:
        """Return the share of the known texts' grams that stand anywhere in the rows."""
        sizes = self._sizes[known]
        theirs = self._grams.hashes[_ranges(self._grams.offsets[known], sizes)]
        wanted, where = np.unique(rows, return_inverse=True)
        lengths = texts.offsets[wanted + 1] - texts.offsets[wanted]
        ours = texts.hashes[_ranges(texts.offsets[wanted], lengths)]
        salt = _salts(len(wanted))
        have = np.sort(ours ^ np.repeat(salt, lengths))
        asked = theirs ^ np.repeat(salt[where], sizes)
        at = np.minimum(np.searchsorted(have, asked), max(len(have) - 1, 0))
        there = have[at] == asked if len(have) else np.zeros(len(asked), bool)
        sums = np.add.reduceat(there, np.cumsum(sizes) - sizes) if len(sizes) else sizes
        return sums / np.maximum(sizes, 1)


def _distinct(found: Grams) -> Grams:
    """Return the grams of each text once, sorted by hash."""
    owners = found.owners()
    order = np.lexsort((found.hashes, owners))
    hashes, owners = found.hashes[order], owners[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    counts = np.bincount(owners[new], minlength=len(found.offsets) - 1)
    return Grams(hashes[new], np.concatenate([[0], np.cumsum(counts)]))


def _ranges(starts: Rows, lengths: Rows) -> Rows:
    """Return the numbers of all ranges, one after another."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    numbers: Rows = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return numbers


def _salts(count: int) -> Hashes:
    return np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def _together(known: str, text: str) -> float:
    """Return the share of the known text's grams in the stretch of `text` most like it."""
    from rapidfuzz.fuzz import partial_ratio_alignment

    place = partial_ratio_alignment(known, text)
    if place is None:
        return 0.0
    stretch = text[max(0, place.dest_start - N) : place.dest_end + N]
    theirs = {known[i : i + N] for i in range(max(1, len(known) - N + 1))}
    return sum(gram in stretch for gram in theirs) / len(theirs)
