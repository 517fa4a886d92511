"""The marks of a whole table, gathered from its batches in compact columns."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harvest.marks import MARKS_SCHEMA
from rupairs.near import BANDS, SKETCH, Buckets

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

_WHOLE = ("pair_id", "relation", "positive", "symmetric", "source", "source_row", "passage")


@dataclass
class Marked:
    """The marks of all pairs, in the order of the table; `leaks` only of rows that have some.

    `turned` are the rows whose symmetric id, in `either_way`, is another than their own.
    """

    pair_id: pa.Array
    turned: Rows
    either_way: pa.Array
    relation: pa.Array
    positive: Mask
    symmetric: Mask
    source: pa.Array
    source_row: pa.ChunkedArray
    passage: npt.NDArray[np.uint64]
    buckets: Buckets
    leaks: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.positive)

    def source_of(self, row: int) -> str:
        """Return the name of a pair's source."""
        return str(self.source[row].as_py())

    def relation_of(self, row: int) -> str:
        """Return the relation of a pair."""
        return str(self.relation[row].as_py())

    def place(self, row: int) -> str:
        """Return `source#row` of a pair."""
        return f"{self.source_of(row)}#{self.source_row[row].as_py()}"


def gather_marks(batches: Iterable[pa.Table], folder: Path) -> Marked:
    """Return the marks of a table from those of its batches; `folder` is scratch."""
    buckets = Buckets.open(folder)
    columns: dict[str, list[pa.Array]] = {}
    turned: list[Rows] = []
    leaks: dict[int, list[dict[str, Any]]] = {}
    start = 0
    # A table may have no rows at all, and its columns their types nevertheless.
    for batch in chain([MARKS_SCHEMA.empty_table()], batches):
        for name in _WHOLE:
            columns.setdefault(name, []).extend(batch[name].chunks)
        there = pc.is_valid(batch["either_way"])
        columns.setdefault("either_way", []).extend(batch["either_way"].filter(there).chunks)
        turned.append(start + np.flatnonzero(there.to_numpy()))
        size = batch.num_rows
        bands = np.frombuffer(_joined(batch["bands"]), np.uint64).reshape(size, BANDS)
        sketches = np.frombuffer(_joined(batch["sketch"]), np.uint8).reshape(size, SKETCH)
        buckets.add(bands, sketches)
        for row in pc.indices_nonzero(pc.greater(pc.list_value_length(batch["leaks"]), 0)):
            leaks[start + row.as_py()] = batch["leaks"][row.as_py()].as_py()
        start += size
    return Marked(
        pair_id=pa.concat_arrays(columns["pair_id"]),
        turned=np.concatenate(turned),
        either_way=pa.chunked_array(columns["either_way"], pa.binary(16)).combine_chunks(),
        relation=pa.chunked_array(columns["relation"]).unify_dictionaries().combine_chunks(),
        positive=pa.concat_arrays(columns["positive"]).to_numpy(zero_copy_only=False),
        symmetric=pa.concat_arrays(columns["symmetric"]).to_numpy(zero_copy_only=False),
        source=pa.chunked_array(columns["source"]).unify_dictionaries().combine_chunks(),
        source_row=pa.chunked_array(columns["source_row"]),
        passage=pa.concat_arrays(columns["passage"]).to_numpy(),
        buckets=buckets,
        leaks=leaks,
    )


def _joined(column: pa.ChunkedArray) -> bytes:
    array = pa.concat_arrays(column.chunks)
    width = array.type.byte_width
    return bytes(memoryview(array.buffers()[1])[: len(array) * width])
