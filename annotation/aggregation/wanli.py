"""WANLI's own rule: one annotation stands for the item, its label and its texts together.

1. Any discard discards the item.
2. All revised the texts, or none did: one of the annotations, drawn by hash.
3. Some did: one of those that changed punctuation or case only; if there is none, one of those that
   left the texts alone.

A disagreement on the label is therefore not dropped: one annotator's label is sampled. The rule is
written for two annotations an item; for more it is read as above. Liu et al., WANLI: Worker and AI
Collaboration for Natural Language Inference Dataset Creation (2022), and the authors' code.
"""

import pandas as pd

from annotation.ballots import KEPT, TOUCHED, counted
from annotation.page import DISCARD
from rupairs.text import share


def sampled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the sampled label of every task; the posterior is the share of votes for it."""
    picked = chosen(frame, seed).set_index("task")["label"].astype(object).sort_index()
    votes = counted(frame)
    picked[picked.index.isin(frame["task"][frame["label"] == DISCARD])] = DISCARD
    column = pd.Index(votes.labels).get_indexer(picked)
    times = votes.table[range(len(picked)), column]
    posterior = times / votes.table.sum(axis=1)
    return pd.DataFrame({"label": picked, "posterior": posterior})


def chosen(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the ballot of every task that steps 2 and 3 choose, sorted by task."""
    by = frame["revisions"].groupby(frame["task"])
    revised = frame["revisions"] > KEPT
    mixed = (by.transform("min") == KEPT) & (by.transform("max") > KEPT)
    touched = frame["revisions"] == TOUCHED
    some_touched = touched.groupby(frame["task"]).transform("any")
    eligible = frame[~mixed | (some_touched & touched) | (~some_touched & ~revised)]
    draws = [
        share(f"{task} {worker}", seed, "wanli")
        for task, worker in zip(eligible["task"], eligible["worker"], strict=True)
    ]
    ordered = eligible.assign(draw=draws).sort_values(["task", "draw", "worker"])
    return ordered.drop_duplicates("task").drop(columns="draw")
