"""Aggregation: from the votes on an item to one label and how probable it is, one rule a file.

Every rule takes ballots and returns a frame indexed by task, sorted: `label` (None where the rule
cannot tell) and `posterior`.
"""

from typing import Any, get_args

import pandas as pd

from annotation.stage import Method

METHODS: tuple[Method, ...] = get_args(Method)
_MARGIN = 1e-6


def aggregate(frame: pd.DataFrame, method: Method, seed: int = 0) -> pd.DataFrame:
    """Return the label of every task by a method; rows in another order change nothing."""
    from annotation.aggregation import dawid_skene, mace, majority, wanli

    if frame.empty:
        return verdicts(pd.DataFrame(index=pd.Index([], name="task")), None)
    if method == "majority":
        return majority.strict(frame)
    if method == "wanli":
        return wanli.sampled(frame, seed)
    probabilities = (dawid_skene if method == "dawid_skene" else mace).probabilities(frame)
    return most_probable(probabilities)


def verdicts(probabilities: pd.DataFrame, labels: Any) -> pd.DataFrame:
    """Return the frame of labels and their posteriors, the largest of each row."""
    best = probabilities.max(axis=1).astype(float)
    return pd.DataFrame({"label": labels, "posterior": best}, index=probabilities.index)


def most_probable(probabilities: pd.DataFrame) -> pd.DataFrame:
    """Return the most probable label of each task; None where two are equally so."""
    values = probabilities.to_numpy()
    best = values.max(axis=1, keepdims=True)
    single = (values >= best - _MARGIN).sum(axis=1) == 1
    labels = pd.Series(probabilities.columns.to_numpy()[values.argmax(axis=1)], dtype=object)
    return verdicts(probabilities, labels.where(single, None).to_numpy())
