"""Agreement: how far the votes on the same items coincide, and how sure that figure is.

1. Items with the same counts of labels are alike to every figure here, so all of it is computed
   over the few distinct patterns of counts and how often each occurs.
2. Intervals are percentiles over resampled items. Drawing n items with replacement is drawing the
   patterns' frequencies from a multinomial, which costs the same for a hundred items or a million.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotation.ballots import KEPT, counted, in_time

Array = NDArray[np.float64]
DRAWS = 1_000
MIN_COMMON = 10
"""Items that two workers share before their kappa says something."""


@dataclass(frozen=True)
class Figure:
    """A figure, its 95 % interval over items, and what it was computed from; None: not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None
    items: int = 0


def percent_agreement(counts: NDArray[np.int64], seed: int = 0) -> Figure:
    """Return the share of pairs of votes on one item that are equal, averaged over items.

    `counts` is items x labels; items with one vote have no part. Fleiss's observed agreement.
    """
    patterns, often = _patterns(counts)
    value = _percent(patterns, often[None, :])[0] if len(often) else np.nan
    return _figure(float(value), patterns, often, _percent, seed)


def alpha(counts: NDArray[np.int64], seed: int = 0) -> Figure:
    """Return Krippendorff's alpha for nominal labels; 1 is perfect, 0 is chance.

    Not defined when no item has two votes, or all those votes are one label, so that there is no
    disagreement to expect. Krippendorff, Content Analysis (2004), chapter 11.
    """
    import krippendorff

    patterns, often = _patterns(counts)
    value = np.nan
    if np.count_nonzero(patterns.sum(axis=0)) >= 2:
        rows = counts[counts.sum(axis=1) >= 2]
        value = krippendorff.alpha(value_counts=rows, level_of_measurement="nominal")
    return _figure(float(value), patterns, often, _alpha, seed)


def kappa(frame: pd.DataFrame, seed: int = 0) -> Figure:
    """Return Cohen's kappa between the first and the second vote, as WANLI reports agreement.

    Over the items with exactly two votes, neither of which revised a text. Liu et al., WANLI
    (2022), section 3.4.
    """
    votes = frame.groupby("task")["revisions"].agg(["size", "max"])
    tasks = votes.index[(votes["size"] == 2) & (votes["max"] == KEPT)]
    pairs = in_time(frame[frame["task"].isin(tasks)])
    label, labels = pd.factorize(pairs["label"], sort=True)
    k = max(len(labels), 1)
    cells = np.bincount(label[0::2] * k + label[1::2], minlength=k * k)

    def statistic(_: Array, weights: Array) -> Array:
        return cohen(weights.reshape(-1, k, k))

    often = cells.astype(float)
    value = float(statistic(often, often)[0])
    return _figure(value, np.eye(k * k), often, statistic, seed)


def pairwise_kappa(frame: pd.DataFrame, min_common: int = MIN_COMMON) -> Figure:
    """Return Cohen's kappa averaged over pairs of workers, weighted by the items they share.

    `items` is the number of pairs of workers; it has no interval.
    """
    rows = in_time(frame)
    task = pd.factorize(rows["task"])[0]
    worker, workers = pd.factorize(rows["worker"], sort=True)
    label, labels = pd.factorize(rows["label"], sort=True)
    k = max(len(labels), 1)
    found: list[NDArray[np.int64]] = []
    for lag in range(1, int(np.bincount(task).max(initial=1))):
        same = np.flatnonzero(task[lag:] == task[:-lag])
        ahead = worker[same] < worker[same + lag]
        one, two = np.where(ahead, same, same + lag), np.where(ahead, same + lag, same)
        who = worker[one] * len(workers) + worker[two]
        found.append(np.stack([who, label[one] * k + label[two]]))
    who, cell = np.concatenate(found, axis=1) if found else np.zeros((2, 0), dtype=np.int64)
    couples, couple = np.unique(who, return_inverse=True)
    tables = np.bincount(couple * k * k + cell, minlength=len(couples) * k * k).reshape(-1, k, k)
    common = tables.sum(axis=(1, 2))
    tables, common = tables[common >= min_common], common[common >= min_common]
    values = cohen(tables.astype(float))
    known = np.isfinite(values)
    if not known.any():
        return Figure(None)
    mean = np.average(values[known], weights=common[known])
    return Figure(round(float(mean), 6), items=int(known.sum()))


def cohen(tables: Array) -> Array:
    """Return Cohen's kappa of contingency tables (... x k x k); NaN where chance is certain.

    Cohen, A coefficient of agreement for nominal scales (1960), doi 10.1177/001316446002000104.
    """
    total = tables.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(tables, axis1=1, axis2=2) / total
        expected = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1) / total**2
        found: Array = np.where(expected < 1, (observed - expected) / (1 - expected), np.nan)
    return found


def _patterns(counts: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the distinct rows with two votes or more, and how often each occurs."""
    rows = counts[counts.sum(axis=1) >= 2]
    patterns, often = np.unique(rows, axis=0, return_counts=True)
    return patterns.astype(float), often.astype(float)


def _percent(patterns: Array, weights: Array) -> Array:
    votes = patterns.sum(axis=1)
    equal = (patterns * (patterns - 1)).sum(axis=1) / (votes * (votes - 1))
    shares: Array = weights @ equal / weights.sum(axis=1)
    return shares


def _alpha(patterns: Array, weights: Array) -> Array:
    votes = patterns.sum(axis=1)
    differing = (votes**2 - (patterns**2).sum(axis=1)) / (votes - 1)
    labels = weights @ patterns
    total = labels.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (total**2 - (labels**2).sum(axis=1)) / (total - 1)
        found: Array = np.where(expected > 0, 1 - weights @ differing / expected, np.nan)
    return found


def _figure(
    value: float,
    patterns: Array,
    often: Array,
    statistic: Callable[[Array, Array], Array],
    seed: int,
) -> Figure:
    items = int(often.sum())
    if not np.isfinite(value):
        return Figure(None, items=items)
    drawn = np.random.default_rng(seed).multinomial(items, often / items, size=DRAWS)
    values = statistic(patterns, drawn.astype(float))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Figure(round(value, 6), round(float(low), 6), round(float(high), 6), items)


def agreements(frame: pd.DataFrame, seed: int = 0) -> dict[str, Figure]:
    """Return every figure of agreement for ballots on items."""
    counts = counted(frame).table
    return {
        "percent_agreement": percent_agreement(counts, seed),
        "krippendorff_alpha": alpha(counts, seed),
        "cohen_kappa": kappa(frame, seed),
        "cohen_kappa_pairwise": pairwise_kappa(frame),
    }
