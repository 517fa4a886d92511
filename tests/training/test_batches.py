from collections import Counter
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rupairs.pairs import Pair
from tests.training.tiny import pair, write_stage
from training.batches import Batches, Examples, equal_parts, fixed_batches
from training.settings import ModelTraining
from training.table import Choice, write_table
from training.views import View, build_views


def views_of(folder: Path, rows: list[Pair], **settings: Any) -> tuple[View, ...]:
    table = write_table([write_stage(folder, "harvest.pairs", rows)], Choice(), folder / "pairs")
    return build_views(table, ModelTraining(**settings), 0).all


def plain(source: str, count: int) -> list[Pair]:
    return [
        pair(f"{source}, вопрос {i}", f"{source}, ответ {i}", source=source) for i in range(count)
    ]


def batches(
    views: tuple[View, ...], seed: int = 0, processes: int = 1, **given: Any
) -> list[list[int]]:
    return list(Batches(views, ModelTraining(**given), seed, processes))


def source_counts(views: tuple[View, ...], made: list[list[int]]) -> Counter[str]:
    examples = Examples(views)
    names = [{row["dataset_name"] for row in examples.__getitems__(batch)} for batch in made]
    assert all(len(name) == 1 for name in names), "a batch holds more than one source"
    return Counter(name.pop().partition("/")[0] for name in names)


def test_sources_share_the_batches_by_size_mixing_and_weight(tmp_path: Path) -> None:
    views = views_of(tmp_path, plain("a", 300) + plain("b", 100))
    run = {"steps": 40, "batch_size": 4}
    assert source_counts(views, batches(views, **run)) == {"a": 30, "b": 10}
    assert source_counts(views, batches(views, **run, mixing=0)) == {"a": 20, "b": 20}
    weighted = batches(views, **run, sources={"b": {"weight": 3}})
    assert source_counts(views, weighted) == {"a": 20, "b": 20}
    first = source_counts(views, batches(views, **run)[:20])
    assert abs(first["a"] - 15) <= 1, "shares do not hold on the way"


def test_every_example_comes_once_before_one_comes_again(tmp_path: Path) -> None:
    views = views_of(tmp_path, plain("a", 32))
    made = batches(views, steps=8, batch_size=8)
    assert sorted(chain(*made[:4])) == list(range(32)) == sorted(chain(*made[4:]))
    assert made[:4] != made[4:]


def test_no_text_is_twice_in_a_batch_by_its_key(tmp_path: Path) -> None:
    rows = [pair(f"Вопрос {i % 9}", f"Ответ {i}") for i in range(90)]
    rows += [pair(f"вопрос: {i % 9}!", f"Иной ответ {i % 20}") for i in range(60)]
    rows += [pair(f"Вопрос {i}", f"Ответ {i + 40}", "contradiction", polarity=-1) for i in range(9)]
    views = views_of(tmp_path, rows)
    made = batches(views, steps=60, batch_size=6)
    keys = np.array([{*row} for view in views for row in view.keys.tolist()], dtype=object)
    for batch in made:
        texts = list(chain(*keys[batch]))
        assert len(set(texts)) == len(texts)
    assert {len(batch) for batch in made} == {6}


def test_a_source_smaller_than_a_batch_gives_smaller_batches(tmp_path: Path) -> None:
    views = views_of(tmp_path, plain("a", 3))
    assert [sorted(batch) for batch in batches(views, steps=3, batch_size=16)] == [[0, 1, 2]] * 3


def test_an_examples_keys_are_those_of_its_texts(tmp_path: Path) -> None:
    for view in views_of(tmp_path, plain("own", 5)):
        assert [view.keys_of(n) for n in range(len(view))] == [{*row} for row in view.keys.tolist()]


def test_batches_are_decided_by_the_seed(tmp_path: Path) -> None:
    views = views_of(tmp_path, plain("a", 40) + plain("b", 30))
    run = {"steps": 30, "batch_size": 4}
    assert batches(views, **run) == batches(views, **run)
    assert batches(views, **run) != batches(views, seed=-1, **run)


def test_processes_get_equal_parts_of_the_same_batch(tmp_path: Path) -> None:
    views = views_of(tmp_path, plain("a", 40) + plain("b", 9))
    run = {"steps": 20, "batch_size": 8}
    whole, parts = batches(views, **run), batches(views, processes=2, **run)
    assert len(parts) == 2 * len(whole)
    for batch, (first, second) in zip(whole, list(pairwise(parts))[::2], strict=True):
        assert first + second == batch
    assert list(equal_parts([1, 2, 3], 2)) == [[1], [2]]
    assert list(equal_parts([1], 2)) == [[1], [1]]


def test_one_query_in_every_row_still_gives_batches(tmp_path: Path) -> None:
    views = views_of(tmp_path, [pair("Вопрос", f"Ответ {i}") for i in range(500)])
    assert [len(batch) for batch in batches(views, steps=5, batch_size=4)] == [1] * 5


def test_held_out_batches_hold_every_example_once(tmp_path: Path) -> None:
    (view,) = views_of(tmp_path, [*plain("a", 10), pair("a, вопрос 1", "ещё", source="a")])
    made = fixed_batches(view, 4)
    assert sorted(chain(*made)) == list(range(len(view)))
    assert all(len(set(view.keys[b].ravel().tolist())) == 2 * len(b) for b in made)


@pytest.mark.parametrize("numbers", [[0, 2], [41, 40]])
def test_a_batch_brings_its_texts_by_column(tmp_path: Path, numbers: list[int]) -> None:
    views = views_of(tmp_path, plain("a", 40) + plain("b", 9))
    found = Examples(views).__getitems__(numbers)
    assert [list(row) for row in found] == [["anchor", "positive", "dataset_name"]] * 2
    answers = [row["anchor"].replace("вопрос", "ответ") for row in found]
    assert [row["positive"] for row in found] == answers
    ends = np.cumsum([len(view) for view in views])
    assert len(Examples(views)) == ends[-1]
