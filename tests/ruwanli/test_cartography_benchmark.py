"""The benchmark of the cartography: what it plants, and its measures where the answer is known."""

import csv
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.cartography_data import drawn_rows, plant
from benchmarks.cartography_measures import auc, auc_within, interval, measured

ROOT = Path(__file__).parents[2]
LABELS = ("entailment", "neutral", "contradiction")
HYPOTHESES = ("Кто-то стоит у окна.", "Он ждёт гостей.", "В комнате никого нет.")


def written(folder: Path, **changes: str) -> Path:
    """Write forty premises with three hypotheses each; annotators differ on each fourth premise."""
    path = folder / "xnli_ru.csv"
    names = ["sentence1", "sentence2", "gold_label", *(f"label{n}" for n in range(1, 6))]
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, names)
        out.writeheader()
        for number in range(40):
            for label, hypothesis in zip(LABELS, HYPOTHESES, strict=True):
                votes = [label] * 5
                if number % 4 == 0:
                    votes = [label, label, *LABELS] if number % 8 else [*LABELS[:2], *LABELS]
                row = {f"label{n}": vote for n, vote in enumerate(votes, 1)} | changes
                premise = f"В доме номер {number} у окна стоит человек."
                texts = {"sentence1": premise, "sentence2": hypothesis, "gold_label": label}
                out.writerow(row | texts)
    return path


def test_a_planted_label_is_one_that_nobody_gave(tmp_path: Path) -> None:
    rows = drawn_rows(written(tmp_path), 30, seed=3)
    assert Counter(row["gold"] for row in rows) == dict.fromkeys(LABELS, 30)
    planted = plant(rows, 0.2, seed=3)
    assert planted == plant(rows, 0.2, seed=3) != plant(rows, 0.2, seed=4)
    assert sum(row["planted"] for row in planted) == 18
    for row in planted:
        if row["planted"]:
            assert row["label"] in set(LABELS) - {row["gold"], *row["votes"]}
        else:
            assert row["label"] == row["gold"]
    assert len({row["label"] for row in planted if row["planted"]}) == 3


def test_a_row_without_a_vote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="row 1: labels entailment"):
        drawn_rows(written(tmp_path, label4=""), 10, seed=1)


def test_measures_of_a_map_that_shows_everything_and_of_one_turned_round(tmp_path: Path) -> None:
    rows = plant(drawn_rows(written(tmp_path), 40, seed=1), 0.05, seed=1)

    def found(sign: int) -> dict[str, Any]:
        charted = [
            {
                "pair_id": row["pair_id"],
                "confidence": 0.5 - sign * (0.4 if row["planted"] else 0.1 * divided),
                "correctness": 2 - 2 * sign * row["planted"],
                "variability": 0.2 + sign * 0.1 * divided,
                "max_variability": 0.2 + sign * 0.1 * divided,
            }
            for row in rows
            for divided in [len(set(row["votes"])) > 1]
        ]
        return measured(rows, charted[::-1], seed=1, draws=50)

    right, wrong = found(1), found(-1)
    assert right["charted"] == {"rows": 120, "planted": 6}
    assert right["lowest"] == {"rows": 6, "planted": 6}
    assert wrong["lowest"]["planted"] == 0
    assert len(right["aucs"]) == len(wrong["aucs"]) == 7
    for one, other in zip(right["aucs"], wrong["aucs"], strict=True):
        if one["kind"] == "label of a minority":
            continue  # nothing here was made to show it
        assert (one["auc"], one["interval"], one["auc_within_labels"]) == (1, [1, 1], 1)
        assert (other["auc"], other["interval"], other["auc_within_labels"]) == (0, [0, 0], 0)


def test_repeats_inside_a_group_make_no_interval_narrower() -> None:
    rng = np.random.default_rng(5)
    score, hit = rng.normal(size=60), np.arange(60) % 3 == 0
    groups = np.array([f"{n:02d}" for n in range(60)])
    alone = interval(score, hit, groups, 1, 300)
    again = interval(np.tile(score, 4), np.tile(hit, 4), np.tile(groups, 4), 1, 300)
    by_row = interval(np.tile(score, 4), np.tile(hit, 4), np.arange(240).astype(str), 1, 300)
    assert alone and again and by_row
    assert again == pytest.approx(alone)
    assert by_row[1] - by_row[0] < 0.7 * (alone[1] - alone[0])
    assert alone[0] < (auc(score, hit) or 0) < alone[1]


def test_a_difference_between_labels_alone_is_none_inside_them() -> None:
    score = np.array([1.0, 2, 1, 2, 5, 6, 5, 6, 5, 6])
    hit = np.array([1, 1, 0, 0, 1, 1, 1, 1, 0, 0], bool)
    labels = np.array(["a"] * 4 + ["b"] * 6)
    assert auc_within(score, hit, labels) == 0.5
    assert (auc(score, hit) or 0) > 0.5
    assert auc(score, hit & False) is None
    assert interval(score, hit & False, labels, 1, 20) is None


def test_without_real_data_it_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.cartography", "--realdata", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "skipped:")
