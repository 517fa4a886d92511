"""MACE: every worker either knows the label or spams by a habit of their own.

Discard is a label among the others. Hovy et al., Learning Whom to Trust with MACE (2013),
aclanthology.org/N13-1132; as implemented in crowd-kit, but for the start: crowd-kit's restarts
all draw the same numbers, dealt out in order of appearance, so that the order of the rows would
matter and ten restarts cost ten times as much as one. Here all workers start alike, once.
"""

import warnings

import numpy as np
import pandas as pd

from annotation.aggregation.dawid_skene import codes, named

_ITERATIONS = 50


def probabilities(frame: pd.DataFrame) -> pd.DataFrame:
    """Return tasks x labels, both sorted."""
    from crowdkit.aggregation import MACE

    class Even(MACE):  # type: ignore[misc]
        def _initialize(self, n_workers: int, n_labels: int) -> None:
            super()._initialize(n_workers, n_labels)
            self.spamming_ = np.full((n_workers, 2), 1 / 2)
            self.thetas_ = np.full((n_workers, n_labels), 1 / n_labels)

    coded, tasks, labels = codes(frame)
    with warnings.catch_warnings():
        # It calls pandas in ways that pandas is giving up.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = Even(n_restarts=1, n_iter=_ITERATIONS).fit_predict_proba(coded)
    return named(found, tasks, labels)
