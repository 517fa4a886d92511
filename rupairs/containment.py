"""Containment: which texts of a column hold one of many known texts, whole or nearly.

1. Equal keys are equal texts. For the rest, the score is the share of the known text's character
   5-grams that stand together in the other text (Brown et al. 2020, arXiv:2005.14165, use words;
   characters see inflection, and sentences of three words have enough of them).
2. A text that scores t must hold most of the known text's rarest grams, so those are looked up
   first (prefix filtering: Chaudhuri et al. 2006, doi:10.1109/ICDE.2006.9). What passes is counted
   in full.
3. Long texts hold many grams by chance: there only the stretch most like the known text counts,
   and articles are looked at only where they share runs of 8 characters with it, a few of each
   stretch of the known text.
4. A short known text is a phrase that anybody may use: it counts only where it is half of what the
   other text says.
"""

from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.grams import Grams, Hashes, N, grams
from rupairs.rare_grams import RareGrams, Rows, counter, ranges
from rupairs.store import read_table, write_table

_COUNTER_BITS = 22
_SPARE = 3
# A text with this many times the grams of the known one is long; a text of fewer is a phrase.
_LONG = 2
_PHRASE = 30
# A text of more grams is an article; there the rarest runs of 8 characters are looked up.
_ARTICLE = 400
_RUN = 8
_STRETCHES, _SEEDS = 6, 2
_INDEXES = ("_phrases", "_longer", "_runs")

Mask = npt.NDArray[np.bool_]


class Hit(NamedTuple):
    """Row `row` of the column holds known text `known` with `score` in [0, 1]; 1 when equal."""

    row: int
    known: int
    score: float
    equal: bool


