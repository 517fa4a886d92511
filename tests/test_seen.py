"""`Seen` answers what a set of Python would, in eight bytes a number."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rupairs.seen import Seen

EDGES = [0, 1, 2**63 - 1, 2**63, 2**64 - 1]
BATCHES = st.lists(st.lists(st.sampled_from([*EDGES, *range(5, 30)]), max_size=15), max_size=15)


def new_by_set(batches: list[list[int]]) -> list[list[bool]]:
    seen: set[int] = set()
    answers = []
    for batch in batches:
        answer = []
        for number in batch:
            answer.append(number not in seen)
            seen.add(number)
        answers.append(answer)
    return answers


def new(seen: Seen, batch: list[int]) -> list[bool]:
    return list(map(bool, seen.new(np.array(batch, np.uint64))))


@settings(deadline=None)
@given(BATCHES)
def test_the_answers_of_a_set(batches: list[list[int]]) -> None:
    seen = Seen()
    assert [new(seen, batch) for batch in batches] == new_by_set(batches)
    assert len(seen) == len({number for batch in batches for number in batch})


def test_random_batches_of_all_sizes() -> None:
    draw = random.Random(1)
    sizes = [draw.choice([0, 1, 3, 50, 2_000]) for _ in range(150)]
    batches = [[draw.getrandbits(16) << 48 for _ in range(size)] for size in sizes]
    seen = Seen()
    assert [new(seen, batch) for batch in batches] == new_by_set(batches)


def test_the_order_of_the_batch_does_not_change_and_views_will_do() -> None:
    seen, numbers = Seen(), np.array([7, 0, 9, 0, 7, 0, 8, 0], np.uint64)
    assert seen.new(numbers[::2]).tolist() == [True, True, False, True]
    assert numbers.tolist() == [7, 0, 9, 0, 7, 0, 8, 0]
    numbers[:] = 5
    assert new(seen, [7, 9, 8, 5]) == [False, False, False, True]


def test_eight_bytes_a_number_in_few_runs() -> None:
    seen, draw = Seen(), np.random.default_rng(2)
    for _ in range(300):
        seen.new(draw.integers(0, 1 << 63, 1_000, np.uint64))
    assert len(seen) == 300_000
    held = [run.base if run.base is not None else run for run in seen._runs]
    assert sum(run.nbytes for run in held) == 8 * len(seen)
    assert len(held) <= 20
