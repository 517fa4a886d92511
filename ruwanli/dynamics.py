"""Training dynamics: what the probabilities of a row over the epochs say about it.

Swayamdipta et al., Dataset Cartography, EMNLP 2020 (arXiv 2009.10795); the max variability is of
Liu et al. 2022 (arXiv 2201.05955). All deviations are those of a population.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dynamics:
    """The measures of every row, shape (rows,), and its gold probabilities, (rows, epochs)."""

    confidence: Floats
    variability: Floats
    correctness: npt.NDArray[np.int64]
    max_variability: Floats
    gold: Floats


def dynamics(
    probabilities: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int64]
) -> Dynamics:
    """Return the measures of rows.

    `probabilities` has the shape (epochs, rows, labels), `labels` the gold label's place.
    """
    wide = probabilities.astype(np.float64)
    gold = np.take_along_axis(wide, labels[None, :, None], axis=-1)[..., 0]
    return Dynamics(
        confidence=gold.mean(axis=0),
        variability=gold.std(axis=0),
        correctness=(wide.argmax(axis=-1) == labels).sum(axis=0),
        max_variability=wide.std(axis=0).max(axis=-1),
        gold=gold.T,
    )


def accuracy(
    probabilities: npt.NDArray[np.floating[Any]], labels: npt.NDArray[np.int64]
) -> list[float | None]:
    """Return the share of rows that are right after each epoch; None where there are no rows."""
    if not len(labels):
        return [None] * len(probabilities)
    right = (probabilities.argmax(axis=-1) == labels).mean(axis=-1)
    return [round(float(share), 4) for share in right]
