"""Topics: clusters of sentence embeddings, so that anchors can be drawn evenly over them.

1. Vectors lose the mean of the sample (encoders give all texts much in common) and get length 1.
2. Centres start far from each other (k-means++: Arthur, Vassilvitskii 2007) and move by small
   batches, each centre the slower the more it has seen (Sculley 2010, doi:10.1145/1772690.1772862).
3. Every sentence belongs to the nearest centre. Topics are numbered by size, the largest is 0.

The draws come from the seed: the same sentences, encoder and seed give the same topics.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rupairs.encoder import Encoder, Vectors
from rupairs.text import digest

Numbers = npt.NDArray[np.int64]

_BATCH = 1_024
_STEPS = 200
# Vectors that the centres are found on; the others are only assigned.
_SAMPLE, _SAMPLE_PER_TOPIC = 20_000, 100


@dataclass(frozen=True)
class Topics:
    """The topic of each text, and the cosine with the centre of that topic."""

    of: Numbers
    nearness: Vectors

    @classmethod
    def none(cls, texts: int) -> "Topics":
        """Return one topic for all texts."""
        return cls(np.zeros(texts, np.int64), np.zeros(texts, np.float32))

    def members(self, topic: int) -> list[int]:
        """Return the numbers of a topic's texts, the most typical first."""
        numbers = np.flatnonzero(self.of == topic)
        return [int(n) for n in sorted(numbers, key=lambda n: (-self.nearness[n], n))]

    def sizes(self) -> list[int]:
        """Return the size of each topic in order."""
        return [int(n) for n in np.bincount(self.of)]


def tell_topics(
    texts: Sequence[str],
    encoder: Encoder,
    count: int,
    seed: int,
    advance: Callable[[int], None] = lambda done: None,
) -> Topics:
    """Return the topics of texts; the first ones, which must be in random order, are the sample.

    Memory holds the vectors of the sample and of one batch; `advance` is told how many texts were
    encoded.
    """
    batches = -(-max(_SAMPLE, _SAMPLE_PER_TOPIC * count) // _BATCH)
    starts = range(0, len(texts), _BATCH)
    sampled = [_encoded(texts[i : i + _BATCH], encoder, advance) for i in starts[:batches]]
    sample = np.concatenate(sampled)
    mean = sample.mean(axis=0)
    centres = find_centres(_directions(sample, mean), count, seed)
    of, nearness = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.float32)
    for number, start in enumerate(starts):
        known = number < len(sampled)
        batch = texts[start : start + _BATCH]
        vectors = sampled[number] if known else _encoded(batch, encoder, advance)
        cosines = _directions(vectors, mean) @ centres.T
        of[start : start + _BATCH] = cosines.argmax(axis=1)
        nearness[start : start + _BATCH] = cosines.max(axis=1)
    return Topics(_by_size(of, len(centres)), nearness)


def find_centres(vectors: Vectors, count: int, seed: int) -> Vectors:
    """Return at most `count` unit centres of unit vectors, fewer if fewer vectors differ."""
    draw = np.random.default_rng(int(digest(("topics", str(seed)), size=8), 16))
    centres = _far_apart(vectors, count, draw)
    seen = np.ones(len(centres))
    for _ in range(_STEPS):
        batch = vectors[draw.integers(0, len(vectors), min(_BATCH, len(vectors)))]
        nearest = (batch @ centres.T).argmax(axis=1)
        found = np.bincount(nearest, minlength=len(centres))
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, batch)
        seen += found
        # One step for the whole batch: each centre becomes the mean of all it has ever met.
        centres += (sums - found[:, None] * centres) / seen[:, None]
    return _unit(centres)


def _far_apart(vectors: Vectors, count: int, draw: np.random.Generator) -> Vectors:
    """Return starting centres: each is drawn by its squared distance from those before it."""
    chosen = [int(draw.integers(len(vectors)))]
    distance = _distance(vectors, vectors[chosen[0]])
    while len(chosen) < count and distance.sum() > 1e-9:
        chosen.append(int(draw.choice(len(vectors), p=distance / distance.sum())))
        distance = np.minimum(distance, _distance(vectors, vectors[chosen[-1]]))
    return vectors[chosen].copy()


def _distance(vectors: Vectors, centre: Vectors) -> npt.NDArray[np.float64]:
    distance: npt.NDArray[np.float64] = 2.0 - 2.0 * (vectors @ centre).astype(np.float64)
    # Rounding leaves a little between equal vectors, which would be drawn as centres of their own.
    return np.where(distance < 1e-6, 0.0, distance)


def _encoded(texts: Sequence[str], encoder: Encoder, advance: Callable[[int], None]) -> Vectors:
    vectors = encoder.encode(texts)
    advance(len(texts))
    return vectors


def _directions(vectors: Vectors, mean: Vectors) -> Vectors:
    return _unit(vectors - mean)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _by_size(of: Numbers, count: int) -> Numbers:
    sizes = np.bincount(of, minlength=count)
    order = np.argsort(-sizes, kind="stable")
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    renumbered: Numbers = place[of]
    return renumbered
