"""Dawid and Skene: every worker has a confusion matrix, learned together with the labels.

Discard is a label among the others. Dawid and Skene, Maximum Likelihood Estimation of Observer
Error-Rates Using the EM Algorithm (1979), doi 10.2307/2346806; as implemented in crowd-kit.
"""

import warnings
from typing import Any

import pandas as pd

from annotation.ballots import in_time

_ITERATIONS = 100


def probabilities(frame: pd.DataFrame) -> pd.DataFrame:
    """Return tasks x labels, both sorted."""
    from crowdkit.aggregation import DawidSkene

    coded, tasks, labels = codes(frame)
    with warnings.catch_warnings():
        # It calls pandas in ways that pandas is giving up.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = DawidSkene(n_iter=_ITERATIONS).fit_predict_proba(coded)
    return named(found, tasks, labels)


def codes(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.Index, pd.Index]:
    """Return the ballots in numbers, in an order of their own, with the tasks and labels meant.

    The numbers count in order of appearance: crowd-kit's MACE pairs rows of a sorted table with
    workers in order of appearance, so that under any other order it mixes workers up.
    """
    rows = in_time(frame)
    coded: dict[str, Any] = {}
    names: dict[str, Any] = {}
    for column in ("task", "worker", "label"):
        coded[column], names[column] = pd.factorize(rows[column])
    return pd.DataFrame(coded), pd.Index(names["task"]), pd.Index(names["label"])


def named(found: pd.DataFrame, tasks: pd.Index, labels: pd.Index) -> pd.DataFrame:
    """Return the probabilities with the tasks and labels meant, sorted."""
    found = found.sort_index(axis=0).sort_index(axis=1)
    table = pd.DataFrame(found.to_numpy(), index=tasks, columns=labels)
    return table.rename_axis("task").sort_index(axis=0).sort_index(axis=1)
