from pathlib import Path
from typing import Any

import pytest

from rupairs.errors import RupairsError
from rupairs.pairs import Pair
from tests.training.tiny import pair, write_stage
from training.run import pair_inputs
from training.settings import ModelTraining
from training.table import Choice, write_table
from training.views import View, Views, build_views


def views_of(
    tmp_path: Path,
    rows: list[Pair],
    seed: int = 0,
    *,
    chosen: Choice = Choice(),  # noqa: B008
    held_out: bool = False,
    **settings: Any,
) -> Views:
    stage = write_stage(tmp_path, "harvest.pairs", rows)
    table = write_table([stage], chosen, tmp_path / "pairs")
    return build_views(table, ModelTraining(**settings), seed, held_out=held_out)


def rows_of(view: View) -> list[tuple[str, ...]]:
    return view.examples(range(len(view)))


def negative(query: str, passage: str, relation: str, **given: object) -> Pair:
    return pair(query, passage, relation, polarity=-1, **given)


def test_a_negative_of_the_same_query_key_makes_a_triple(tmp_path: Path) -> None:
    rows = [
        pair("Поезд ушёл.", "Поезд уехал"),
        negative("поезд ушел", "Поезд пришёл", "contradiction"),
        pair("Дом стоит", "Дом на месте"),
    ]
    pairs, triples = views_of(tmp_path, rows).all
    assert pairs.name == "own/symmetric/pairs"
    assert rows_of(pairs) == [("Дом стоит", "Дом на месте")]
    assert triples.name == "own/symmetric/triples"
    assert rows_of(triples) == [("Поезд ушёл.", "Поезд уехал", "Поезд пришёл")]
    assert triples.columns == ("anchor", "positive", "negative_1")


def test_as_many_negatives_as_asked_for_and_each_text_once(tmp_path: Path) -> None:
    rows = [pair("Кот спит", "Кот дремлет"), pair("Лес растёт", "Лес всё выше")]
    rows += [negative("Кот спит", f"Кот бежит {i}", "contradiction") for i in range(4)]
    rows += [negative("кот спит!", "Кот бежит: 0", "non_paraphrase")]
    rows += [negative("Лес растёт", "Лес горит", "contradiction")]
    three, one = views_of(tmp_path, rows, negatives=3).all
    assert (three.name, one.name) == ("own/symmetric/3 negatives", "own/symmetric/triples")
    ((_, _, *found),) = rows_of(three)
    assert len({text.replace(":", "") for text in found}) == 3
    (without,) = views_of(tmp_path / "b", rows, negatives=0).all
    assert without.name == "own/symmetric/pairs"


@pytest.mark.parametrize("relation", ["neutral", "not_entailment", "entailment"])
def test_rows_that_only_have_a_label_are_counted_and_not_trained_on(
    tmp_path: Path, relation: str
) -> None:
    rows = [pair("Кот спит", "Кот дремлет"), negative("Кот спит", "Кот сыт", relation)]
    views = views_of(tmp_path, rows)
    assert [view.name for view in views.all] == ["own/symmetric/pairs"]
    assert views.unused == {"own": {"label only": 1}}


def test_negatives_of_another_source_or_split_are_not_taken(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        negative("Кот спит", "Кот бежит", "contradiction", source="other"),
        negative("Кот спит", "Кот играет", "contradiction", split="test"),
    ]
    views = views_of(tmp_path, rows)
    (view,) = views.all
    assert rows_of(view) == [("Кот спит", "Кот дремлет")]
    assert views.unused == {"other": {"of no positive": 1}}


@pytest.mark.parametrize("turned", [False, True])
def test_a_pair_that_another_source_calls_positive_is_no_negative(
    tmp_path: Path, turned: bool
) -> None:
    texts = ("кот заснул", "кот спит") if turned else ("кот спит", "кот заснул")
    rows = [
        pair("Кот спит", "Кот дремлет"),
        negative("Кот спит", "Кот заснул", "non_paraphrase"),
        pair(*texts, source="other"),
    ]
    views = views_of(tmp_path, rows)
    assert not any(view.negatives.size for view in views.all)
    assert views.unused == {"own": {"negative here, positive there": 1}}


def test_the_test_split_is_never_read_and_validation_apart(tmp_path: Path) -> None:
    rows = [pair(f"Текст {i}", f"Иначе {i}", split=s) for i, s in enumerate(("train", "test"))]
    rows += [pair(f"Текст {i}", f"Иначе {i}", split="validation") for i in range(3, 8)]
    (view,) = views_of(tmp_path / "a", rows).all
    assert rows_of(view) == [("Текст 0", "Иначе 0")]
    (view,) = views_of(tmp_path / "b", rows, held_out=True, validation_rows=4).all
    assert len(view) == 4
    assert {anchor for anchor, _ in rows_of(view)} < {f"Текст {i}" for i in range(3, 8)}


