from pathlib import Path

import pytest

from rupairs.errors import RupairsError
from rupairs.pairs import Pair
from tests.training.tiny import pair, write_stage
from training.views import View, build_views, count_views, training_pairs


def views_of(tmp_path: Path, rows: list[Pair], seed: int = 0, **caps: int) -> list[View]:
    return build_views(training_pairs([write_stage(tmp_path, "harvest.pairs", rows)]), caps, seed)


def negative(query: str, passage: str, relation: str, **given: object) -> Pair:
    return pair(query, passage, relation, polarity=-1, **given)


def test_a_negative_of_the_same_query_key_makes_a_triple(tmp_path: Path) -> None:
    rows = [
        pair("Поезд ушёл.", "Поезд уехал"),
        negative("поезд ушел", "Поезд пришёл", "contradiction"),
        pair("Дом стоит", "Дом на месте"),
    ]
    pairs, triples = views_of(tmp_path, rows)
    assert pairs.name == "own/symmetric/pairs"
    assert pairs.rows == [("Дом стоит", "Дом на месте")]
    assert triples.name == "own/symmetric/triples"
    assert triples.rows == [("Поезд ушёл.", "Поезд уехал", "Поезд пришёл")]
    assert triples.dataset().column_names == ["anchor", "positive", "negative"]


@pytest.mark.parametrize("relation", ["neutral", "not_entailment", "entailment"])
def test_relations_that_do_not_tell_texts_apart_are_no_negatives(
    tmp_path: Path, relation: str
) -> None:
    rows = [pair("Кот спит", "Кот дремлет"), negative("Кот спит", "Кот сыт", relation)]
    (view,) = views_of(tmp_path, rows)
    assert not view.negatives


def test_negatives_of_another_source_or_split_are_not_taken(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        negative("Кот спит", "Кот бежит", "contradiction", source="other"),
        negative("Кот спит", "Кот играет", "contradiction", split="test"),
    ]
    (view,) = views_of(tmp_path, rows)
    assert view.rows == [("Кот спит", "Кот дремлет")]


def test_a_pair_that_another_source_calls_positive_is_no_negative(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        negative("Кот спит", "Кот заснул", "non_paraphrase"),
        pair("кот спит", "кот заснул", source="other"),
    ]
    assert not any(view.negatives for view in views_of(tmp_path, rows))


def test_only_the_train_split_is_read(tmp_path: Path) -> None:
    rows = [pair(f"Текст {i}", f"Иначе {i}", split=s) for i, s in enumerate(("train", "test"))]
    rows.append(pair("Текст 3", "Иначе 3", split="validation"))
    (view,) = views_of(tmp_path, rows)
    assert view.rows == [("Текст 0", "Иначе 0")]


def test_prompts_follow_symmetry(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        pair("Кот", "Кот живёт дома", "title", source="news", symmetric=False),
        negative("Кот", "Пёс живёт дома", "irrelevant_passage", source="news", symmetric=False),
    ]
    news, own = views_of(tmp_path, rows)
    assert own.prompts == {"anchor": "query: ", "positive": "query: "}
    assert news.prompts == {
        "anchor": "query: ",
        "positive": "passage: ",
        "negative": "passage: ",
    }


def test_caps_and_choices_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [pair("Кот спит", f"Кот дремлет {i}") for i in range(12)]
    rows += [negative("Кот спит", f"Кот бежит {i}", "contradiction") for i in range(12)]
    (first,) = views_of(tmp_path / "a", rows, own=5)
    (again,) = views_of(tmp_path / "b", rows[::-1], own=5)
    (other,) = views_of(tmp_path / "c", rows, seed=1, own=5)
    assert len(first.rows) == 5
    assert first.rows == again.rows
    assert first.rows != other.rows
    assert len({row[2] for row in first.rows}) > 1, "all positives got the same negative"


def test_counts_by_source(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        negative("Кот спит", "Кот бежит", "contradiction"),
        pair("Дом стоит", "Дом на месте"),
        pair("Лес растёт", "Лес становится выше", source="other"),
    ]
    assert count_views(views_of(tmp_path, rows)) == {
        "other": {"with_negative": 0, "without_negative": 1},
        "own": {"with_negative": 1, "without_negative": 1},
    }


def test_nothing_to_train_on_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match="put at least one of them into the recipe"):
        training_pairs([])
    rows = [negative("Кот спит", "Кот бежит", "contradiction")]
    with pytest.raises(RupairsError, match="of 1 pairs in the train split none is a positive"):
        views_of(tmp_path / "a", rows)
    with pytest.raises(RupairsError, match="nothing to train on"):
        views_of(tmp_path / "b", [pair("Кот спит", "Кот дремлет")], own=0)
