from collections import Counter

import pytest

from rupairs.errors import RupairsError
from rupairs.splits import split_by_rank


def test_sizes_are_exact_and_depend_on_groups_alone() -> None:
    groups = [f"g{i}" for i in range(100)]
    splits = split_by_rank(groups, {"validation": 5, "test": 20}, seed=1)
    assert Counter(splits.values()) == {"train": 75, "test": 20, "validation": 5}
    assert split_by_rank(reversed(groups * 2), {"validation": 5, "test": 20}, seed=1) == splits
    assert split_by_rank(groups, {"validation": 5, "test": 20}, seed=2) != splits


def test_nothing_left_to_train_on_is_an_error() -> None:
    with pytest.raises(RupairsError, match="5 groups cannot give 5 to validation and test"):
        split_by_rank("abcde", {"validation": 1, "test": 4}, 0)
