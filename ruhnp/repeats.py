"""Sentences of the pool that repeat a better placed one, or share text with a benchmark."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from rupairs.alike import similarities
from rupairs.benchmark_texts import Benchmarks
from rupairs.containment import KnownTexts
from rupairs.grams import grams
from rupairs.near import Buckets, signatures

_BATCH = 8_192
# Known texts are indexed so many at a time: an index takes some kilobytes a text.
_INDEXED = 25_000
_SAMPLED = 10_000
_SHOWN = 80


@dataclass(frozen=True)
class Repeat:
    """The number of the earlier text, and how much alike the two are."""

    earlier: int
    similarity: float


def near_repeats(keys: Sequence[str], least: float, folder: Path) -> dict[int, Repeat]:
    """Return the texts whose key is at least `least` like that of an earlier text that stays.

    The similarity is normalised Levenshtein. Sentences that differ in a number or a name alone
    are repeats here: as anchors they would teach the same. `folder` takes scratch files.
    """
    buckets = Buckets.open(folder)
    for _, batch in _batches(keys, _BATCH):
        pieces = grams(batch)
        buckets.add(*signatures(pieces.hashes, pieces.offsets))
    earlier, later = buckets.candidates()
    found = similarities([keys[i] for i in earlier], [keys[i] for i in later], least)
    alike: dict[int, list[Repeat]] = defaultdict(list)
    for a, b, similarity in zip(earlier.tolist(), later.tolist(), found.tolist(), strict=True):
        if similarity >= least:
            alike[b].append(Repeat(a, round(similarity, 3)))
    gone: dict[int, Repeat] = {}
    for number in sorted(alike):
        stays = [r for r in alike[number] if r.earlier not in gone]
        if stays:
            gone[number] = max(stays, key=lambda r: (r.similarity, -r.earlier))
    return gone


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
