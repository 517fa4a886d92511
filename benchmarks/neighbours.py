"""Seconds of exact neighbours: ours beside scipy's KD-tree, scikit-learn and faiss.

`python -m benchmarks.neighbours`: unit rows around random centres, seeds drawn from the pool, k
nearest of each. Every method runs in a process of its own and answers the same question. The
KD-tree, with which WANLI was made, is only asked while the pool is small: in hundreds of
dimensions it looks at nearly all rows, one by one. faiss is asked where it is installed.
"""

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree
from sklearn.neighbors import NearestNeighbors

from ruwanli.neighbours import nearest

Vectors = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]


def vectors(rows: int, dimensions: int) -> Vectors:
    """Return unit rows around 200 centres that lie in 32 dimensions, as of a trained classifier."""
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(32, dimensions)).astype(np.float32)
    centres = rng.normal(size=(200, 32)).astype(np.float32) @ plane
    found = centres[rng.integers(200, size=rows)]
    found += rng.normal(scale=2.0, size=(rows, dimensions)).astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def ours(queries: Vectors, pool: Vectors, k: int) -> Indices:
    return nearest(queries, pool, k)


def scikit_learn(queries: Vectors, pool: Vectors, k: int) -> Indices:
    index = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(pool)
    found: Indices = index.kneighbors(queries, return_distance=False)
    return found


def scipy_tree(queries: Vectors, pool: Vectors, k: int) -> Indices:
    found: Indices = KDTree(pool).query(queries, k=k, workers=-1)[1]
    return found


def faiss(queries: Vectors, pool: Vectors, k: int) -> Indices:
    index = import_module("faiss").IndexFlatIP(pool.shape[1])
    index.add(pool)
    found: Indices = index.search(queries, k)[1]
    return found


METHODS: dict[str, Callable[[Vectors, Vectors, int], Indices]] = {
    "ours": ours,
    "scikit-learn brute": scikit_learn,
    "faiss flat": faiss,
    "scipy KDTree": scipy_tree,
}


def measure(method: str, rows: int, seeds: int, dimensions: int, k: int) -> dict[str, Any]:
    """Return the seconds of a method in this process, and what it found."""
    pool = vectors(rows, dimensions)
    queries = pool[np.random.default_rng(1).permutation(rows)[:seeds]]
    METHODS[method](queries[:2], pool[:100], k)  # imports and threads are not what is measured
    started = time.perf_counter()
    found = METHODS[method](queries, pool, k)
    seconds = time.perf_counter() - started
    return {
        "method": method,
        "pool": rows,
        "seeds": len(queries),
        "seconds": round(seconds, 3),
        "found": found,
    }


def main() -> None:
    """Print a Markdown table and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", default="20000,200000,1000000")
    parser.add_argument("--seeds", type=int, default=3_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--k", type=int, default=5)
    parser.add_argument("--tree-pool", type=int, default=20_000, help="largest pool for the tree")
    parser.add_argument("--repeats", type=int, default=3, help="medians are shown")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/neighbours.json"))
    given = parser.parse_args()
    rows = []
    print("| pool | seeds | method | seconds | same as ours |")
    print("|--:|--:|---|--:|--:|")
    for pool in (int(size) for size in given.pools.split(",")):
        expected = None
        for method in METHODS:
            if method == "scipy KDTree" and pool > given.tree_pool:
                continue
            if method == "faiss flat" and not find_spec("faiss"):
                continue
            arguments = (method, pool, given.seeds, given.dimensions, given.k)
            runs = [_alone(arguments) for _ in range(given.repeats)]
            row = sorted(runs, key=lambda run: float(run["seconds"]))[len(runs) // 2]
            found = row.pop("found")
            expected = found if expected is None else expected
            row["same"] = round(float((found == expected).mean()), 5)
            print(
                f"| {pool} | {row['seeds']} | {method} | {row['seconds']} | {row['same']:.3%} |",
                flush=True,
            )
            rows.append(row)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _alone(arguments: tuple[str, int, int, int, int]) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as process:
        return process.apply(measure, arguments)


if __name__ == "__main__":
    main()
