"""Measuring the rules of aggregation on the votes of real people, honestly.

1. Controls are scored as if they were items: five of their votes are drawn, as many as an item has,
   and their known labels are not used for them. Where workers are excluded, it is by the controls
   of the other folds alone.
2. Every method is also asked for one held-out vote an item; that needs no known label, and its
   ceiling is how much people agree.
3. All draws are seeded. Intervals are over controls or items, by bootstrap; the differences from
   majority are paired.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from annotation.aggregation import METHODS, aggregate
from annotation.agreement import Figure, alpha, pairwise_kappa, percent_agreement
from annotation.ballots import counted
from annotation.crowd import Pool
from annotation.quality import exclusions
from annotation.stage import Method, QualitySection
from annotation.tasks import CONTROL, ITEM
from annotation.workers import worker_table
from rupairs.text import share

_FOLDS = 5
_DRAWS = 1_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Measurement:
    """The rules that exclude workers, how often votes are drawn, and what is measured."""

    rules: QualitySection
    draws: int = 5
    seed: int = 0
    methods: tuple[Method, ...] = METHODS


def measure(pool: Pool, how: Measurement) -> Row:
    """Return every figure of one pool, ready for JSON."""
    frame, gold = pool.ballots, pool.gold
    items = frame[frame["kind"] == ITEM]
    controls = frame[frame["kind"] == CONTROL]
    counts = counted(items)
    workers = worker_table(frame, gold, how.rules.fast_seconds)
    out = {e.worker for e in exclusions(workers, how.rules) if not e.kept}
    right = controls["label"].to_numpy() == gold.reindex(controls["task"]).to_numpy()
    held_out = _held_out(items, how)
    return {
        "pool": pool.name,
        "items": len(counts.tasks),
        "votes": len(items),
        "workers": len(workers),
        "controls": len(gold),
        "control_votes": len(controls),
        "control_accuracy": round(float(right.mean()), 4) if len(right) else None,
        "percent_agreement": asdict(percent_agreement(counts.table, how.seed)),
        "krippendorff_alpha": asdict(alpha(counts.table, how.seed)),
        "cohen_kappa_pairwise": asdict(pairwise_kappa(items)),
        "excluded": len(out),
        "alpha_without_excluded": _alpha(items[~items["worker"].isin(out)], how.seed),
        "held_out": held_out,
        "same_label": _same(items, how),
        "gold": _scored(frame, gold, how, False),
        "gold_without_excluded": _scored(frame, gold, how, True),
    }


def _alpha(items: pd.DataFrame, seed: int) -> Row:
    return asdict(alpha(counted(items).table, seed) if len(items) else Figure(None))


def _held_out(items: pd.DataFrame, how: Measurement) -> dict[str, Row]:
    """Return how often each method, without one vote of every item, gives that vote's label."""
    order = _shuffled(items, how.seed, "held out")
    many = order.groupby("task")["label"].transform("size") >= 2
    last = order[many].drop_duplicates("task")
    rest = items.drop(index=last.index)
    right = np.zeros((len(how.methods), len(last)))
    for row, method in enumerate(how.methods):
        said = labels(rest, method, how.seed).reindex(last["task"])
        right[row] = said.to_numpy() == last["label"].to_numpy()
    return _compared(right, how)


def labels(frame: pd.DataFrame, method: Any, seed: int) -> "pd.Series[str]":
    """Return a label for every task: where a method cannot tell, one of the leading ones by hash.

    A method that abstains could not be compared with one that does not.
    """
    found = aggregate(frame, method, seed)["label"].astype(object)
    votes = counted(frame)
    for row in np.flatnonzero(found.isna()):
        leading = np.flatnonzero(votes.table[row] == votes.table[row].max())
        task = str(votes.tasks[row])
        found.iloc[row] = votes.labels[leading[int(share(task, seed, "tie") * len(leading))]]
    return found


def _same(items: pd.DataFrame, how: Measurement) -> dict[str, float]:
    """Return on which share of the items each method says what majority says."""
    majority = labels(items, "majority", how.seed)
    said = {method: labels(items, method, how.seed) for method in how.methods}
    return {m: round(float((found == majority).mean()), 4) for m, found in said.items()}


