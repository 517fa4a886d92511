"""Would another threshold do better? It is looked for on one part of a set and tried on the other.

1. The checks of a kind are made as set, all but the one threshold: a pair is accepted if nothing
   else fails and its score is on the right side.
2. On the development part the best value is the one that balances best: the mean of the share of
   right pairs that are accepted and the share of wrong pairs that are not. That does not depend on
   how many pairs of a set are right. Of values that balance alike, the nearest to what is set.
3. Beside it stands what both values do on the part held out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ruhnp.measuring.chain import RIGHT, Tried
from ruhnp.measuring.labelled import BETWEEN
from ruhnp.stage import VerifySection

Scores = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_COSINES = tuple(n / 100 for n in range(50, 101))
_PROBABILITIES = tuple(n / 20 for n in range(1, 20))


@dataclass(frozen=True)
class Effect:
    """What the checks do to the clear pairs of a part under one value; None: it is off."""

    value: float | None
    precision: float | None
    recall: float
    balance: float


@dataclass(frozen=True)
class Choice:
    """A threshold as it is set, then at its best on the development part, in both parts.

    A part that lacks right or wrong pairs is empty; without a development part there is no best.
    """

    setting: str
    development: tuple[Effect, ...]
    held_out: tuple[Effect, ...]


@dataclass(frozen=True)
class _Threshold:
    """A setting, the check it belongs to, and which values are tried."""

    setting: str
    kind: str
    check: str
    used: float | None
    values: Sequence[float]
    score: Callable[[Tried], float | None]

    def fits(self, scores: Scores, value: float) -> Flags:
        """Return which scores pass, as the check itself decides."""
        if self.setting.startswith("min_"):
            return scores >= value
        return scores <= value if self.check == "too_similar" else scores < value


def choices(tried: Mapping[str, Sequence[Tried]], config: VerifySection) -> list[Choice]:
    """Return a choice for each threshold that is switched on; `tried` has the pairs of each kind.

    The ceiling of negatives is tried even when none is set.
    """
    return [_choice(t, tried[t.kind]) for t in _thresholds(config) if config.wants(t.check)]


def _thresholds(config: VerifySection) -> Iterator[_Threshold]:
    low, high = config.min_positive_similarity, config.max_negative_similarity
    tried = _COSINES, _similarity
    yield _Threshold("min_positive_similarity", "positive", "not_similar", low, *tried)
    yield _Threshold("max_negative_similarity", "negative", "too_similar", high, *tried)
    if judge := config.judge:
        given = _PROBABILITIES, _entailment
        low, high = judge.min_positive_entailment, judge.max_negative_entailment
        yield _Threshold("min_positive_entailment", "positive", "not_entailed", low, *given)
        yield _Threshold("max_negative_entailment", "negative", "entailed_both_ways", high, *given)


def _similarity(t: Tried) -> float:
    return t.seen.similarity


def _entailment(t: Tried) -> float | None:
    return t.seen.verdict.both


@dataclass(frozen=True)
class _Part:
    """The clear pairs of a part: score, whether it is right, whether only this check may fail."""

    scores: Scores
    right: Flags
    passing: Flags

    def effect(self, threshold: _Threshold, value: float | None) -> Effect:
        accepted = self.passing
        if value is not None:
            accepted = accepted & threshold.fits(self.scores, value)
        taken = int(accepted.sum())
        recall = float((accepted & self.right).sum() / self.right.sum())
        kept_out = float((~accepted & ~self.right).sum() / (~self.right).sum())
        return Effect(
            value=value,
            precision=float((accepted & self.right).sum() / taken) if taken else None,
            recall=recall,
            balance=(recall + kept_out) / 2,
        )


def _choice(threshold: _Threshold, given: Sequence[Tried]) -> Choice:
    development, held_out = (_part(threshold, given, side) for side in (False, True))
    values = [threshold.used]
    if development:
        values.append(_best(threshold, development))
    told = [
        tuple(p.effect(threshold, v) for v in values) if p else () for p in (development, held_out)
    ]
    return Choice(threshold.setting, *told)


def _best(threshold: _Threshold, part: _Part) -> float | None:
    used = threshold.used
    near = 1.0 if used is None else used

    def merit(value: float | None) -> tuple[float, float]:
        return part.effect(threshold, value).balance, -abs(near - (1.0 if value is None else value))

    return max((used, *threshold.values), key=merit)


def _part(threshold: _Threshold, given: Sequence[Tried], held_out: bool) -> _Part | None:
    clear = [
        (score, t.label == RIGHT[threshold.kind], t.faults <= {threshold.check})
        for t in given
        if t.seen.pair.held_out == held_out
        and t.label != BETWEEN
        and (score := threshold.score(t)) is not None
    ]
    right = {r for _, r, _ in clear}
    if right != {True, False}:
        return None
    scores, rights, passing = zip(*clear, strict=True)
    return _Part(np.array(scores), np.array(rights), np.array(passing))
