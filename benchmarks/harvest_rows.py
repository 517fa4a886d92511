"""Rows of real texts put together anew, with the structures that the real sources have.

1. A side of a symmetric pair is one to three clauses; one side at least is two or more.
2. A passage is sentences up to 300 to 3,000 characters, in runs of three that stand together.
3. Three hypotheses stand under a premise, up to five positives and five negatives under a query.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.harvest_texts import Pool

_PASSAGE = (300, 3_000)
_RUN = 3
Rng = np.random.Generator
Numbers = npt.NDArray[np.int64]


class Base(NamedTuple):
    """Rows of real texts; `polarity` is 1 or -1, pairs of one `block` are one native row."""

    query: pa.Array
    passage: pa.Array
    polarity: Numbers
    block: Numbers

    def row(self, number: int) -> tuple[str, str]:
        """Return the two texts of a row."""
        return self.query[number].as_py(), self.passage[number].as_py()


def _side(pool: Pool, rng: Rng, sizes: Numbers) -> pa.Array:
    """Return sides of one, two or three clauses."""
    drawn = [pa.array(rng.integers(0, len(pool.heads), len(sizes))) for _ in range(3)]
    one = pool.heads.take(drawn[0])
    two = pc.binary_join_element_wise(one, pool.tails.take(drawn[1]), ", ")
    three = pc.binary_join_element_wise(two, pool.tails.take(drawn[2]), ", ")
    mixed = pc.if_else(pa.array(sizes == 1), one, pc.if_else(pa.array(sizes == 2), two, three))
    return pc.binary_join_element_wise(mixed, pa.repeat(".", len(sizes)), "")


def _long(rng: Rng, rows: int) -> Numbers:
    return rng.choice([2, 3], rows, p=[0.8, 0.2])


def _short(rng: Rng, rows: int) -> Numbers:
    return rng.choice([1, 2, 3], rows, p=[0.3, 0.6, 0.1])


def _passages(pool: Pool, rng: Rng, rows: int) -> pa.Array:
    """Return passages of sentences whose lengths are spread evenly on a logarithmic scale."""
    low, high = np.log(_PASSAGE)
    wanted = np.exp(rng.uniform(low, high, rows))
    sizes = pc.utf8_length(pool.sentences).to_numpy() + 1
    most = int(_PASSAGE[1] / sizes.min()) + 1
    parts, counts = [], np.zeros(rows, np.int64)
    for row in range(0, rows, 1_000):
        some = len(wanted[row : row + 1_000])
        starts = rng.integers(0, len(sizes) - _RUN, (some, -(-most // _RUN)))
        numbers = (starts[:, :, None] + np.arange(_RUN)).reshape(some, -1)
        lengths = sizes[numbers]
        before = np.cumsum(lengths, 1) - lengths
        taken = before < (wanted[row : row + 1_000] - 60)[:, None]
        counts[row : row + some] = taken.sum(1)
        parts.append(numbers[taken])
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    texts = pool.sentences.take(pa.array(np.concatenate(parts)))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, texts), " ")


def premises(pool: Pool, rng: Rng, rows: int) -> Base:
    """Return rows of which three share a premise; the first of them is positive."""
    shared = _side(pool, rng, _long(rng, -(-rows // 3))).take(pa.array(np.arange(rows) // 3))
    polarity = np.where(np.arange(rows) % 3 == 0, 1, -1)
    return Base(shared, _side(pool, rng, _short(rng, rows)), polarity, np.arange(rows))


def lists(pool: Pool, rng: Rng, rows: int) -> Base:
    """Return blocks of pairs that share a query: 1 to 5 positives, up to 5 negatives."""
    positives, negatives = rng.integers(1, 6, rows), rng.integers(0, 6, rows)
    block = np.repeat(np.arange(rows), positives + negatives)[:rows]
    place = np.arange(rows) - np.searchsorted(block, block)
    polarity = np.where(place < positives[block], 1, -1)
    shared = _side(pool, rng, _long(rng, int(block[-1]) + 1)).take(pa.array(block))
    return Base(shared, _side(pool, rng, _short(rng, rows)), polarity, block)


def rewrites(pool: Pool, rng: Rng, rows: int) -> Base:
    """Return rows of which each has sides of its own."""
    sides = _side(pool, rng, _long(rng, rows)), _side(pool, rng, _short(rng, rows))
    return Base(*sides, np.ones(rows, np.int64), np.arange(rows))


def articles(pool: Pool, rng: Rng, rows: int) -> Base:
    """Return rows of a short title and a long passage."""
    titles = _side(pool, rng, rng.choice([1, 2], rows, p=[0.6, 0.4]))
    return Base(titles, _passages(pool, rng, rows), np.ones(rows, np.int64), np.arange(rows))
