"""Sentences of the pool that repeat a better placed one."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from rupairs.alike import similarities
from rupairs.grams import grams
from rupairs.near import Buckets, signatures

_BATCH = 8_192


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


def _batches(keys: Sequence[str], size: int) -> Iterator[tuple[int, pa.Array]]:
    for start in range(0, len(keys), size):
        yield start, pa.array(keys[start : start + size], pa.string())
