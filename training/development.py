"""How a model does on held-out pairs: what chooses between models, never a test set.

Each source's held-out positives are searched for among all held-out passages of that source, hard
negatives included, with the prompts of training. Texts equal by key to another answer of the
query do not count against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.encoder import SentenceEncoder, Vectors
from training.table import Hashes
from training.views import View

# LM-Cocktail's: cosines are divided by it before the cross-entropy.
_TEMPERATURE = 0.05


@dataclass(frozen=True)
class Measured:
    """Mean reciprocal rank and mean cross-entropy, by kind of pair and of both kinds.

    A kind is the mean of its sources, the mean is that of the kinds there are.
    """

    symmetric: float | None
    asymmetric: float | None
    mean: float
    loss: float


def measure(model: Any, views: Sequence[View], batch_size: int) -> Measured:
    """Return how well a SentenceTransformer finds the positives of held-out views."""
    ranks: dict[bool, dict[str, list[tuple[float, int]]]] = {True: {}, False: {}}
    losses: list[tuple[float, int]] = []
    for view in views:
        rank, loss = _of_view(model, view, batch_size)
        ranks[view.symmetric].setdefault(view.source, []).append((rank, len(view)))
        losses.append((loss, len(view)))
    kinds = {
        symmetric: sum(_mean(of) for of in sources.values()) / len(sources)
        for symmetric, sources in ranks.items()
        if sources
    }
    mean = sum(kinds.values()) / len(kinds)
    return Measured(kinds.get(True), kinds.get(False), mean, _mean(losses))


def _mean(values: Sequence[tuple[float, int]]) -> float:
    return sum(value * count for value, count in values) / sum(count for _, count in values)


def _of_view(model: Any, view: View, batch_size: int) -> tuple[float, float]:
    columns = list(zip(*view.examples(range(len(view))), strict=True))
    prompts = [view.prompts.get(name, "") for name in view.columns]
    anchors, *passages = (
        SentenceEncoder(model, batch_size, prompt).encode(texts)
        for prompt, texts in zip(prompts, columns, strict=True)
    )
    scores = anchors @ np.concatenate(passages).T
    scores[_other_answers(view.keys)] = -np.inf
    return _reciprocal_rank(scores), _cross_entropy(scores)


def _other_answers(keys: Hashes) -> npt.NDArray[np.bool_]:
    """Return which (query, passage) are not to be counted, the query's own positive excepted.

    They are the query's text itself, and all that is equal to an answer of an equal query.
    """
    count = len(keys)
    queries, passages = keys[:, 0], keys[:, 1:].T.reshape(-1)
    same = queries[:, None] == queries[None, :]
    found: npt.NDArray[np.bool_] = queries[:, None] == passages[None, :]
    for number in range(count):
        answers = keys[same[number], 1]
        found[number] |= np.isin(passages, answers)
    found[np.arange(count), np.arange(count)] = False
    return found


def _reciprocal_rank(scores: Vectors) -> float:
    own = np.diag(scores)[:, None]
    # Of passages that score the same any may come first: vectors that are all one find nothing.
    ties = np.sum(scores == own, axis=1) - 1
    return float(np.mean(1 / (1 + np.sum(scores > own, axis=1) + ties / 2)))


def _cross_entropy(scores: Vectors) -> float:
    logits = scores.astype(np.float64) / _TEMPERATURE
    top = logits.max(axis=1, keepdims=True)
    total = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return float(np.mean(total - np.diag(logits)))
