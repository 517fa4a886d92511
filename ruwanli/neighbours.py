"""Exact nearest neighbours by cosine, in blocks, so that memory stays bounded.

1. A block of queries meets the pool block by block, in one matrix product each.
2. After the first block only what exceeds the k-th best so far is looked at: few of a block.
3. Those few are merged with the best so far; nothing is ever sorted whole.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.encoder import Vectors

_QUERIES, _POOL = 1_024, 16_384

Indices = npt.NDArray[np.int64]


def nearest(
    queries: Vectors, pool: Vectors, k: int, blocks: tuple[int, int] = (_QUERIES, _POOL)
) -> Indices:
    """Return the indices in `pool` of the `k` nearest rows to each query, nearest first.

    Both arrays hold unit rows, shapes (n, d) and (m, d); the result is (n, min(k, m)). Ties go
    to the lower index. `blocks` are the rows of queries and pool that are multiplied at once.
    """
    import torch

    k = min(k, len(pool))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    found = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), blocks[0]) if k else ():
        block = torch.from_numpy(queries[start : start + blocks[0]]).to(device)
        found[start : start + len(block)] = _nearest_of(block, pool, k, max(k, blocks[1]))
    return found


def _nearest_of(queries: Any, pool: Vectors, k: int, size: int) -> Indices:
    """Return what `nearest` does for a block of queries that is a tensor."""
    import torch

    rows: Indices = np.empty(0, dtype=np.int64)
    indices = rows
    scores: npt.NDArray[np.float32] = np.empty(0, dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(pool), size):
            block = torch.from_numpy(pool[start : start + size]).to(queries.device)
            similar = queries @ block.T
            if start:
                # A tie with the k-th best so far has a higher index than that, and stays out.
                worst = torch.from_numpy(scores.reshape(-1, k)[:, -1:].copy())
                hits = similar > worst.to(queries.device)
            else:
                hits = similar >= similar.topk(k, sorted=False).values.amin(1, keepdim=True)
            found = hits.nonzero(as_tuple=True)
            rows, indices, scores = _best(
                np.concatenate([rows, found[0].cpu().numpy()]),
                np.concatenate([indices, found[1].cpu().numpy() + start]),
                np.concatenate([scores, similar[found].cpu().numpy()]),
                k,
            )
    return indices.reshape(len(queries), k)


def _best(
    rows: Indices, indices: Indices, scores: Vectors, k: int
) -> tuple[Indices, Indices, Vectors]:
    """Return the `k` best entries of every row, best first, rows in order."""
    order = np.lexsort((indices, -scores, rows))
    rows, indices, scores = rows[order], indices[order], scores[order]
    first = np.searchsorted(rows, rows, side="left")
    kept = np.arange(len(rows)) - first < k
    return rows[kept], indices[kept], scores[kept]
