"""Aggregating votes: every method on synthetic votes from stated workers, beside plain pandas.

    python -m benchmarks.annotation [--items 100000] [--votes 3] [--workers 62] [--seed 0]

Every method runs in a process of its own, on the same votes: `--items` items with `--votes` votes
each by different workers. A worker is right with a chance of their own, uniform in 0.6 to 0.95, and
else gives one of the other labels; one worker in ten answers anything. Labels are true with chances
0.40, 0.30, 0.20 and (discard) 0.10. Printed: seconds, the most memory at once and how much of it
the method took on top of the votes, and how often the true label comes out. `pandas mode` takes
the mode of every group; `pandas counts` counts labels by task and takes the largest.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from annotation.aggregation import METHODS, aggregate
from annotation.page import LABELS
from benchmarks.harvest_measure import machine

_TRUE = (0.4, 0.3, 0.2, 0.1)


def synthetic(items: int, votes: int, workers: int, seed: int) -> tuple[pd.DataFrame, Any]:
    """Return ballots and the true label of every task."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(LABELS), items, p=_TRUE)
    right = rng.uniform(0.6, 0.95, workers)
    right[: workers // 10] = 1 / len(LABELS)
    # Different workers for an item: consecutive ones on a circle from a random place.
    first = rng.integers(0, workers, items)
    step = rng.integers(1, max(workers // votes, 2), items)
    worker = (first[:, None] + step[:, None] * np.arange(votes)) % workers
    task = np.repeat(np.arange(items), votes)
    worker = worker.ravel()
    wrong = (truth[task] + rng.integers(1, len(LABELS), len(task))) % len(LABELS)
    label = np.where(rng.random(len(task)) < right[worker], truth[task], wrong)
    names = pd.Series([f"pair-{n:09d}" for n in range(items)])
    frame = pd.DataFrame(
        {
            "task": names.to_numpy()[task],
            "worker": np.array([f"worker-{n:03d}" for n in range(workers)])[worker],
            "label": np.array(LABELS)[label],
            "seconds": 9.0,
            "kind": "item",
            "created_at": "2026-03-01T09:00:00Z",
            # One vote in thirty touches the punctuation, one in a hundred the words.
            "revisions": rng.choice(3, len(task), p=[0.957, 0.033, 0.01]),
        }
    )
    return frame, pd.Series(np.array(LABELS)[truth], index=names)


def _mode(frame: pd.DataFrame) -> Any:
    return frame.groupby("task")["label"].agg(lambda votes: votes.mode()[0])


def _counts(frame: pd.DataFrame) -> Any:
    return frame.groupby(["task", "label"]).size().unstack(fill_value=0).idxmax(axis=1)


def _runners() -> dict[str, Callable[[pd.DataFrame], Any]]:
    runners: dict[str, Callable[[pd.DataFrame], Any]] = {
        "pandas mode": _mode,
        "pandas counts": _counts,
    }
    for method in METHODS:
        runners[method] = lambda frame, method=method: aggregate(frame, method)["label"]
    return runners


def _one(name: str, frame: pd.DataFrame, truth: Any) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    labels = _runners()[name](frame)
    seconds = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "method": name,
        "votes": len(frame),
        "seconds": round(seconds, 2),
        "peak_mb": round(most / 1024),
        "added_mb": round((most - before) / 1024),
        "decided": round(float(labels.notna().mean()), 4),
        "right": round(float((labels.reindex(truth.index) == truth).mean()), 4),
    }


def main() -> None:
    """Run every method and print a table, or one method and its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--votes", type=int, default=3)
    parser.add_argument("--workers", type=int, default=62)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(_runners()))
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/annotation.json"))
    arguments = parser.parse_args()
    size = (arguments.items, arguments.votes, arguments.workers, arguments.seed)
    if arguments.only:
        print(json.dumps(_one(arguments.only, *synthetic(*size))))
        return
    print("| method | votes | seconds | peak MB | added MB | decided | right |")
    print("|---|--:|--:|--:|--:|--:|--:|", flush=True)
    named = zip(("items", "votes", "workers", "seed"), size, strict=True)
    numbers = [f"--{name}={value}" for name, value in named]
    found = []
    for name in _runners():
        command = [sys.executable, "-m", "benchmarks.annotation", *numbers, "--only", name]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
        print(f"| {' | '.join(map(str, found[-1].values()))} |", flush=True)
    settings = {"items": size[0], "votes": size[1], "workers": size[2], "seed": size[3]}
    result = {"machine": machine(os.cpu_count() or 1), "settings": settings, "methods": found}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
