"""Exact nearest neighbours by cosine, in blocks, so that memory stays bounded."""

import numpy as np
import numpy.typing as npt

from rupairs.encoder import Vectors

_BLOCK = 1_024


def nearest(queries: Vectors, pool: Vectors, k: int) -> npt.NDArray[np.int64]:
    """Return the indices in `pool` of the `k` nearest rows to each query, nearest first.

    Both arrays hold unit rows, shapes (n, d) and (m, d); the result is (n, min(k, m)). Ties go
    to the lower index, so the answer does not depend on block size.
    """
    k = min(k, len(pool))
    found = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), _BLOCK):
        similarities = queries[start : start + _BLOCK] @ pool.T
        order = np.argsort(-similarities, axis=1, kind="stable")
        found[start : start + _BLOCK] = order[:, :k]
    return found
