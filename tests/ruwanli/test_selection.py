from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ruwanli.selection import Measured, most_variable

MEASURED = st.builds(
    Measured,
    label=st.sampled_from(["entailment", "neutral", "contradiction"]),
    sigma=st.floats(0, 0.5, width=32),
    tie=st.floats(0, 1),
)


def test_the_most_variable_of_each_label_are_kept_as_in_wanli() -> None:
    labels = ["entailment"] * 2 + ["neutral"] * 8 + ["contradiction"] * 2
    candidates = [Measured(label, n / 100, 0.0) for n, label in enumerate(labels)]
    found = most_variable(candidates, 0.5)
    # int(12 * 0.5) // 3 = 2 of each label.
    assert sorted(set(range(12)) - set(found.faults)) == [0, 1, 8, 9, 10, 11]
    assert found.faults[7] == ("low_variability", "0.07, neutral is kept from 0.08")
    assert found.labels["neutral"] == {
        "passed": 8,
        "kept": 2,
        "threshold": 0.08,
        "median": 0.055,
    }


def test_a_label_of_two_way_sources_takes_nothing_from_the_other_three() -> None:
    three = [
        Measured(label, n / 100, 0.0)
        for label in ("entailment", "neutral", "contradiction")
        for n in range(8)
    ]
    two = [Measured("not_entailment", n / 100, 0.0) for n in range(4)]
    alone, beside = most_variable(three, 0.5), most_variable([*three, *two], 0.5)
    for label in ("entailment", "neutral", "contradiction"):
        assert beside.labels[label] == alone.labels[label]
        assert beside.labels[label]["kept"] == 4
    assert beside.labels["not_entailment"]["kept"] == 2
    # Where there are two labels only, they share as ever.
    both = most_variable([*three[:8], *two], 0.5)
    assert [found["kept"] for found in both.labels.values()] == [3, 3]


def test_a_quota_takes_the_most_variable_and_names_itself() -> None:
    candidates = [Measured("neutral", n / 10, 0.0) for n in range(4)]
    found = most_variable(candidates, 0.75, per_label=1)
    reasons = {number: reason for number, (reason, _) in found.faults.items()}
    assert reasons == {0: "low_variability", 1: "over_quota", 2: "over_quota"}


def test_ties_go_by_the_hash_and_few_rows_still_give_one_of_each() -> None:
    found = most_variable([Measured("neutral", 0.1, 0.7), Measured("neutral", 0.1, 0.2)], 0.5)
    assert set(found.faults) == {0}
    assert not most_variable([Measured("neutral", 0.1, 0.7)], 0.1).faults
    assert not most_variable([], 0.5).faults


@given(st.lists(MEASURED, max_size=60), st.floats(0.05, 1), st.integers(1, 9))
def test_nothing_kept_is_less_variable_than_what_goes(
    candidates: list[Measured], keep: float, per_label: int
) -> None:
    found = most_variable(candidates, keep, per_label)
    stay = [c for n, c in enumerate(candidates) if n not in found.faults]
    gone = [candidates[n] for n in found.faults]
    for label, count in Counter(c.label for c in candidates).items():
        sigmas = [c.sigma for c in stay if c.label == label]
        assert 1 <= len(sigmas) <= min(per_label, count)
        assert all(min(sigmas) >= c.sigma for c in gone if c.label == label)
