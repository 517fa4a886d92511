"""Verdicts: which pairs of the whole table go, and what shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from harvest.benchmarks import Benchmarks
from harvest.heads import SIDES, Heads
from harvest.marked import Marked
from harvest.repeats import (
    HEAD,
    Rows,
    compare,
    first_either_way,
    first_of_each,
    survivors,
)
from rupairs.engine import Engine
from rupairs.store import read_batches

# A passage that one source has under so many queries is the page's and not the author's.
PAGE_REPEATS = 50
# Both are negative, and one of them must be wrong of the same two texts.
_CONFLICT = {"neutral", "contradiction"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a pair goes: a one-word reason, what shows it, and the earlier pair it repeats."""

    reason: str
    evidence: str
    earlier: int | None = None


Verdicts = dict[int, Verdict]


def leaked(marked: Marked, known: Benchmarks, threshold: float) -> Verdicts:
    """Return the pairs a side of which holds a benchmark text with `threshold` or more."""
    found = {}
    for row, leaks in marked.leaks.items():
        best = max(leaks, key=lambda leak: leak["score"])
        if best["score"] >= threshold:
            text = known.keys[best["known"]].as_py()[:80]
            share = "equals" if best["equal"] else f"holds {best['score']:.2f} of"
            evidence = f"{best['side']} {share} {known.names[best['known']]}: {text}"
            found[row] = Verdict("benchmark_leak", evidence)
    return found


def repeated(marked: Marked, gone: Verdicts) -> Verdicts:
    """Return the pairs that hold the two texts of an earlier remaining pair.

    Of two asymmetric pairs the order counts; of a symmetric and an asymmetric one it does not.
    """
    remaining = _remaining(marked, gone)
    ids = marked.pair_id.take(pa.array(remaining))
    first = first_of_each(ids)
    again = np.flatnonzero(first != np.arange(len(first)))
    earlier = dict(zip(again.tolist(), first[again].tolist(), strict=True))
    places = np.searchsorted(remaining, marked.turned)
    there = np.isin(marked.turned, remaining)
    turned = places[there], marked.either_way.filter(pa.array(there))
    for row, kept in first_either_way(ids, marked.symmetric[remaining], *turned).items():
        earlier.pop(row, None)
        if kept is not None:
            earlier[row] = kept
    rows = ((int(remaining[row]), int(remaining[kept])) for row, kept in sorted(earlier.items()))
    return {row: _repeat(marked, row, kept) for row, kept in rows}


def _repeat(marked: Marked, row: int, kept: int) -> Verdict:
    """Return why the later of two pairs of the same texts goes."""
    place, labels = marked.place(kept), {marked.relation_of(row), marked.relation_of(kept)}
    if marked.positive[row] != marked.positive[kept]:
        return Verdict("conflicting_polarity", place, kept)
    if labels == _CONFLICT:
        return Verdict("conflicting_label", f"{place} is {marked.relation_of(kept)}", kept)
    return Verdict("duplicate", place, kept)


def nearly_repeated(
    engine: Engine, parts: list[Path], marked: Marked, gone: Verdicts, similarity: float
) -> Verdicts:
    """Return the pairs that are near-duplicates of an earlier remaining pair."""
    alive = np.ones(len(marked), bool)
    alive[list(gone)] = False
    earlier, later = marked.buckets.candidates(alive)
    numbers = np.unique(np.concatenate([earlier, later]))
    heads = Heads.write(marked.buckets.folder, numbers, _chosen(parts, numbers), HEAD)
    tables = heads.beside(earlier, later)
    compared = engine.map(partial(compare, similarity=similarity), tables)
    return {
        row: Verdict(
            "near_duplicate",
            f"{marked.place(repeat.earlier)}, alike {repeat.similarity:.2f}",
            repeat.earlier,
        )
        for row, repeat in survivors(compared).items()
    }


def page_talk(marked: Marked, gone: Verdicts) -> Verdicts:
    """Return the pairs of asymmetric sources whose passage stands under very many queries."""
    remaining = _remaining(marked, gone)
    remaining = remaining[~marked.symmetric[remaining] & marked.positive[remaining]]
    sources = marked.source.indices.to_numpy()[remaining].astype(np.uint64)
    mixed = marked.passage[remaining] ^ (sources * np.uint64(0x9E3779B97F4A7C15))
    _, inverse, counts = np.unique(mixed, return_inverse=True, return_counts=True)
    often = counts[inverse]
    return {
        int(remaining[i]): Verdict("boilerplate", f"the passage of {often[i]} queries")
        for i in np.flatnonzero(often >= PAGE_REPEATS)
    }


def _remaining(marked: Marked, gone: Verdicts) -> Rows:
    mask = np.ones(len(marked), bool)
    mask[list(gone)] = False
    return np.flatnonzero(mask)


def _chosen(parts: Iterable[Path], numbers: Rows) -> Iterator[pa.RecordBatch]:
    """Yield the texts of some rows of the table, in order."""
    start = 0
    for batch in _batches(parts, [*SIDES, "symmetric"]):
        low, high = np.searchsorted(numbers, [start, start + batch.num_rows])
        if low < high:
            yield batch.take(pa.array(numbers[low:high] - start))
        start += batch.num_rows


def _batches(parts: Iterable[Path], columns: list[str]) -> Iterator[pa.RecordBatch]:
    for part in parts:
        yield from read_batches(part, columns)
