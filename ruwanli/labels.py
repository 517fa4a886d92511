"""Labels of NLI sets that do not agree on how many there are.

1. A model has three labels where any row is neutral or contradiction, else two.
2. A source with `not_entailment` has two labels: in a three-way model its `not_entailment` has the
   probability p(neutral) + p(contradiction), and its loss is the negative logarithm of that sum.
3. All measures of a row are over the labels of its own source.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")

Bools = npt.NDArray[np.bool_]


def model_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Return the labels of a model for rows that have `labels`."""
    return THREE_WAY if set(labels) & {"neutral", "contradiction"} else TWO_WAY


def two_way_rows(sources: Sequence[str], labels: Sequence[str]) -> Bools:
    """Return for each row whether its source has two labels."""
    rows = zip(sources, labels, strict=True)
    two_way = {source for source, label in rows if label == "not_entailment"}
    return np.array([source in two_way for source in sources], dtype=bool)


def gold_indices(labels: Sequence[str], two_way: Bools) -> npt.NDArray[np.int64]:
    """Return the place of each row's label among those of its source."""
    wide = {label: i for i, label in enumerate(THREE_WAY)}
    rows = zip(labels, two_way, strict=True)
    return np.array(
        [int(label != "entailment") if two else wide[label] for label, two in rows], dtype=np.int64
    )


def own_probabilities(
    probabilities: npt.NDArray[np.floating[Any]], two_way: Bools
) -> npt.NDArray[np.float64]:
    """Return probabilities, shape (..., rows, labels), over the labels of each row's source.

    Rows of a two-way source in a three-way model get (entailment, the other two, 0).
    """
    own = probabilities.astype(np.float64)
    if own.shape[-1] == len(THREE_WAY):
        own[..., two_way, 1] += own[..., two_way, 2]
        own[..., two_way, 2] = 0.0
    return own


def own_logits(logits: Any, two_way: Any) -> Any:
    """Return torch logits, shape (rows, labels), whose softmax is `own_probabilities`."""
    import torch

    if logits.shape[-1] != len(THREE_WAY):
        return logits
    either = torch.logsumexp(logits[:, 1:], dim=-1)
    folded = torch.stack((logits[:, 0], either, torch.full_like(either, -torch.inf)), dim=-1)
    return torch.where(two_way[:, None], folded, logits)
