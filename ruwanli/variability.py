"""Estimated max variability: how much a model's mind changes over training, without a gold label.

For a pair x the largest over labels y of the standard deviation over epochs e of p_e(y | x), with
p_e from the weights saved after epoch e (Liu et al. 2022, arXiv 2201.05955, section 2.4).
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ruwanli.classifier import checkpoints, load_weights, open_classifier


def estimated_max_variability(
    folder: Path, pairs: Sequence[tuple[str, str]]
) -> npt.NDArray[np.float32]:
    """Return the estimate of every (premise, hypothesis), shape (pairs,).

    `folder` is the directory of a finished `ruwanli.cartography`. One set of weights is in memory
    at a time. Raises `RupairsError` naming a file of weights that cannot be read.
    """
    classifier = open_classifier(folder)
    tokens = classifier.tokenize(pairs)
    by_epoch = []
    for path in checkpoints(folder):
        load_weights(classifier.model, path)
        by_epoch.append(classifier.probabilities(tokens))
    found: npt.NDArray[np.float32] = np.std(np.stack(by_epoch), axis=0).max(axis=1)
    return found
