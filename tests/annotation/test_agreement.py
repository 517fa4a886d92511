from typing import Any

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.agreement import agreements, alpha, cohen, kappa, pairwise_kappa, percent_agreement
from annotation.ballots import counted
from tests.annotation.voting import VOTES, ballots, renamed, shuffled


def counts(*items: str) -> Any:
    """Return items x labels, an item written as its labels: "aab"."""
    labels = sorted(set("".join(items)))
    return np.array([[item.count(label) for label in labels] for item in items]).reshape(
        len(items), len(labels)
    )


@pytest.mark.parametrize(
    ("items", "percent", "coincidence"),
    [
        (["aa", "bb"], 1.0, 1.0),
        (["ab", "ab"], 0.0, -0.5),
        # Observed 4 of 6 votes differ from their pair; expected 18 of 30 ordered pairs.
        (["aa", "ab", "ab"], 1 / 3, 1 - (4 / 6) / (16 / 30)),
        # Three votes: a pair of the three agrees, 1/3; the lone vote has no part.
        (["aab", "b"], 1 / 3, 0.0),
    ],
)
def test_known_agreements(items: list[str], percent: float, coincidence: float) -> None:
    assert percent_agreement(counts(*items)).value == pytest.approx(percent, abs=1e-6)
    assert alpha(counts(*items)).value == pytest.approx(coincidence, abs=1e-6)


def test_alpha_is_that_of_the_published_example() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: nominal data,
    # four observers, twelve units, missing values; alpha is 0.743.
    rows = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = counts(*("".join(unit).replace(".", "") for unit in zip(*rows, strict=True)))
    assert alpha(units).value == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize("items", [[], ["a"], ["aa", "aa"]])
def test_alpha_is_not_defined_without_disagreement_to_expect(items: list[str]) -> None:
    assert alpha(counts(*items)).value is None


def test_the_interval_is_that_of_resampled_items() -> None:
    rng = np.random.default_rng(5)
    units = np.array(
        [np.bincount(rng.choice(3, 3, p=[0.6, 0.3, 0.1]), minlength=3) for _ in "x" * 80]
    )
    figure = alpha(units, seed=1)
    drawn = [units[rng.integers(0, len(units), len(units))] for _ in range(1_000)]
    naive = [krippendorff.alpha(value_counts=d, level_of_measurement="nominal") for d in drawn]
    low, high = np.percentile(naive, [2.5, 97.5])
    assert figure.low == pytest.approx(low, abs=0.04)
    assert figure.high == pytest.approx(high, abs=0.04)
    assert figure.low < figure.value < figure.high
    assert alpha(units, seed=1) == figure


def test_cohens_kappa_of_a_known_table() -> None:
    # 20 + 15 of 50 agree; by chance 0.5 of them would: (0.7 - 0.5) / (1 - 0.5).
    assert cohen(np.array([[[20.0, 5.0], [10.0, 15.0]]]))[0] == pytest.approx(0.4)


def test_kappa_is_over_pairs_of_votes_without_revision() -> None:
    from sklearn.metrics import cohen_kappa_score

    pairs = ["ee", "ee", "en", "nn", "nc", "cc", "ce", "nn"]
    rows = [
        (f"t{n}", worker, label)
        for n, p in enumerate(pairs)
        for worker, label in zip("uv", p, strict=True)
    ]
    rows += [("three", w, "e") for w in "uvw"] + [("one", "u", "c")]
    frame = ballots(rows)
    revised = ballots([*rows, ("revised", "u", "e"), ("revised", "v", "c")])
    revised.loc[revised["task"] == "revised", "revisions"] = [0, 2]
    expected = cohen_kappa_score([p[0] for p in pairs], [p[1] for p in pairs])
    assert kappa(frame).value == pytest.approx(expected, abs=1e-6)
    assert kappa(frame).items == len(pairs)
    assert kappa(revised) == kappa(frame)


def test_pairwise_kappa_weighs_pairs_of_workers_by_what_they_share() -> None:
    from sklearn.metrics import cohen_kappa_score

    said = {"u": "eenncceenn", "v": "eenncceecc", "w": "encencencn"}
    rows = [(f"t{n:02d}", w, label) for w, labels in said.items() for n, label in enumerate(labels)]
    rows = [row for row in rows if not (row[1] == "w" and row[0] >= "t06")]
    uv = cohen_kappa_score(list(said["u"]), list(said["v"]))
    uw, vw = (cohen_kappa_score(list(said[x][:6]), list(said["w"][:6])) for x in "uv")
    figure = pairwise_kappa(ballots(rows), min_common=6)
    assert figure.value == pytest.approx((10 * uv + 6 * uw + 6 * vw) / 22, abs=1e-6)
    assert figure.items == 3
    assert pairwise_kappa(ballots(rows), min_common=7).value == pytest.approx(uv, abs=1e-6)
    assert pairwise_kappa(ballots(rows), min_common=11).value is None


@settings(max_examples=25)
@given(VOTES, st.randoms())
def test_no_order_and_no_name_has_a_part(rows: list[Any], random: Any) -> None:
    frame = ballots(rows)
    figures = agreements(frame)
    assert agreements(shuffled(frame, random)) == figures
    other = agreements(renamed(frame))
    assert {n: f.value for n, f in other.items()} == {n: f.value for n, f in figures.items()}


@settings(max_examples=25)
@given(VOTES)
def test_every_vote_is_counted_once(rows: list[Any]) -> None:
    frame = ballots(rows)
    votes = counted(frame)
    assert votes.table.sum() == len(frame)
    assert list(votes.tasks) == sorted(frame["task"].unique())
    one = pd.Series(votes.table[0], index=votes.labels)
    assert (
        one[one > 0].to_dict()
        == frame["label"][frame["task"] == votes.tasks[0]].value_counts().to_dict()
    )
