"""What the measures of charted rows tell of planted labels and of rows people disagreed on."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

LOWEST, DRAWS = 0.05, 1_000
_MEASURES = ("confidence", "correctness", "variability", "max_variability")

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]


def measured(
    rows: list[dict[str, Any]], charted: list[dict[str, Any]], seed: int, draws: int = DRAWS
) -> dict[str, Any]:
    """Return how well the dynamics of `charted` tell what is known of `rows`, by pair_id."""
    by_id = {row["pair_id"]: row for row in rows}
    known = [by_id[row["pair_id"]] for row in charted]
    columns = {name: np.array([row[name] for row in charted], float) for name in _MEASURES}
    signs = {f"low {name}": -columns[name] for name in ("confidence", "correctness")}
    signs |= {name: columns[name] for name in ("variability", "max_variability")}
    premises = np.array([row["premise"] for row in known])
    labels = np.array([row["label"] for row in known])
    planted = np.array([row["planted"] for row in known], bool)
    divided = np.array([len(set(row["votes"])) > 1 for row in known], bool)
    minority = np.array([row["votes"].count(row["gold"]) < 3 for row in known], bool)
    found = []
    for kind, hits, among, names in (
        ("planted wrong label", planted, planted | True, ("low confidence", "low correctness")),
        ("label of a minority", minority, ~planted, ("low confidence", "low correctness")),
        ("not unanimous", divided, ~planted, ("variability", "max_variability", "low confidence")),
    ):
        for name in names:
            score, hit = signs[name][among], hits[among]
            figures = {
                "auc": auc(score, hit),
                "interval": interval(score, hit, premises[among], seed, draws),
                "auc_within_labels": auc_within(score, hit, labels[among]),
            }
            found.append({"kind": kind, "rows": len(hit), "hits": int(hit.sum()), "by": name})
            found[-1] |= figures
    lowest = np.argsort(columns["confidence"], kind="stable")[: round(LOWEST * len(known))]
    return {
        "aucs": found,
        "lowest": {"rows": len(lowest), "planted": int(planted[lowest].sum())},
        "charted": {"rows": len(known), "planted": int(planted.sum())},
    }


def auc(score: Floats, hit: Bools, weights: npt.NDArray[np.int64] | None = None) -> float | None:
    """Return the chance that a hit scores above a miss; None where one of them is missing."""
    there = hit if weights is None else hit[weights > 0]
    if there.all() or not there.any():
        return None
    return float(roc_auc_score(hit, score, sample_weight=weights))


def interval(
    score: Floats, hit: Bools, groups: Names, seed: int, draws: int = DRAWS
) -> list[float] | None:
    """Return the 95 % interval of the AUC when whole groups are drawn with replacement."""
    names, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng([seed, 2])
    even = np.full(len(names), 1 / len(names))
    drawn = (auc(score, hit, rng.multinomial(len(names), even)[group]) for _ in range(draws))
    found = [value for value in drawn if value is not None]
    return [float(v) for v in np.quantile(found, (0.025, 0.975))] if found else None


def auc_within(score: Floats, hit: Bools, labels: Names) -> float | None:
    """Return the mean AUC inside each label: what does not come from labels being unlike."""
    each = [auc(score[labels == name], hit[labels == name]) for name in np.unique(labels)]
    found = [value for value in each if value is not None]
    return float(np.mean(found)) if found else None
