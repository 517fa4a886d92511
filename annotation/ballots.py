"""Ballots: votes as one table, a row a vote, in the shape that crowd-kit takes.

Columns: `task` (what was judged: the pair's id, the same for an item and its repeats), `worker`,
`label`, `seconds`, `kind` (item, control, repeat, adjudication), `created_at` (when the answer was
given, whatever became of it), `changed_at`, `revisions` (`KEPT`, `TOUCHED` or `REWORDED`). The
index is the row in the table of votes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from annotation.page import REVISED
from annotation.tasks import ITEM, REPEAT
from rupairs.text import key

KEPT, TOUCHED, REWORDED = 0, 1, 2
"""A voter left both texts alone, changed their punctuation or case only, or changed words."""

_PLAIN = ["seconds", "kind", "created_at", "changed_at", "label"]

Texts = Mapping[str, Mapping[str, Any]]


def ballots(votes: pa.Table, texts: Texts) -> pd.DataFrame:
    """Return rows of `VOTE_SCHEMA` as ballots; `texts` has each pair's premise and hypothesis."""
    revised = [votes.column(name).to_pylist() for name in REVISED.values()]
    pairs = votes.column("pair_id").to_pylist()
    columns = {name: votes.column(name).to_pandas() for name in _PLAIN}
    return pd.DataFrame(
        {
            "task": votes.column("pair_id").to_pandas(),
            "worker": votes.column("annotator").to_pandas(),
            **columns,
            "revisions": [
                _revision(texts.get(pair, {}), dict(zip(REVISED, new, strict=True)))
                for pair, *new in zip(pairs, *revised, strict=True)
            ],
        }
    )


def _revision(texts: Mapping[str, Any], revised: Mapping[str, str | None]) -> int:
    changed = {name: new for name, new in revised.items() if new}
    if not changed:
        return KEPT
    same = all(key(new) == key(texts.get(name, "")) for name, new in changed.items())
    return TOUCHED if same else REWORDED


def in_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ballots by task, in the order they were cast; the order of the rows has no part."""
    return frame.sort_values(["task", "created_at", "worker", "kind", "label"], kind="stable")


def deciding(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the ballots that decide items: each worker's first on it, whether item or repeat."""
    judged = in_time(frame[frame["kind"].isin([ITEM, REPEAT])])
    return judged.drop_duplicates(["task", "worker"])


@dataclass(frozen=True)
class Counted:
    """How many votes each label has: `table` is tasks x labels, both in sorted order.

    `task` and `label` are the row and the column of each ballot.
    """

    tasks: "pd.Index[Any]"
    labels: tuple[str, ...]
    table: NDArray[np.int64]
    task: NDArray[np.int64]
    label: NDArray[np.int64]


def counted(frame: pd.DataFrame) -> Counted:
    """Return the votes counted by task and label."""
    task, tasks = pd.factorize(frame["task"], sort=True)
    label, labels = pd.factorize(frame["label"], sort=True)
    cells = np.bincount(task * len(labels) + label, minlength=len(tasks) * len(labels))
    table = cells.reshape(len(tasks), len(labels))
    return Counted(pd.Index(tasks), tuple(map(str, labels)), table, task, label)