@dataclass(frozen=True)
class KnownTexts:
    """Known texts, by their keys (`rupairs.text.key`, each once), ready to be looked for.

    `floor` is the lowest score that is to be found. `sample` are keys of the kind of texts that
    will be looked through: what is rare there is looked up first.
    """

    keys: pa.Array
    floor: float
    sample: pa.Array = field(default_factory=lambda: pa.array([], pa.string()))
    _grams: Grams = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_grams", _distinct(grams(self.keys)))

    def save(self, folder: Path) -> None:
        """Write the texts and their index into a folder, for `load`."""
        folder.mkdir(parents=True, exist_ok=True)
        write_table(pa.table({"key": self.keys}), folder / "keys.parquet")
        np.save(folder / "floor.npy", np.array(self.floor))
        np.save(folder / "hashes.npy", self._grams.hashes)
        np.save(folder / "offsets.npy", self._grams.offsets)
        for name in _INDEXES:
            for part in fields(RareGrams):
                array = getattr(getattr(self, name), part.name)
                np.save(folder / f"{name}.{part.name}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> "KnownTexts":
        """Return what `save` wrote; its arrays stay in the files, shared by all who load them."""

        def array(name: str) -> Any:
            return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))

        known = cls.__new__(cls)
        indexes = {
            name: RareGrams(*(array(f"{name}.{part.name}") for part in fields(RareGrams)))
            for name in _INDEXES
        }
        known.__dict__.update(
            keys=pa.concat_arrays(read_table(folder / "keys.parquet")["key"].chunks),
            floor=float(array("floor")),
            sample=pa.array([], pa.string()),
            _grams=Grams(array("hashes"), array("offsets")),
            **indexes,
        )
        return known

    def hits(self, keys: pa.Array) -> list[Hit]:
        """Return every known text that a text of a column of keys holds, by row and known text."""
        where = pc.index_in(keys, value_set=self.keys)
        equal = pc.indices_nonzero(pc.is_valid(where)).to_pylist()
        found = [Hit(row, where[row].as_py(), 1.0, equal=True) for row in equal]
        same = {(hit.row, hit.known) for hit in found}
        sizes = _gram_counts(keys)
        rows, known = self._candidates(keys, sizes)
        scores = self._contained(keys, rows, known)
        fit = scores >= self.floor
        rows, known, scores = rows[fit], known[fit], scores[fit]
        long = self._sizes[known] * _LONG < sizes[rows]
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
    def _phrases(self) -> RareGrams:
        return self._rare(self._sizes < _PHRASE)

    @cached_property
    def _longer(self) -> RareGrams:
        # A text of at most _ARTICLE grams cannot hold enough of a longer one.
        return self._rare((self._sizes >= _PHRASE) & (self._needed <= _ARTICLE))

    def _rare(self, chosen: Mask) -> RareGrams:
        """Return the index of the rare grams of some known texts.

        A text that misses `size - needed` grams of a known text has at least `prefix - missed` of
        its `prefix` rarest.
        """
        owners, hashes = self._grams.owners(), self._grams.hashes
        missed = self._sizes - self._needed
        length = np.minimum(self._sizes, missed + np.maximum(missed // 2, _SPARE))
        rank = np.arange(len(owners)) - np.repeat(self._grams.offsets[:-1], self._sizes)
        rare = self._rarest_first[(rank < np.repeat(length, self._sizes)) & chosen[owners]]
        rare = rare[np.lexsort((owners[rare], hashes[rare]))]
        return RareGrams.of(hashes[rare], owners[rare], np.maximum(length - missed, 1))

    @cached_property
    def _rarest_first(self) -> Rows:
        """Return the order of the grams that puts those of a text together, rare ones first."""
        owners, hashes = self._grams.owners(), self._grams.hashes
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        order: Rows = np.lexsort((hashes, counts[inverse], owners))
        return order

    @cached_property
    def _runs(self) -> RareGrams:
        """Return the index of runs that are rare in the sample, some from every stretch."""
        found = grams(self.keys, _RUN)
        owners, lengths = found.owners(), np.diff(found.offsets)
        place = np.arange(len(owners)) - np.repeat(found.offsets[:-1], lengths)
        stretch = owners * _STRETCHES + place * _STRETCHES // lengths[owners]
        sampled = counter(grams(self.sample, _RUN).hashes, _COUNTER_BITS)
        seen = np.bincount(sampled, minlength=1 << _COUNTER_BITS)
        order = np.lexsort((found.hashes, seen[counter(found.hashes, _COUNTER_BITS)], stretch))
        firsts = np.flatnonzero(np.append(True, np.diff(stretch[order]) > 0))
        rank = np.arange(len(order)) - np.repeat(firsts, np.diff(np.append(firsts, len(order))))
        kept = order[(rank < _SEEDS) & (self._sizes[owners[order]] >= _PHRASE)]
        kept = kept[np.lexsort((owners[kept], found.hashes[kept]))]
        sizes = np.bincount(owners[kept], minlength=len(self.keys))
        return RareGrams.of(found.hashes[kept], owners[kept], np.maximum(sizes // 3, 2))

    def _candidates(self, keys: pa.Array, sizes: Rows) -> tuple[Rows, Rows]:
        """Return (row, known text) with enough grams in common to be looked at."""
        found = []
        for rare, chosen, n in (
            (self._phrases, sizes <= _LONG * _PHRASE, N),
            (self._longer, sizes <= _ARTICLE, N),
            (self._runs, sizes > _ARTICLE, _RUN),
        ):
            numbers = np.flatnonzero(chosen)
            if len(numbers):
                texts = grams(keys.take(pa.array(numbers)), n)
                rows, known = rare.common(texts, len(self.keys))
                found.append((numbers[rows], known))
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        rows, known = (np.concatenate(column) for column in zip(*found, strict=True))
        # A phrase counts only in a text of at most twice its grams.
        fit = (self._sizes[known] >= _PHRASE) | (sizes[rows] <= _LONG * self._sizes[known])
        return rows[fit], known[fit]

    def _contained(self, keys: pa.Array, rows: Rows, known: Rows) -> npt.NDArray[np.float64]:
        """Return the share of the known texts' grams that stand anywhere in the rows."""
        sizes = self._sizes[known]
        theirs = self._grams.hashes[ranges(self._grams.offsets[known], sizes)]
        wanted, where = np.unique(rows, return_inverse=True)
        texts = grams(keys.take(pa.array(wanted)))
        salt = _salts(len(wanted))
        have = np.sort(texts.hashes ^ np.repeat(salt, np.diff(texts.offsets)))
        asked = theirs ^ np.repeat(salt[where], sizes)
        at = np.minimum(np.searchsorted(have, asked), max(len(have) - 1, 0))
        there = have[at] == asked if len(have) else np.zeros(len(asked), bool)
        sums = np.add.reduceat(there, np.cumsum(sizes) - sizes) if len(sizes) else sizes
        shares: npt.NDArray[np.float64] = sums / np.maximum(sizes, 1)
        return shares


def _distinct(found: Grams) -> Grams:
    """Return the grams of each text once, sorted by hash."""
    owners = found.owners()
    order = np.lexsort((found.hashes, owners))
    hashes, owners = found.hashes[order], owners[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    counts = np.bincount(owners[new], minlength=len(found.offsets) - 1)
    return Grams(hashes[new], np.concatenate([[0], np.cumsum(counts)]))


def _gram_counts(keys: pa.Array) -> Rows:
    lengths = pc.utf8_length(keys).to_numpy(zero_copy_only=False).astype(np.int64)
    counts: Rows = np.where(lengths >= N, lengths - N + 1, np.minimum(lengths, 1))
    return counts


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
