"""Benchmark leaks: which of some texts equal a benchmark text, hold one, or are held by one."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from rupairs.benchmark_texts import Benchmarks
from rupairs.containment import KnownTexts

_BATCH = 8_192
# Known texts are indexed so many at a time: an index takes some kilobytes a text.
_INDEXED = 25_000
_SAMPLED = 10_000
_SHOWN = 80


def leaks(keys: Sequence[str], benchmarks: Benchmarks, floor: float) -> dict[int, str]:
    """Return what shows that a text equals, holds, or is held by a benchmark text.

    `keys` are distinct; `floor` is the share of the shorter text's 5-grams that the other must
    hold.
    """
    found: dict[int, tuple[float, str]] = {}

    def tell(number: int, known: int, score: float, how: str) -> None:
        text = benchmarks.keys[known].as_py()[:_SHOWN]
        evidence = f"{how} {benchmarks.names[known]} ({score:.2f}): {text}"
        found[number] = max(found.get(number, (0.0, "")), (score, evidence))

    known = KnownTexts(benchmarks.keys, floor, pa.array(keys[:_SAMPLED], pa.string()))
    for start, batch in _batches(keys, _BATCH):
        for hit in known.hits(batch):
            tell(start + hit.row, hit.known, hit.score, "equals" if hit.equal else "holds")
    for first, batch in _batches(keys, _INDEXED):
        ours = KnownTexts(batch, floor, benchmarks.keys.slice(0, _SAMPLED))
        for start in range(0, len(benchmarks.keys), _BATCH):
            for hit in ours.hits(benchmarks.keys.slice(start, _BATCH)):
                if not hit.equal:
                    tell(first + hit.known, start + hit.row, hit.score, "held by")
    return {number: evidence for number, (_, evidence) in found.items()}


def _batches(keys: Sequence[str], size: int) -> Iterator[tuple[int, pa.Array]]:
    for start in range(0, len(keys), size):
        yield start, pa.array(keys[start : start + size], pa.string())
