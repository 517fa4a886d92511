"""Near-duplicates: which rows of a large table may say nearly the same.

1. A row's character n-grams give a MinHash signature (R-MinHash of rensa).
2. The signature is read in bands; rows that agree on a whole band meet in a bucket. Two rows whose
   n-grams overlap by J (Jaccard) meet with probability 1 - (1 - J^rows)^bands.
3. Rows that met are candidates if enough single slots agree. What is made of a candidate is
   decided by whoever has the texts (`harvest.repeats`).

Band hashes and slots lie on disk; memory holds one band, and while candidates are looked for 64
bytes a row.
Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rupairs.grams import Hashes, Offsets

BANDS, ROWS = 25, 5
_SLOTS = 128
SKETCH = 64
_SEED = 1
# Below this share of agreeing slots a pair is not looked at; its overlap is about 0.4.
_AGREE = 0.36
# In larger buckets a row is compared with the first and with its neighbours only.
_SMALL = 12

Sketch = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]


def signatures(hashes: Hashes, offsets: Offsets) -> tuple[Hashes, Sketch]:
    """Return band hashes (n, BANDS) and one byte of each of SKETCH slots (n, SKETCH) of n rows."""
    from rensa import RMinHash

    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        hashes, offsets.astype(np.uint64), num_perm=_SLOTS, seed=_SEED
    )
    slots = np.array(matrix.to_rows(), np.uint32).reshape(len(offsets) - 1, _SLOTS)
    bands = np.zeros((len(slots), BANDS), np.uint64)
    for row in range(ROWS):
        bands *= np.uint64(0x9E3779B97F4A7C15)
        bands += slots[:, row : BANDS * ROWS : ROWS]
        bands ^= bands >> np.uint64(31)
    return bands, slots[:, :SKETCH].astype(np.uint8)


@dataclass(frozen=True)
class Buckets:
    """Band hashes and sketches of a table in files, as batches are added."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "Buckets":
        """Return empty buckets in an existing folder."""
        buckets = cls(folder)
        for path in (buckets._sketches, *map(buckets._band, range(BANDS))):
            path.write_bytes(b"")
        return buckets

    def add(self, bands: Hashes, sketches: Sketch) -> None:
        """Add the next rows."""
        _append(self._sketches, sketches)
        for band in range(BANDS):
            _append(self._band(band), bands[:, band])

    def candidates(self, alive: npt.NDArray[np.bool_] | None = None) -> tuple[Rows, Rows]:
        """Return (earlier, later) numbers of rows that may be near-duplicates, in order.

        Of all rows, or of those marked in `alive`.
        """
        sketches = np.fromfile(self._sketches, np.uint8).reshape(-1, SKETCH)
        found = np.zeros(0, np.uint64)
        numbers = np.arange(len(sketches)) if alive is None else np.flatnonzero(alive)
        for band in range(BANDS):
            hashes = np.fromfile(self._band(band), np.uint64)
            hashes = hashes[numbers]
            new = [_agreeing(sketches, a, b) for a, b in _meetings(hashes, numbers)]
            found = np.unique(np.concatenate([found, *new]))
        return (found >> np.uint64(32)).astype(np.int64), (found & np.uint64(0xFFFFFFFF)).astype(
            np.int64
        )

    @property
    def _sketches(self) -> Path:
        return self.folder / "sketches"

    def _band(self, band: int) -> Path:
        return self.folder / f"band-{band:02d}"


def _append(path: Path, numbers: Hashes | Sketch) -> None:
    with path.open("ab") as stream:
        stream.write(np.ascontiguousarray(numbers).tobytes())


def _agreeing(sketches: Sketch, earlier: Rows, later: Rows) -> Hashes:
    """Return the pairs whose slots agree enough, each packed into one integer."""
    kept = []
    for start in range(0, len(earlier), 1 << 16):
        a, b = earlier[start : start + (1 << 16)], later[start : start + (1 << 16)]
        fit = (sketches[a] == sketches[b]).sum(1) >= _AGREE * SKETCH
        kept.append(a[fit].astype(np.uint64) << np.uint64(32) | b[fit].astype(np.uint64))
    return np.concatenate(kept) if kept else np.zeros(0, np.uint64)


def _meetings(hashes: Hashes, numbers: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Yield (earlier, later) rows that share a bucket."""
    if not len(hashes):
        return
    order = np.argsort(hashes, kind="stable")  # stable: rows stay in order inside a bucket
    hashes = hashes[order]
    same = hashes[1:] == hashes[:-1]
    # Nearly all rows are alone in their buckets; what follows holds the others only.
    met = np.append(same, False) | np.append(False, same)
    hashes, numbers = hashes[met], numbers[order[met]]
    if not len(hashes):
        return
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    sizes = np.diff(np.append(starts, len(hashes)))
    first, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    place = np.arange(len(hashes))
    for back in range(1, _SMALL):
        reach = place - back >= first
        if back > 1:
            reach &= size <= _SMALL
        later = place[reach]
        if not len(later):
            break
        yield numbers[later - back], numbers[later]
    large = (size > _SMALL) & (place > first + 1)
    yield numbers[first[large]], numbers[place[large]]
