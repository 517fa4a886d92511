"""Figures with bootstrap intervals: how well scores rank, how often a decision is right."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

RESAMPLES = 1_000
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A figure with the middle 95 % of its bootstrap."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


@dataclass(frozen=True)
class Decision:
    """How a yes-or-no decision agrees with the labels; a share without a denominator is None."""

    true_accepted: int
    false_accepted: int
    true_rejected: int
    false_rejected: int
    precision: Estimate | None
    recall: Estimate | None

    def facts(self) -> dict[str, Any]:
        """Return the counts and shares, ready for JSON."""
        return asdict(self)


def auc(positive: Sequence[float], negative: Sequence[float], seed: int) -> Estimate | None:
    """Return how often a positive scores above a negative, ties half; None if a side is empty.

    The bootstrap draws from either side apart, so that their sizes stay.
    """
    p, n = np.asarray(positive, np.float64), np.sort(np.asarray(negative, np.float64))
    if not len(p) or not len(n):
        return None
    rng = np.random.default_rng(seed)
    drawn = [_auc(rng.choice(p, len(p)), np.sort(rng.choice(n, len(n)))) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, _INTERVAL)
    return Estimate(_auc(p, n), float(low), float(high))


def _auc(positive: Values, negative: Values) -> float:
    """Return the rank statistic of Mann and Whitney over its maximum; `negative` is sorted."""
    below = np.searchsorted(negative, positive, "left")
    not_above = np.searchsorted(negative, positive, "right")
    return float((below + not_above).mean() / 2 / len(negative))


def decision(accepted: Sequence[bool], true: Sequence[bool], seed: int) -> Decision:
    """Return precision and recall of what was accepted, with intervals over resampled pairs."""
    a, t = np.asarray(accepted, bool), np.asarray(true, bool)
    cells = [int(np.sum(cell)) for cell in (a & t, a & ~t, ~a & ~t, ~a & t)]
    right, wrong, rightly_out, wrongly_out = cells
    total = sum(cells)
    rng = np.random.default_rng(seed)
    # Drawing pairs with replacement leaves counts that are multinomial over the four cells.
    shares = np.array(cells) / max(1, total)
    drawn = rng.multinomial(total, shares, RESAMPLES) if total else np.zeros((1, 4), np.int64)
    taken, to_take = drawn[:, 0] + drawn[:, 1], drawn[:, 0] + drawn[:, 3]
    return Decision(
        true_accepted=right,
        false_accepted=wrong,
        true_rejected=rightly_out,
        false_rejected=wrongly_out,
        precision=_share(right, right + wrong, drawn[:, 0], taken),
        recall=_share(right, right + wrongly_out, drawn[:, 0], to_take),
    )


def _share(
    part: int, whole: int, parts: npt.NDArray[np.int64], wholes: npt.NDArray[np.int64]
) -> Estimate | None:
    if not whole:
        return None
    there = wholes > 0
    low, high = np.percentile(parts[there] / wholes[there], _INTERVAL)
    return Estimate(part / whole, float(low), float(high))
