"""Character n-grams of a column of texts as hashes, without a Python object for any of them.

1. The column's characters become one array of code points.
2. A window of `n` code points is hashed by a polynomial over 64-bit integers, then mixed.
3. Windows that cross the border of two texts are left out; a text shorter than `n` is one gram.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

N = 5
Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]

_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True)
class Characters:
    """Code points of all texts in a row; text `i` is `codes[offsets[i]:offsets[i + 1]]`."""

    codes: npt.NDArray[np.uint32]
    offsets: Offsets


@dataclass(frozen=True)
class Grams:
    """Hashes of the grams of all texts; those of text `i` are `hashes[offsets[i]:offsets[i + 1]]`.

    Repeated grams of a text are repeated here; an empty text has none.
    """

    hashes: Hashes
    offsets: Offsets

    def owners(self) -> Offsets:
        """Return the number of the text of each hash."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))


def characters(texts: pa.Array) -> Characters:
    """Return the code points of a string column without nulls."""
    texts = pa.concat_arrays([texts.cast(pa.string())])  # one buffer that starts at offset 0
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    joined: Any = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "")
    codes = np.frombuffer(joined[0].as_py().encode("utf-32-le"), np.uint32)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Characters(codes, offsets)


def grams(texts: pa.Array, n: int = N) -> Grams:
    """Return the hashed n-grams of a string column without nulls, in order of the text."""
    points = characters(texts)
    lengths = np.diff(points.offsets)
    windows = np.where(lengths >= n, lengths - n + 1, np.minimum(lengths, 1))
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(windows, out=offsets[1:])
    # A zero after the last character lets a window start anywhere; short texts are masked below.
    codes = np.concatenate([points.codes.astype(np.uint64), np.zeros(n, np.uint64)])
    rolled = np.zeros(len(points.codes), np.uint64)
    for shift in range(n):
        rolled *= _BASE
        rolled += codes[shift : shift + len(rolled)]
    starts = np.ones(len(rolled), bool)
    full = lengths >= n
    for back in range(1, n):
        starts[(points.offsets[1:] - back)[full]] = False
    for i in np.flatnonzero((lengths > 0) & ~full):
        start, end = points.offsets[i], points.offsets[i + 1]
        starts[start + 1 : end] = False
        rolled[start] = _roll(points.codes[start:end], n)
    return Grams(_mixed(rolled[starts]), offsets)


def _roll(codes: npt.NDArray[np.uint32], n: int) -> np.uint64:
    value = 0
    for shift in range(n):
        code = int(codes[shift]) if shift < len(codes) else 0
        value = (value * int(_BASE) + code) % 2**64
    return np.uint64(value)


def _mixed(values: Hashes) -> Hashes:
    values ^= values >> np.uint64(29)
    values *= _MIX
    values ^= values >> np.uint64(32)
    return values