def test_prompts_follow_symmetry(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        pair("Кот", "Кот живёт дома", "title", source="news", symmetric=False),
        negative("Кот", "Пёс живёт дома", "irrelevant_passage", source="news", symmetric=False),
    ]
    news, own = views_of(tmp_path / "a", rows).all
    assert own.prompts == {"anchor": "query: ", "positive": "query: "}
    assert news.prompts == {
        "anchor": "query: ",
        "positive": "passage: ",
        "negative_1": "passage: ",
    }
    assert all(not v.prompts for v in views_of(tmp_path / "b", rows, instructions=False).all)


def test_pairs_are_chosen_by_source_and_symmetry(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        pair("Лес растёт", "Лес всё выше", source="other"),
        pair("Кот", "Кот живёт дома", "title", source="news", symmetric=False),
    ]
    choices = {
        "a": (Choice(only=("news", "own")), ["news", "own"]),
        "b": (Choice(without=("news",)), ["other", "own"]),
        "c": (Choice(symmetric=True), ["other", "own"]),
        "d": (Choice(symmetric=False, without=("own",)), ["news"]),
    }
    for folder, (chosen, sources) in choices.items():
        found = views_of(tmp_path / folder, rows, chosen=chosen)
        assert [view.source for view in found.all] == sources


def test_caps_and_choices_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = [pair("Кот спит", f"Кот дремлет {i}") for i in range(12)]
    rows += [negative("Кот спит", f"Кот бежит {i}", "contradiction") for i in range(12)]
    views = views_of(tmp_path / "a", rows, sources={"own": 5})
    (first,) = map(rows_of, views.all)
    (again,) = map(rows_of, views_of(tmp_path / "b", rows[::-1], sources={"own": 5}).all)
    (other,) = map(rows_of, views_of(tmp_path / "c", rows, seed=-1, sources={"own": 5}).all)
    assert len(first) == 5
    assert first == again
    assert first != other
    assert len({row[2] for row in first}) > 1, "all positives got the same negative"
    assert views.unused == {"own": {"over the cap": 7}}


def test_counts_by_source(tmp_path: Path) -> None:
    rows = [
        pair("Кот спит", "Кот дремлет"),
        negative("Кот спит", "Кот бежит", "contradiction"),
        pair("Дом стоит", "Дом на месте"),
        pair("Лес растёт", "Лес становится выше", source="other"),
    ]
    assert views_of(tmp_path, rows).counts() == {
        "other": {"with_negative": 0, "without_negative": 1},
        "own": {"with_negative": 1, "without_negative": 1},
    }


def test_a_table_of_many_parts_is_read_by_row_number(tmp_path: Path) -> None:
    rows = [pair(f"Вопрос {i}", f"Ответ {i}", source=f"s{i % 3}") for i in range(500)]
    stages = [write_stage(tmp_path / str(n), "harvest.pairs", rows[n::4]) for n in range(4)]
    table = write_table(stages, Choice(), tmp_path / "pairs")
    for view in build_views(table, ModelTraining(), 0).all:
        for anchor, positive in rows_of(view):
            number = int(anchor.split()[1])
            assert positive == f"Ответ {number}"
            assert view.source == f"s{number % 3}"


def test_a_table_without_a_row_has_no_views(tmp_path: Path) -> None:
    rows = [negative("Кот спит", "Кот сыт", "neutral")]
    views = views_of(tmp_path, rows)
    assert views.all == ()
    assert views.unused == {"own": {"label only": 1}}


def test_a_recipe_without_pairs_is_an_error_that_says_what_to_add(tmp_path: Path) -> None:
    from tests.training import tiny

    context = tiny.context(tmp_path, "training.encoder", tiny.recipe(tmp_path), {})
    with pytest.raises(RupairsError, match="put at least one of them into the recipe"):
        pair_inputs(context)


@pytest.mark.parametrize("name", ["facts.json", "rows.bin", "texts.arrow"])
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_table_is_written_anew(tmp_path: Path, name: str, cut: bool) -> None:
    rows = [pair("Поезд ушёл.", "Поезд уехал."), pair("Лёд тает.", "Лёд растаял.")]
    stage, folder = write_stage(tmp_path, "harvest.pairs", rows), tmp_path / "pairs"
    write_table([stage], Choice(), folder)
    whole = {path.name: path.read_bytes() for path in folder.iterdir()}
    stored = whole[name]
    middle = len(stored) // 2
    flipped = stored[:middle] + bytes([stored[middle] ^ 1]) + stored[middle + 1 :]
    (folder / name).write_bytes(stored[:middle] if cut else flipped)
    write_table([stage], Choice(), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole


def test_a_whole_table_is_not_read_from_its_inputs_again(tmp_path: Path) -> None:
    stage = write_stage(tmp_path, "harvest.pairs", [pair("Поезд ушёл.", "Поезд уехал.")])
    kept = write_table([stage], Choice(), tmp_path / "pairs")
    assert len(write_table([], Choice(), tmp_path / "pairs").rows) == len(kept.rows) == 1
