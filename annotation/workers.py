"""Workers: one row a person, of what can be said about the care they take."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotation.ballots import KEPT, counted, deciding, in_time
from annotation.page import DISCARD
from annotation.tasks import CONTROL, ITEM, REPEAT

_Z = 1.959964
"""The normal quantile of a 95 % interval."""


def worker_table(
    frame: pd.DataFrame, gold: "pd.Series[str]", fast_seconds: float = 2.0
) -> pd.DataFrame:
    """Return a row a worker, sorted by name; a figure for which data lack is NaN.

    `gold` has the label of controls by task. Columns: `votes` of any kind, `items` judged,
    `controls`, `control_accuracy` with `control_low` and `control_high` (Wilson), `repeats` and
    `self_agreement` (later answers to the same pair that equal the first), `timed` votes,
    `median_seconds`, `fast_share` (under `fast_seconds`), `entropy` of the labels in bits,
    `discard_share`, `revision_share`, and `others` with `majority_agreement`: votes on items where
    the others have a majority, and the share of these that go with it. Entropy and the shares of
    discards and revisions are over the items.
    """
    names = pd.Index(sorted(frame["worker"].unique()), name="worker")
    table = pd.DataFrame({"votes": frame.groupby("worker").size().reindex(names)})
    table = table.join([_controls(frame, gold), _repeats(frame), _seconds(frame, fast_seconds)])
    items = deciding(frame)
    by = items.groupby("worker")
    table["items"] = by.size()
    labels = items.groupby(["worker", "label"]).size()
    shares = labels / labels.groupby("worker").transform("sum")
    table["entropy"] = (-shares * np.log2(shares)).groupby("worker").sum().abs()
    table["discard_share"] = (items["label"] == DISCARD).groupby(items["worker"]).mean()
    table["revision_share"] = by["revisions"].agg(lambda r: float((r > KEPT).mean()))
    table = table.join(_others(items))
    for count in ("items", "controls", "repeats", "timed", "others"):
        table[count] = table[count].fillna(0).astype(int)
    return table


def wilson(right: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 95 % score intervals of shares, 2 x n. Wilson (1927)."""
    share, z2 = right / total, _Z**2
    middle = share + z2 / (2 * total)
    half = _Z * np.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    bounds: NDArray[np.float64] = np.array([middle - half, middle + half]) / (1 + z2 / total)
    return bounds.clip(0, 1)


def _controls(frame: pd.DataFrame, gold: "pd.Series[str]") -> pd.DataFrame:
    votes = frame[(frame["kind"] == CONTROL) & frame["task"].isin(gold.index)]
    right = votes["label"].to_numpy() == gold.reindex(votes["task"]).to_numpy()
    found = pd.DataFrame({"worker": votes["worker"], "right": right.astype(float)})
    counts = found.groupby("worker")["right"].agg(["sum", "size"]).astype(float)
    low, high = wilson(counts["sum"].to_numpy(), counts["size"].to_numpy())
    return pd.DataFrame(
        {
            "controls": counts["size"],
            "control_accuracy": counts["sum"] / counts["size"],
            "control_low": low,
            "control_high": high,
        },
        index=counts.index,
    )


def _repeats(frame: pd.DataFrame) -> pd.DataFrame:
    answers = in_time(frame[frame["kind"].isin([ITEM, REPEAT])])
    first = answers.groupby(["task", "worker"], sort=False)["label"].transform("first")
    later = answers.duplicated(["task", "worker"])
    same = (answers["label"] == first)[later].groupby(answers["worker"][later])
    return pd.DataFrame({"repeats": same.size(), "self_agreement": same.mean()})


def _seconds(frame: pd.DataFrame, fast: float) -> pd.DataFrame:
    seconds = frame["seconds"].astype(float)
    timed = seconds[seconds.notna()].groupby(frame["worker"])
    quick = (seconds[seconds.notna()] < fast).groupby(frame["worker"])
    figures = {"timed": timed.size(), "median_seconds": timed.median(), "fast_share": quick.mean()}
    return pd.DataFrame(figures)


def _others(items: pd.DataFrame) -> pd.DataFrame:
    """Return how often each worker goes with the majority of the others on the item."""
    votes = counted(items)
    others = votes.table[votes.task]
    others[np.arange(len(others)), votes.label] -= 1
    most = others.max(axis=1, initial=0)
    decided = (most > 0) & ((others == most[:, None]).sum(axis=1) == 1)
    agrees = others[np.arange(len(others)), votes.label] == most
    by = pd.Series(agrees[decided]).groupby(items["worker"].to_numpy()[decided])
    found = pd.DataFrame({"others": by.size(), "majority_agreement": by.mean()})
    return found.rename_axis("worker")
