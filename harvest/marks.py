"""Marks: what a batch of pairs tells about repeats and leaks, computed without any other batch.

A pair's signature is made of the n-grams of both its sides: those of a symmetric pair do not know
the side they come from, so that (a, b) and (b, a) meet; pairs of opposite polarity never meet.

A symmetric pair and an asymmetric one of the same two texts have one id only where the query comes
first in the order of texts. The others are marked with the id that the symmetric pair has.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harvest.repeats import HEAD
from rupairs.containment import KnownTexts
from rupairs.grams import Grams, grams
from rupairs.near import BANDS, SKETCH, signatures
from rupairs.pairs import pair_ids
from rupairs.store import slices
from rupairs.text_columns import key_column

COLUMNS = [
    *("pair_id", "query", "passage", "polarity"),
    *("symmetric", "source", "source_row", "relation"),
]
LEAK = pa.struct(
    [
        pa.field("side", pa.string()),
        pa.field("known", pa.int32()),
        pa.field("score", pa.float32()),
        pa.field("equal", pa.bool_()),
    ]
)
MARKS_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.binary(16)),
        pa.field("either_way", pa.binary(16)),
        pa.field("relation", pa.dictionary(pa.int32(), pa.string())),
        pa.field("positive", pa.bool_()),
        pa.field("symmetric", pa.bool_()),
        pa.field("source", pa.dictionary(pa.int32(), pa.string())),
        pa.field("source_row", pa.string()),
        pa.field("passage", pa.uint64()),
        pa.field("bands", pa.binary(8 * BANDS)),
        pa.field("sketch", pa.binary(SKETCH)),
        pa.field("leaks", pa.list_(LEAK)),
    ]
)
_PASSAGE = np.uint64(0xD6E8FEB86659FD93)
_NEGATIVE = np.uint64(0xA0761D6478BD642F)


@dataclass(frozen=True)
class Marking:
    """What to look for: `known` is the folder of saved benchmark texts, "" for none."""

    known: str = ""


def mark(pairs: pa.Table, marking: Marking) -> pa.Table:
    """Return the marks (`MARKS_SCHEMA`) of a table with `COLUMNS`."""
    pieces = [_mark(piece, marking) for piece in slices(pairs, ("query", "passage"))]
    # In one piece: a slice would take all it was cut from along to another process.
    return pa.concat_tables(pieces).combine_chunks()


def _mark(pairs: pa.Table, marking: Marking) -> pa.Table:
    pairs = pairs.combine_chunks()
    keys = {name: key_column(_array(pairs[name])) for name in ("query", "passage")}
    symmetric = pairs["symmetric"].to_numpy()
    positive = pairs["polarity"].to_numpy() > 0
    sides = grams(_alternating(keys["query"], keys["passage"]))
    bands, sketches = signatures(_told_apart(sides, symmetric, positive), sides.offsets[::2])
    columns = [
        _binary(bytes.fromhex("".join(pairs["pair_id"].to_pylist())), 16),
        _either_way(keys, symmetric),
        _array(pairs["relation"]).dictionary_encode(),
        pa.array(positive),
        _array(pairs["symmetric"]),
        _array(pairs["source"]).dictionary_encode(),
        _array(pairs["source_row"]),
        pa.array(_fingerprints(sides)[1::2]),
        _binary(bands.tobytes(), 8 * BANDS),
        _binary(sketches.tobytes(), SKETCH),
        _leaks(keys, marking),
    ]
    return pa.Table.from_arrays(columns, schema=MARKS_SCHEMA)


def _either_way(keys: dict[str, pa.Array], symmetric: npt.NDArray[np.bool_]) -> pa.Array:
    """Return the id that a pair would have as a symmetric one, null where it has that id."""
    turned = ~symmetric & pc.greater(keys["query"], keys["passage"]).to_numpy(zero_copy_only=False)
    sides = [keys[name].filter(pa.array(turned)).to_pylist() for name in ("query", "passage")]
    ids = iter(map(bytes.fromhex, pair_ids(*sides, symmetric=True)))
    return pa.array([next(ids) if other else None for other in turned.tolist()], pa.binary(16))


def _alternating(query: pa.Array, passage: pa.Array) -> pa.Array:
    """Return the beginnings of both sides of each pair, one after the other.

    No more of a side is compared with another (`harvest.repeats`).
    """
    order = np.arange(2 * len(query)).reshape(2, -1).T.ravel()
    heads = [pc.utf8_slice_codeunits(side, 0, HEAD) for side in (query, passage)]
    return pa.concat_arrays(heads).take(pa.array(order))


def _told_apart(
    sides: Grams, symmetric: npt.NDArray[np.bool_], positive: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint64]:
    """Return the n-grams of alternating sides, changed where they must not meet others."""
    query = np.where(positive, np.uint64(0), _NEGATIVE)
    passage = query ^ np.where(symmetric, np.uint64(0), _PASSAGE)
    marks = np.stack([query, passage], axis=1).ravel()
    told: npt.NDArray[np.uint64] = sides.hashes ^ np.repeat(marks, np.diff(sides.offsets))
    return told


def _fingerprints(texts: Grams) -> npt.NDArray[np.uint64]:
    """Return a number for each text; texts with the same n-grams have the same."""
    running = np.zeros(len(texts.hashes) + 1, np.uint64)
    np.cumsum(texts.hashes, out=running[1:])
    sums: npt.NDArray[np.uint64] = np.diff(running[texts.offsets])
    return sums


def _leaks(keys: dict[str, pa.Array], marking: Marking) -> pa.Array:
    rows = len(keys["query"])
    if not marking.known:
        return pa.array([[]] * rows, pa.list_(LEAK))
    known = _known(marking.known)
    leaks: list[list[dict[str, object]]] = [[] for _ in range(rows)]
    for side, column in keys.items():
        for hit in known.hits(column):
            found = {"side": side, "known": hit.known, "score": hit.score, "equal": hit.equal}
            leaks[hit.row].append(found)
    return pa.array(leaks, pa.list_(LEAK))


@cache
def _known(folder: str) -> KnownTexts:
    return KnownTexts.load(Path(folder))


def _array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _binary(data: bytes, width: int) -> pa.Array:
    buffers = [None, pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.binary(width), len(data) // width, buffers)
