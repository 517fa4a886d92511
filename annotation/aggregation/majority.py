"""Strict majority: the label of more than half of the votes; the posterior is their share."""

import pandas as pd

from annotation.aggregation import verdicts
from annotation.ballots import counted


def strict(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the strict majority of every task, None without one."""
    votes = counted(frame)
    table = votes.table
    shares = pd.DataFrame(table / table.sum(axis=1, keepdims=True), index=votes.tasks)
    labels = pd.Series([votes.labels[n] for n in table.argmax(axis=1)], dtype=object)
    wins = 2 * table.max(axis=1) > table.sum(axis=1)
    return verdicts(shares.rename_axis("task"), labels.where(wins, None).to_numpy())
