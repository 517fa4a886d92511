from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.workers import wilson, worker_table
from tests.annotation.voting import VOTES, ballots, shuffled

NO_GOLD = pd.Series(dtype=str)


def test_wilson_intervals_are_the_published_ones() -> None:
    # Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662; 0 of 20 is 0 to 0.1611.
    low, high = wilson(np.array([81.0, 0.0]), np.array([263.0, 20.0]))
    assert (low[0], high[0]) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert (low[1], high[1]) == pytest.approx((0, 0.1611), abs=1e-4)


def test_controls_are_held_against_their_labels() -> None:
    rows = [("c1", "u", "e"), ("c2", "u", "n"), ("c3", "u", "c"), ("c1", "v", "n")]
    gold = pd.Series({"c1": "e", "c2": "n", "c3": "n"})
    frame = pd.concat([ballots(rows, "control"), ballots([("t", "w", "e")])], ignore_index=True)
    table = worker_table(frame, gold)
    assert table["controls"].to_dict() == {"u": 3, "v": 1, "w": 0}
    assert table.loc["u", "control_accuracy"] == pytest.approx(2 / 3)
    assert table.loc["v", "control_accuracy"] == 0
    assert np.isnan(table.loc["w", "control_accuracy"])
    assert table.loc["u", "control_low"] < 2 / 3 < table.loc["u", "control_high"]
    assert table.loc["u", "votes"] == 3 and table.loc["u", "items"] == 0


def test_repeats_are_held_against_the_first_answer() -> None:
    items = ballots([("t1", "u", "e"), ("t2", "u", "n"), ("t1", "v", "e")])
    repeats = ballots(
        [("t1", "u", "e"), ("t2", "u", "c"), ("t2", "u", "n"), ("t9", "v", "e")], "repeat"
    )
    repeats["created_at"] = [f"2026-03-02T09:00:{n:02d}Z" for n in range(4)]
    table = worker_table(pd.concat([items, repeats], ignore_index=True), NO_GOLD)
    assert table.loc["u", "repeats"] == 3
    assert table.loc["u", "self_agreement"] == pytest.approx(2 / 3)
    # A repeat of what v had not judged is v's first answer to it.
    assert table.loc["v", "repeats"] == 0
    assert table.loc["v", "items"] == 2


def test_times_labels_and_revisions() -> None:
    rows = [(f"t{n}", "u", label) for n, label in enumerate(["e", "e", "n", "discard"])]
    frame = ballots(rows).assign(seconds=[1.0, 1.5, 8.0, np.nan], revisions=[0, 1, 2, 0])
    row = worker_table(frame, NO_GOLD, fast_seconds=1.2).loc["u"]
    assert row["timed"] == 3
    assert row["median_seconds"] == 1.5
    assert row["fast_share"] == pytest.approx(1 / 3)
    assert row["entropy"] == pytest.approx(1.5)
    assert row["discard_share"] == 0.25
    assert row["revision_share"] == 0.5


def test_a_vote_is_held_against_the_majority_of_the_others() -> None:
    rows = [("t1", "u", "n"), ("t1", "v", "e"), ("t1", "w", "e")]
    rows += [("t2", "u", "c"), ("t2", "v", "c"), ("t2", "w", "e")]
    table = worker_table(ballots(rows), NO_GOLD)
    # t1: u is alone against two, v and w see one n and one e; t2 likewise for w.
    assert table["others"].to_dict() == {"u": 1, "v": 0, "w": 1}
    assert table["majority_agreement"].fillna(-1).to_dict() == {"u": 0, "v": -1, "w": 0}
    table = worker_table(ballots([*rows, ("t1", "x", "e"), ("t2", "x", "c")]), NO_GOLD)
    assert table.loc["v"][["others", "majority_agreement"]].tolist() == [2, 1.0]
    assert table.loc["u"][["others", "majority_agreement"]].tolist() == [2, 0.5]


@settings(max_examples=25)
@given(VOTES, st.randoms())
def test_the_order_of_votes_has_no_part(rows: list[Any], random: Any) -> None:
    frame = ballots(rows)
    table = worker_table(frame, NO_GOLD)
    assert table["votes"].sum() == len(rows)
    pd.testing.assert_frame_equal(worker_table(shuffled(frame, random), NO_GOLD), table)
