from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupairs.errors import RupairsError
from ruwanli.splits import families, split_by_rows


def test_sizes_are_met_to_the_row_and_families_stay_whole() -> None:
    rows = [f"f{n}" for n in range(300) for _ in range(n % 4 + 1)]
    splits = split_by_rows(rows, {"validation": 50, "test": 101}, seed=1)
    counts = Counter(splits[row] for row in rows)
    assert counts == {"validation": 50, "test": 101, "train": len(rows) - 151}
    assert splits != split_by_rows(rows, {"validation": 50, "test": 101}, seed=2)


def test_where_no_family_is_small_enough_a_split_is_short_and_not_over() -> None:
    rows = [f"f{n}" for n in range(10) for _ in range(4)]
    counts = Counter(split_by_rows(rows, {"test": 10}, seed=1)[row] for row in rows)
    assert counts["test"] == 8


def test_too_few_rows_are_told() -> None:
    with pytest.raises(RupairsError, match="5 rows cannot give 5 to validation and test"):
        split_by_rows(list("abcde"), {"validation": 2, "test": 3}, seed=1)
    assert split_by_rows([], {"validation": 2, "test": 3}, seed=1) == {}


@given(
    st.lists(st.integers(0, 12), min_size=12, max_size=60),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 99),
)
def test_no_split_is_over_its_size(
    numbers: list[int], validation: int, test: int, seed: int
) -> None:
    rows = [str(n) for n in numbers]
    splits = split_by_rows(rows, {"validation": validation, "test": test}, seed)
    counts = Counter(splits[row] for row in rows)
    assert counts["validation"] <= validation and counts["test"] <= test
    assert set(splits) == set(rows)


def test_groups_with_a_common_premise_are_one_family() -> None:
    groups = ["a", "a", "b", "c", "d", "e"]
    premises = ["p", "q", "q", "r", "p", "s"]
    assert families(groups, premises) == {"a": "a", "b": "a", "c": "c", "d": "a", "e": "e"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_no_premise_and_no_group_is_in_two_families(rows: list[tuple[int, int]]) -> None:
    groups, premises = [str(g) for g, _ in rows], [str(p) for _, p in rows]
    family = families(groups, premises)
    seen: dict[str, set[str]] = {}
    for group, premise in zip(groups, premises, strict=True):
        seen.setdefault(premise, set()).add(family[group])
    assert all(len(found) == 1 for found in seen.values())
    # A family is called by its least group, and nobody is in one without a way there.
    assert all(family[name] == name and name <= group for group, name in family.items())
