"""A set of 64-bit numbers for streams too long for a Python set: 8 bytes a number.

Batches are kept as sorted runs; runs of like length are merged, so that few are looked through.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]


class Seen:
    """Remembers numbers and tells which of a batch are new."""

    def __init__(self) -> None:
        self._runs: list[Numbers] = []

    def new(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        """Return which numbers were never given before, here or earlier in the batch."""
        unique, first = np.unique(numbers, return_index=True)
        fresh = np.ones(len(unique), bool)
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, unique), len(run) - 1)
            fresh &= run[at] != unique
        mask = np.zeros(len(numbers), bool)
        mask[first[fresh]] = True
        self._add(unique[fresh])
        return mask

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def _add(self, run: Numbers) -> None:
        if len(run):
            self._runs.append(run)
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]), kind="stable")