def _scored(
    frame: pd.DataFrame, gold: "pd.Series[str]", how: Measurement, exclude: bool
) -> dict[str, Row] | None:
    """Return each method's accuracy on controls and how it differs from majority's."""
    if gold.empty:
        return None
    right = np.zeros((len(how.methods), how.draws, len(gold)))
    for draw in range(how.draws):
        for columns, ballots in _rounds(frame, gold, how, draw, exclude):
            for row, method in enumerate(how.methods):
                said = labels(ballots, method, how.seed).reindex(gold.index[columns])
                right[row, draw, columns] = said.to_numpy() == gold.to_numpy()[columns]
    return _compared(right.mean(axis=1), how)


def _compared(right: Any, how: Measurement) -> dict[str, Row]:
    """Return each method's share of right answers (methods x tasks) and its lead over majority."""
    tasks = right.shape[1]
    if not tasks:
        unknown = asdict(Figure(None))
        return {m: {"accuracy": unknown, "beyond_majority": unknown} for m in how.methods}
    sample = np.random.default_rng(how.seed).integers(0, tasks, (_DRAWS, tasks))
    majority = right[how.methods.index("majority")]
    return {
        method: {
            "accuracy": _over(right[row], sample),
            "beyond_majority": _over(right[row] - majority, sample),
        }
        for row, method in enumerate(how.methods)
    }


def _over(values: Any, sample: Any) -> Row:
    low, high = np.percentile(values[sample].mean(axis=1), [2.5, 97.5])
    value, low, high = (round(float(v), 4) for v in (values.mean(), low, high))
    return asdict(Figure(value, low, high, len(values)))


def _rounds(
    frame: pd.DataFrame, gold: "pd.Series[str]", how: Measurement, draw: int, exclude: bool
) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Yield the controls to score and the ballots to do it with.

    With exclusion, the controls of a fold are scored with workers whom the other folds' controls
    let pass; a control all of whose voters are excluded keeps them.
    """
    items = frame[frame["kind"] == ITEM]
    drawn = _drawn(frame[frame["kind"] == CONTROL], items, how.seed, draw)
    places = np.arange(len(gold))
    if not exclude:
        yield places, pd.concat([items, drawn])
        return
    folds = np.array([int(share(task, how.seed, "fold") * _FOLDS) for task in gold.index])
    for fold in np.unique(folds):
        others = gold[folds != fold]
        known = frame[(frame["kind"] == ITEM) | frame["task"].isin(others.index)]
        broken = exclusions(worker_table(known, others, how.rules.fast_seconds), how.rules)
        both = pd.concat([items, drawn])
        passing = ~both["worker"].isin({e.worker for e in broken if not e.kept})
        lone = ~passing.groupby(both["task"]).transform("any")
        yield places[folds == fold], both[passing | lone]


def _drawn(controls: pd.DataFrame, items: pd.DataFrame, seed: int, draw: int) -> pd.DataFrame:
    """Return as many votes of every control as an item has, drawn by hash."""
    size = int(items.groupby("task").size().median())
    return _shuffled(controls, seed, f"control votes {draw}").groupby("task").head(size)


def _shuffled(frame: pd.DataFrame, seed: int, purpose: str) -> pd.DataFrame:
    """Return ballots by task, within a task in an order drawn by hash."""
    voters = zip(frame["task"], frame["worker"], strict=True)
    draws = [share(f"{task} {worker}", seed, purpose) for task, worker in voters]
    ordered = frame.assign(draw=draws).sort_values(["task", "draw", "worker"])
    return ordered.drop(columns="draw")


def below_majority(rows: list[Row]) -> list[str]:
    """Return a line for every method that is below majority somewhere."""
    found = []
    for row in rows:
        for name in ("gold", "gold_without_excluded", "held_out"):
            for method, figures in (row[name] or {}).items():
                beyond = figures["beyond_majority"]
                if beyond["value"] is not None and beyond["value"] < 0:
                    found.append(
                        f"{row['pool']}, {name.replace('_', ' ')}: {method} is "
                        f"{-100 * beyond['value']:.1f} points below majority "
                        f"({100 * beyond['low']:+.1f} to {100 * beyond['high']:+.1f})"
                    )
    return found
