import random as randomness
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.aggregation import METHODS, aggregate, most_probable
from annotation.aggregation.dawid_skene import probabilities as dawid_skene
from annotation.aggregation.mace import probabilities as mace
from annotation.aggregation.wanli import chosen
from annotation.ballots import KEPT, REWORDED, TOUCHED
from tests.annotation.voting import VOTES, ballots, named_as, renamed, shuffled


def said(frame: pd.DataFrame, method: Any, seed: int = 0) -> dict[str, Any]:
    found = aggregate(frame, method, seed)
    return {task: None if pd.isna(label) else label for task, label in found["label"].items()}


@pytest.mark.parametrize(
    ("labels", "label", "posterior"),
    [
        ("n", "n", 1.0),
        ("ne", None, 0.5),
        ("nne", "n", 2 / 3),
        ("nnec", None, 0.5),
        ("nec", None, 1 / 3),
        ("nnnec", "n", 0.6),
    ],
)
def test_strict_majority(labels: str, label: str | None, posterior: float) -> None:
    frame = ballots([("t", f"w{n}", label) for n, label in enumerate(labels)])
    found = aggregate(frame, "majority").loc["t"]
    assert (None if pd.isna(found["label"]) else found["label"]) == label
    assert found["posterior"] == pytest.approx(posterior)


@pytest.mark.parametrize(
    ("labels", "revisions", "possible"),
    [
        (["entailment", "discard"], (KEPT, KEPT), {"discard"}),
        (["discard", "neutral"], (KEPT, REWORDED), {"discard"}),
        (["entailment", "neutral"], (KEPT, KEPT), {"entailment", "neutral"}),
        (["entailment", "neutral"], (REWORDED, REWORDED), {"entailment", "neutral"}),
        (["entailment", "neutral"], (TOUCHED, REWORDED), {"entailment", "neutral"}),
        (["entailment", "neutral"], (TOUCHED, KEPT), {"entailment"}),
        (["entailment", "neutral"], (KEPT, TOUCHED), {"neutral"}),
        (["entailment", "neutral"], (REWORDED, KEPT), {"neutral"}),
        (["entailment", "neutral"], (KEPT, REWORDED), {"entailment"}),
    ],
)
def test_wanlis_rule(labels: list[str], revisions: tuple[int, int], possible: set[str]) -> None:
    rows = [
        (f"t{n:03d}", w, label) for n in range(60) for w, label in zip("uv", labels, strict=True)
    ]
    frame = ballots(rows).assign(revisions=list(revisions) * 60)
    found = said(frame, "wanli")
    assert set(found.values()) == possible
    if len(possible) == 2:
        assert 15 < Counter(found.values())["neutral"] < 45
    texts = set(chosen(frame, 0)["revisions"])
    if revisions[0] != revisions[1] and KEPT in revisions:
        assert texts == ({TOUCHED} if TOUCHED in revisions else {KEPT})


def test_wanlis_draw_is_the_seeds() -> None:
    rows = [(f"t{n:03d}", w, label) for n in range(60) for w, label in (("u", "e"), ("v", "n"))]
    assert said(ballots(rows), "wanli", 1) == said(ballots(rows), "wanli", 1)
    assert said(ballots(rows), "wanli", 1) != said(ballots(rows), "wanli", 2)


def crowd(seed: int = 0, tasks: int = 300) -> tuple[pd.DataFrame, dict[str, str]]:
    """Four careful workers in 9 of 10 votes right, and four who are right by chance or never."""
    rng = np.random.default_rng(seed)
    labels = np.array(["contradiction", "entailment", "neutral"])
    truth = {f"t{n:04d}": str(labels[n % 3]) for n in range(tasks)}
    rows = []
    for task, right in truth.items():
        for worker in rng.choice(8, 5, replace=False):
            careful = worker < 4 and rng.random() < 0.9
            label = right if careful else str(rng.choice(labels))
            if worker == 7:
                label = "entailment"
            rows.append((task, f"w{worker}", label))
    return ballots(rows), truth


@pytest.mark.parametrize("method", ["dawid_skene", "mace"])
def test_models_of_workers_beat_majority_where_workers_differ(method: Any) -> None:
    frame, truth = crowd()
    right = {}
    for name in ("majority", method):
        found = said(frame, name)
        right[name] = np.mean([found[task] == label for task, label in truth.items()])
    assert right[method] > right["majority"] + 0.05
    assert right[method] > 0.85


def test_one_step_of_dawid_and_skene_by_hand() -> None:
    # Two careful workers and one who turns every label round: the model learns to read the third.
    truth = "aabbaabbab"
    other = {"a": "b", "b": "a"}
    rows = [
        (f"t{n}", worker, right if worker != "z" else other[right])
        for n, right in enumerate(truth)
        for worker in "xyz"
    ]
    found = dawid_skene(ballots([*rows, ("last", "z", "a")]))
    assert found.idxmax(axis=1).to_dict() == {f"t{n}": r for n, r in enumerate(truth)} | {
        "last": "b"
    }
    assert found.loc["last", "b"] > 0.99


def test_mace_does_not_trust_who_always_says_the_same() -> None:
    truth = "abcabcabcabc"
    rows = [
        (f"t{n:02d}", worker, "a" if worker in "pq" else right)
        for n, right in enumerate(truth)
        for worker in "pqxyz"
    ]
    rows += [("last", "p", "a"), ("last", "q", "a"), ("last", "x", "c")]
    found = mace(ballots(rows))
    assert found.loc["last"].idxmax() == "c"
    assert np.allclose(found.sum(axis=1), 1)


@pytest.mark.parametrize("method", METHODS)
def test_rows_in_another_order_change_nothing(method: Any) -> None:
    frame, _ = crowd(1, 60)
    for seed in (1, 2):
        mixed = shuffled(frame, randomness.Random(seed))
        pd.testing.assert_frame_equal(aggregate(mixed, method), aggregate(frame, method))


@pytest.mark.parametrize("method", ["majority", "dawid_skene", "mace"])
@settings(max_examples=5)
@given(rows=VOTES, random=st.randoms())
def test_names_of_workers_and_items_have_no_part(method: Any, rows: Any, random: Any) -> None:
    frame = ballots(rows)
    found = aggregate(frame, method)
    other = aggregate(shuffled(renamed(frame), random), method)
    other = other.rename(index=named_as(other.index, frame)).sort_index()
    assert list(other.index) == list(found.index)
    assert np.allclose(other["posterior"], found["posterior"], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=5)
@given(rows=VOTES)
def test_every_item_has_a_verdict_between_0_and_1(method: Any, rows: Any) -> None:
    frame = ballots(rows)
    found = aggregate(frame, method)
    assert list(found.index) == sorted(frame["task"].unique())
    assert found["posterior"].between(0, 1 + 1e-9).all()
    assert set(found["label"].dropna()) <= set(frame["label"])


@pytest.mark.parametrize("method", METHODS)
def test_no_votes_no_verdicts(method: Any) -> None:
    assert aggregate(ballots([]), method).empty


def test_equally_probable_labels_are_no_label() -> None:
    table = pd.DataFrame(
        {"a": [0.5, 0.5 + 1e-9, 0.6], "b": [0.5, 0.5 - 1e-9, 0.4]}, index=list("xyz")
    )
    labels = most_probable(table)["label"]
    assert labels.isna().tolist() == [True, True, False]
