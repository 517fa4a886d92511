"""The shift: cosines of pairs before and after a group of encoders was trained.

Training on hard negatives should move them away from their anchors. One curve moving is not
separation, so for every set and encoder both are measured: AUC (how often a pair that says the
same beats one that does not) and how much of the two histograms overlaps. Figures of the group are
means over its encoders; so are the histograms of the plot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from ruhnp.contrast import PairSet, Texts
from ruhnp.shift_encoders import Used
from rupairs.encoder import Encoder

Cosines = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]

LEAST_BINS, BINS = 4, 20
_BATCH = 2_048


@dataclass(frozen=True)
class Similarities:
    """Cosines of the pairs of one set under one encoder."""

    positive: Cosines
    negative: Cosines

    def both(self) -> Cosines:
        """Return all cosines."""
        return np.concatenate([self.positive, self.negative])


@dataclass(frozen=True)
class Separation:
    """How far the two sides stand apart; `overlap` is 1 for equal histograms."""

    auc: float
    overlap: float
    mean_positive: float
    mean_negative: float
    gap: float


def similarities(encoder: Encoder, pairs: Sequence[PairSet]) -> list[Similarities]:
    """Return the cosines of every set under an encoder; each text is encoded once."""
    texts = sorted(set[str]().union(*(p.texts() for p in pairs)))
    place = {text: i for i, text in enumerate(texts)}
    parts = [encoder.encode(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
    vectors = np.concatenate(parts)

    def cosines(of: Sequence[Texts]) -> Cosines:
        first, second = ([place[pair[side]] for pair in of] for side in (0, 1))
        found: Cosines = np.sum(vectors[first] * vectors[second], axis=1)
        return found

    return [Similarities(cosines(p.positive), cosines(p.negative)) for p in pairs]


def separation(found: Similarities) -> Separation:
    """Return how far the two sides stand apart."""
    positive, negative = found.positive, np.sort(found.negative)
    below = np.searchsorted(negative, positive, "left")
    not_above = np.searchsorted(negative, positive, "right")
    means = float(positive.mean()), float(negative.mean())
    return Separation(
        auc=float((below + not_above).mean() / 2 / len(negative)),
        overlap=_overlap(found),
        mean_positive=means[0],
        mean_negative=means[1],
        gap=means[0] - means[1],
    )


def bins(found: Similarities) -> int:
    """Return the root of the smaller side's size, from `LEAST_BINS` to `BINS`.

    With more, the few pairs of a small set would stand apart in bins of their own.
    """
    root = isqrt(min(len(found.positive), len(found.negative)))
    return min(BINS, max(LEAST_BINS, root))


def _overlap(found: Similarities) -> float:
    """Return the shared area of the two histograms over their common range."""
    edges = np.histogram_bin_edges(found.both(), bins=bins(found))
    return float(np.minimum(shares(found.positive, edges), shares(found.negative, edges)).sum())


def shares(cosines: Cosines, edges: npt.NDArray[Any]) -> Shares:
    """Return the share of the cosines in each bin."""
    counted: Shares = np.histogram(cosines, edges)[0] / len(cosines)
    return counted


def mean_of(found: Sequence[Separation]) -> Separation:
    """Return the mean of each figure over the encoders of a group."""
    values = {f.name: [getattr(s, f.name) for s in found] for f in fields(Separation)}
    return Separation(**{name: float(np.mean(v)) for name, v in values.items()})


def figures(
    pairs: Sequence[PairSet],
    encoders: Mapping[str, Sequence[Used]],
    found: Mapping[str, Sequence[Sequence[Similarities]]],
) -> list[dict[str, Any]]:
    """Return a row a set, when ("before", "after") and encoder; the group's mean comes last.

    Encoders are numbered from 1, for trained ones tend to lie in folders of the same name; the
    mean has no number.
    """
    rows: list[dict[str, Any]] = []
    for place, chosen in enumerate(pairs):
        sizes = {"positives": len(chosen.positive), "negatives": len(chosen.negative)}
        for when, group in found.items():
            each = [separation(of_model[place]) for of_model in group]
            told: list[tuple[int | None, str, Separation]] = [
                (number, used.id, figure)
                for number, (used, figure) in enumerate(zip(encoders[when], each, strict=True), 1)
            ]
            for number, model, figure in [*told, (None, "mean", mean_of(each))]:
                named = {"set": chosen.name, "when": when, "encoder": number, "model": model}
                rows.append(named | sizes | asdict(figure))
    return rows
