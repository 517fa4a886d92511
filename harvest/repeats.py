"""Repeats: which pairs say what an earlier pair says, exactly or nearly.

The order of the table decides who survives: sources in the order of the recipe, then rows in the
order of the source.

1. Equal `pair_id`: the first stays. A later one of the other polarity contradicts it.
2. A symmetric pair and an asymmetric one that has the same texts the other way round: the first of
   them stays.
3. Near-duplicates: both sides are at least `similarity` alike (normalised Levenshtein similarity
   of the keys; either way round in symmetric pairs) and do not differ in a number or a negation.
   A pair goes when a kept earlier pair is its near-duplicate.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rupairs.alike import details, similarities
from rupairs.text_columns import key_column

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Of longer sides, so much is compared.
HEAD = 1_000
# A key of so many characters is that of a side that was cut: punctuation is gone from it.
_CUT = 850
_AT_THE_EDGE = 2
COMPARED_SCHEMA = pa.schema(
    [
        pa.field("earlier", pa.int64()),
        pa.field("later", pa.int64()),
        pa.field("similarity", pa.float32()),
    ]
)


@dataclass(frozen=True)
class Repeat:
    """An earlier row and how much alike the sides that differ most are; 1 when equal."""

    earlier: int
    similarity: float


def first_of_each(pair_ids: pa.Array) -> Rows:
    """Return, for each row, the number of the first row with its pair id (16 bytes each)."""
    halves = _halves(pair_ids)
    order = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: rows stay in order among equals
    ordered = halves[order]
    new = np.ones(len(order), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(1)
    first = np.empty(len(order), np.int64)
    first[order] = order[np.maximum.accumulate(np.where(new, np.arange(len(order)), 0))]
    return first


def first_either_way(
    pair_ids: pa.Array, symmetric: Mask, turned: Rows, either_way: pa.Array
) -> dict[int, int | None]:
    """Return the kept earlier row, None for a row that stays, where both kinds of pairs meet.

    `either_way` are the symmetric ids of the asymmetric rows `turned`, whose own are others. Every
    row of texts that stand in such a row and in a symmetric pair is answered for.
    """
    if not len(turned):
        return {}
    halves, others = _halves(pair_ids), _halves(either_way)
    likely = np.flatnonzero(symmetric & np.isin(halves[:, 0], others[:, 0]))
    met = {bytes(halves[row]) for row in likely} & set(map(bytes, others))
    alike: dict[bytes, list[tuple[int, bool]]] = defaultdict(list)
    shared = np.frombuffer(b"".join(met), np.uint64).reshape(-1, 2)[:, 0]
    for row in np.flatnonzero(np.isin(halves[:, 0], shared)).tolist():
        alike[bytes(halves[row])].append((row, False))
    for row, other in zip(turned.tolist(), map(bytes, others), strict=True):
        alike[other].append((row, True))
    found: dict[int, int | None] = {}
    for identifier in met:
        kept: list[tuple[int, bool]] = []
        for row, way in sorted(alike[identifier]):
            # Asymmetric pairs of either way repeat each other only through a symmetric one.
            same = (k for k, other in kept if way == other or symmetric[row] or symmetric[k])
            found[row] = next(same, None)
            if found[row] is None:
                kept.append((row, way))
    return found


def _halves(ids: pa.Array) -> npt.NDArray[np.uint64]:
    return np.frombuffer(_bytes(ids), np.uint64).reshape(-1, 2)


def _bytes(column: pa.Array) -> bytes:
    data = column.buffers()[1]
    width = column.type.byte_width
    start = column.offset * width
    return bytes(memoryview(data)[start : start + len(column) * width])


def compare(table: pa.Table, similarity: float) -> pa.Table:
    """Return the near-duplicates (`COMPARED_SCHEMA`) among pairs of rows.

    `table` has `earlier`, `later`, `symmetric` and the four texts `query_a`, `passage_a`,
    `query_b`, `passage_b`, where a is the earlier row.
    """
    keys = {
        name: key_column(pa.concat_arrays(table[name].chunks)).to_pylist()
        for name in ("query_a", "passage_a", "query_b", "passage_b")
    }
    straight = _alike(keys, ("query_a", "query_b"), ("passage_a", "passage_b"), similarity)
    crossed = _alike(keys, ("query_a", "passage_b"), ("passage_a", "query_b"), similarity)
    best = np.where(table["symmetric"].to_numpy(), np.maximum(straight, crossed), straight)
    return pa.table(
        [table["earlier"], table["later"], pa.array(best.astype(np.float32))],
        schema=COMPARED_SCHEMA,
    ).filter(pa.array(best >= similarity))


def _alike(
    keys: Mapping[str, list[str]], first: tuple[str, str], second: tuple[str, str], least: float
) -> npt.NDArray[np.float64]:
    """Return the lower of two sides' similarities, 0 where it is under `least`."""
    lower: npt.NDArray[np.float64] = np.ones(len(keys["query_a"]))
    for a, b in (first, second):
        lower = np.minimum(lower, similarities(keys[a], keys[b], least))
    for i in np.flatnonzero(lower >= least):
        if any(_differ(keys[a][i], keys[b][i]) for a, b in (first, second)):
            lower[i] = 0
    return lower


def _differ(a: str, b: str) -> bool:
    """Say whether two alike keys differ in a number or a negation.

    Where both were cut, an edit before moves words over the edge: a few at the end do not count.
    """
    ours, theirs = details(a), details(b)
    if min(len(a), len(b)) < _CUT:
        return ours != theirs
    both = min(len(ours), len(theirs))
    return ours[:both] != theirs[:both] or abs(len(ours) - len(theirs)) > _AT_THE_EDGE


def survivors(compared: Iterable[pa.Table]) -> dict[int, Repeat]:
    """Return, for each row to drop, the kept earlier row most like it."""
    earlier: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for table in compared:
        columns = (table[name].to_pylist() for name in ("earlier", "later", "similarity"))
        for a, b, similarity in zip(*columns, strict=True):
            earlier[b].append((-similarity, a))
    dropped: dict[int, Repeat] = {}
    for row in sorted(earlier):
        for similarity, other in sorted(earlier[row]):
            if other not in dropped:
                dropped[row] = Repeat(other, round(-similarity, 3))
                break
    return dropped
