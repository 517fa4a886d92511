"""Heads: the beginnings of many rows' texts in files, of which few are in memory at a time.

Near-duplicates are compared as texts, and the rows in question may be a third of a large table.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]

SIDES = ("query", "passage")
# Two blocks of texts are in memory at once.
_BLOCK = 32_768


@dataclass(frozen=True)
class Heads:
    """Texts of both sides, one after the other in a file each, and where each of them begins.

    `numbers` are the places of the rows in their table, ascending.
    """

    folder: Path
    numbers: Rows
    starts: dict[str, Rows]
    symmetric: npt.NDArray[np.bool_]

    @classmethod
    def write(
        cls, folder: Path, numbers: Rows, batches: Iterable[pa.RecordBatch], characters: int
    ) -> "Heads":
        """Write the first characters of `query` and `passage` of batches with `symmetric`."""
        lengths: dict[str, list[Rows]] = {side: [np.zeros(1, np.int64)] for side in SIDES}
        symmetric: list[npt.NDArray[np.bool_]] = [np.zeros(0, bool)]
        for side in SIDES:
            _file(folder, side).write_bytes(b"")
        for batch in batches:
            symmetric.append(batch["symmetric"].to_numpy(zero_copy_only=False))
            for side in SIDES:
                heads = pc.utf8_slice_codeunits(batch[side], 0, characters)
                lengths[side].append(pc.binary_length(heads).to_numpy().astype(np.int64))
                with _file(folder, side).open("ab") as stream:
                    stream.write("".join(heads.to_pylist()).encode())
        starts = {side: np.cumsum(np.concatenate(found)) for side, found in lengths.items()}
        return cls(folder, numbers, starts, np.concatenate(symmetric))

    def block(self, number: int) -> pa.Table:
        """Return a block of rows: `query`, `passage`, `symmetric`."""
        start = number * _BLOCK
        end = min(start + _BLOCK, len(self.symmetric))
        sides = [self._texts(side, start, end) for side in SIDES]
        columns = [*sides, pa.array(self.symmetric[start:end])]
        return pa.table(columns, names=[*SIDES, "symmetric"])

    def _texts(self, side: str, start: int, end: int) -> pa.Array:
        starts = self.starts[side][start : end + 1]
        with _file(self.folder, side).open("rb") as stream:
            stream.seek(int(starts[0]))
            data = pa.py_buffer(stream.read(int(starts[-1] - starts[0])))
        offsets = pa.py_buffer((starts - starts[0]).astype(np.int32))
        return pa.StringArray.from_buffers(end - start, offsets, data)

    def beside(self, earlier: Rows, later: Rows, batch: int = 8_192) -> Iterator[pa.Table]:
        """Yield tables of pairs of rows beside each other: `earlier`, `later`, `query_a`, ..."""
        a, b = np.searchsorted(self.numbers, earlier), np.searchsorted(self.numbers, later)
        blocks = a // _BLOCK, b // _BLOCK
        order = np.lexsort((b, a, blocks[1], blocks[0]))
        first, second = blocks[0][order], blocks[1][order]
        turns = np.flatnonzero((np.diff(first) != 0) | (np.diff(second) != 0)) + 1
        loaded: dict[int, pa.Table] = {}
        for start, end in pairwise([0, *turns.tolist(), len(order)] if len(order) else []):
            wanted = int(first[start]), int(second[start])
            loaded = {n: loaded[n] if n in loaded else self.block(n) for n in wanted}
            for at in range(start, end, batch):
                some = order[at : min(at + batch, end)]
                left = loaded[wanted[0]].take(pa.array(a[some] % _BLOCK))
                right = loaded[wanted[1]].take(pa.array(b[some] % _BLOCK))
                yield pa.table(
                    {
                        "earlier": earlier[some],
                        "later": later[some],
                        "symmetric": pc.and_(left["symmetric"], right["symmetric"]),
                        "query_a": left["query"],
                        "passage_a": left["passage"],
                        "query_b": right["query"],
                        "passage_b": right["passage"],
                    }
                )


def _file(folder: Path, side: str) -> Path:
    return folder / f"heads-{side}"
