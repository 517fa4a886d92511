"""The table of pairs: repeats, leaks and splits, from native files to what is written."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rupairs.pairs import group_id
from rupairs.splits import split_of
from rupairs.store import StageReader, read_table
from tests.harvest.conftest import (
    SAMPLE_PAIRS,
    Harvest,
    Native,
    assert_balanced,
    dropped,
    news,
    nli,
    reasons,
)
from tests.harvest.native_files import jsonl

pytestmark = pytest.mark.usefixtures("without_plots")

# Long enough that a letter more or less leaves nine tenths as they were.
ROAD = "Дорожные рабочие до вечера перекрыли старый мост через реку возле городского парка."
ROAD_NEARLY = "Дорожные рабочие до вечера перекрыли старый мост через реку возле городских парков."
CLOSED = "Движение по старому мосту остановлено, потому что там идёт ремонт покрытия."
CLOSED_NEARLY = "Движение по старому мосту остановлено, так как там идёт ремонт покрытия."
LEAK = "На рассвете туман над озером рассеялся."


def both(put: Native, rcb: list[dict[str, Any]], terra: list[dict[str, Any]]) -> Path:
    put("rcb", {"train.jsonl": jsonl(*rcb)})
    return put("terra", {"train.jsonl": jsonl(*terra)})


def sources(stage: StageReader) -> Counter[str]:
    return Counter(r["source"] for r in stage.rows())


def leaks_of(stage: StageReader) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(stage.directory / "leaks.parquet").to_pylist()
    return rows


def benchmarks(folder: Path, **files: str) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return {"benchmarks": str(folder)}


def test_the_first_source_keeps_a_pair_and_the_evidence_names_it(
    harvest: Harvest, put: Native
) -> None:
    rcb = [
        nli("Мы видели лес.", "Лес был виден."),
        nli("Лес был  виден!", "мы видели ЛЕС", "neutral"),
        nli("Ёж спит.", "Зверь спит."),
    ]
    folder = both(put, rcb, [nli("Еж спит", "Зверь спит"), nli("зверь спит", "ёж спит")])
    first = harvest(folder, "a", rows={"sources": ["rcb", "terra"]})["pairs"]
    assert reasons(first) == [
        ("conflicting_polarity", "rcb#1"),
        ("duplicate", "rcb#3"),
        ("duplicate", "rcb#3"),
    ]
    assert [json.loads(d["row"])["source"] for d in dropped(first)] == ["rcb", "terra", "terra"]
    assert first.manifest.facts["overlap"] == {"rcb": {"rcb": 1}, "terra": {"rcb": 2}}
    assert_balanced(first)
    other = harvest(folder, "b", rows={"sources": ["terra", "rcb"]})["pairs"]
    assert sources(other) == {"terra": 1, "rcb": 1}
    assert ("duplicate", "terra#1") in reasons(other)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("order", [["rcb", "lenta"], ["lenta", "rcb"]])
def test_a_symmetric_and_an_asymmetric_pair_of_the_same_texts_are_one(
    harvest: Harvest, put: Native, order: list[str], turned: bool
) -> None:
    sides = (CLOSED, ROAD) if turned else (ROAD, CLOSED)
    put("rcb", {"train.jsonl": jsonl(nli(CLOSED, ROAD))})
    folder = put("lenta", {"lenta-ru-news.csv": news(sides)})
    pairs = harvest(folder, rows={"sources": order})["pairs"]
    assert reasons(pairs) == [("duplicate", f"{order[0]}#1")]
    assert sources(pairs) == {order[0]: 1}


def test_asymmetric_pairs_that_swap_their_sides_are_two(harvest: Harvest, put: Native) -> None:
    folder = put("lenta", {"lenta-ru-news.csv": news((ROAD, CLOSED), (CLOSED, ROAD))})
    assert sources(harvest(folder, rows={"sources": ["lenta"]})["pairs"]) == {"lenta": 2}
    put("rcb", {"train.jsonl": jsonl(nli(CLOSED, ROAD, "contradiction"))})
    pairs = harvest(folder, rows={"sources": ["lenta", "rcb"]})["pairs"]
    assert reasons(pairs) == [("conflicting_polarity", "lenta#1")]


def test_two_labels_of_the_same_texts_are_no_mere_repeat(harvest: Harvest, put: Native) -> None:
    rcb = [nli(ROAD, CLOSED, "neutral"), nli(ROAD, CLOSED, "contradiction")]
    folder = both(put, rcb, [nli(ROAD, CLOSED, "not_entailment")])
    pairs = harvest(folder, rows={"sources": ["rcb", "terra"]})["pairs"]
    assert reasons(pairs) == [("conflicting_label", "rcb#1 is neutral"), ("duplicate", "rcb#1")]


def test_near_duplicates_meet_across_sources_and_swapped_sides(
    harvest: Harvest, put: Native
) -> None:
    folder = both(
        put, [nli(ROAD, CLOSED)], [nli(ROAD_NEARLY, CLOSED), nli(CLOSED_NEARLY, ROAD_NEARLY)]
    )
    names = {"sources": ["rcb", "terra"]}
    strict = harvest(folder, rows=names, pairs={"near": 0.85})["pairs"]
    assert sources(strict) == {"rcb": 1}
    for reason, evidence in reasons(strict):
        assert reason == "near_duplicate"
        assert evidence.startswith("rcb#1, alike 0.")
    assert strict.manifest.facts["overlap"] == {"terra": {"rcb": 2}}
    assert_balanced(strict)
    # Of the second pair one side is too unlike; of both pairs, where only equal ones count.
    assert sources(harvest(folder, rows=names, pairs={"near": 0.93})["pairs"]) == {
        "rcb": 1,
        "terra": 1,
    }
    assert sources(harvest(folder, rows=names, pairs={"near": 0})["pairs"]) == {
        "rcb": 1,
        "terra": 2,
    }


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (f"{ROAD} Их было 12.", f"{ROAD} Их было 13."),
        (ROAD, ROAD.replace("перекрыли", "не перекрыли")),
    ],
    ids=["number", "negation"],
)
def test_a_number_or_a_negation_makes_another_pair(
    harvest: Harvest, put: Native, text: str, other: str
) -> None:
    folder = both(put, [nli(text, CLOSED)], [nli(other, CLOSED)])
    pairs = harvest(folder, rows={"sources": ["rcb", "terra"]})["pairs"]
    assert sources(pairs) == {"rcb": 1, "terra": 1}


def test_a_near_duplicate_of_the_other_polarity_stays(harvest: Harvest, put: Native) -> None:
    folder = both(put, [nli(ROAD, CLOSED)], [nli(ROAD_NEARLY, CLOSED, "not_entailment")])
    pairs = harvest(folder, rows={"sources": ["rcb", "terra"]})["pairs"]
    assert sources(pairs) == {"rcb": 1, "terra": 1}


def test_asymmetric_sides_do_not_meet_swapped(harvest: Harvest, put: Native) -> None:
    folder = put("lenta", {"lenta-ru-news.csv": news((ROAD, CLOSED), (CLOSED, ROAD))})
    pairs = harvest(folder, rows={"sources": ["lenta"]})["pairs"]
    assert pairs.manifest.counts.rows_out == 2


def headlines(count: int) -> list[str]:
    """Return headlines that are nothing like each other."""
    who = ("Сапожник", "Лётчица", "Пекарь", "Геологи", "Школьница", "Дирижёр", "Ветеринар")
    did = ("починил телескоп", "открыла выставку", "вырастил арбуз", "нашли колодец")
    where = ("в Гродно", "у моря", "на чердаке", "под Вологдой")
    return [" ".join(words) for words in itertools.product(who, did, where)][:count]


@pytest.mark.parametrize(("queries", "kept"), [(49, 50), (50, 1)])
def test_a_passage_under_fifty_queries_is_the_pages(
    harvest: Harvest, put: Native, queries: int, kept: int
) -> None:
    said = "Редакция напоминает, что мнение авторов может не совпадать с её мнением."
    articles = [*((title, said) for title in headlines(queries)), ("Утро", LEAK)]
    folder = put("lenta", {"lenta-ru-news.csv": news(*articles)})
    pairs = harvest(folder, rows={"sources": ["lenta"]})["pairs"]
    assert pairs.manifest.counts.rows_out == kept
    if kept == 1:
        assert set(reasons(pairs)) == {("boilerplate", "the passage of 50 queries")}
        assert [r["query"] for r in pairs.rows()] == ["Утро"]
    assert_balanced(pairs)


@pytest.mark.parametrize("names", [["lenta", "gazeta"], ["rcb"]])
def test_fifty_queries_of_two_sources_or_of_symmetric_pairs_are_no_page(
    harvest: Harvest, put: Native, names: list[str]
) -> None:
    said = "Редакция напоминает, что мнение авторов может не совпадать с её мнением."
    titles = headlines(80)
    put("lenta", {"lenta-ru-news.csv": news(*((title, said) for title in titles[:40]))})
    articles = [{"title": title, "text": said, "summary": title} for title in titles[40:]]
    put("gazeta", {"gazeta_train.jsonl": jsonl(*articles)})
    folder = put("rcb", {"train.jsonl": jsonl(*(nli(title, said) for title in titles))})
    pairs = harvest(folder, rows={"sources": names}, pairs={"near": 0})["pairs"]
    assert pairs.manifest.counts.rows_out == 80
    assert pairs.manifest.counts.rows_dropped == 0


LEAKY = [
    nli("Кот уснул на окне.", "Кот спит."),
    nli(f"Рыбак рассказал: {LEAK.lower()}", "Стало ясно.", "neutral"),
    nli("Ничего общего с проверкой нет.", "Совсем ничего."),
    nli("На рассвете туман над озером рассеялся", "Пошёл дождь.", "contradiction"),
]


@pytest.mark.parametrize("leaks", ["remove", "flag"])
def test_leaks_are_removed_or_only_listed(
    harvest: Harvest, put: Native, tmp_path: Path, leaks: str
) -> None:
    folder = both(put, LEAKY, [nli("Всё спокойно.", f"«{LEAK}»")])
    known = benchmarks(tmp_path / "known", first=LEAK, second=f"{LEAK}\nДругая строка проверки.")
    pairs = harvest(folder, rows={"sources": ["rcb", "terra"]}, pairs=known | {"leaks": leaks})
    stage = pairs["pairs"]
    found = [(f["source"], f["source_row"], f["side"], f["equal"]) for f in leaks_of(stage)]
    assert found == [
        ("rcb", "2", "query", False),
        ("rcb", "4", "query", True),
        ("terra", "1", "passage", True),
    ]
    for leak in leaks_of(stage):
        assert leak["benchmark"] == "first, second"
        assert leak["known_text"] == "на рассвете туман над озером рассеялся"
        assert 0.8 <= leak["score"] <= 1
    assert stage.manifest.facts["leaks"] == {
        "rcb": {"first": 2, "second": 2},
        "terra": {"first": 1, "second": 1},
    }
    assert stage.manifest.facts["benchmarks"] == {"first": 1, "second": 2}
    by_id = {r["pair_id"] for r in pairs["rows"].rows()}
    assert {leak["pair_id"] for leak in leaks_of(stage)} < by_id
    assert_balanced(stage)
    if leaks == "flag":
        assert stage.manifest.counts.rows_dropped == 0
        return
    assert [r["query"][:4] for r in stage.rows()] == ["Кот ", "Ниче"]
    assert [reason for reason, _ in reasons(stage)] == ["benchmark_leak"] * 3
    assert reasons(stage)[1][1] == (
        "query equals first, second: на рассвете туман над озером рассеялся"
    )


def test_without_a_leak_the_list_is_there_and_empty(
    harvest: Harvest, sample: Path, tmp_path: Path
) -> None:
    known = benchmarks(tmp_path / "known", first="Этих слов в образце нет нигде.")
    stage = harvest(sample, rows={"sources": ["rcb"]}, pairs=known)["pairs"]
    assert leaks_of(stage) == []
    assert stage.manifest.facts["leaks"] == {}


def test_a_leak_does_not_take_its_near_duplicates_along(
    harvest: Harvest, put: Native, tmp_path: Path
) -> None:
    """The first of two is removed, so that the second is no repeat of anything."""
    folder = both(put, [nli(ROAD, CLOSED)], [nli(ROAD_NEARLY, CLOSED), nli(ROAD, CLOSED)])
    names = {"sources": ["rcb", "terra"]}
    known = benchmarks(tmp_path / "known", road=ROAD) | {"contamination": 0.98}
    removed = harvest(folder, rows=names, pairs=known)["pairs"]
    assert [r["query"] for r in removed.rows()] == [ROAD_NEARLY]
    assert removed.manifest.counts.dropped_by_reason == {"benchmark_leak": 2}
    assert removed.manifest.facts["overlap"] == {}
    flagged = harvest(folder, rows=names, pairs=known | {"leaks": "flag"})["pairs"]
    assert [r["query"] for r in flagged.rows()] == [ROAD]
    assert reasons(flagged) == [
        ("near_duplicate", f"rcb#1, alike {_alike(ROAD, ROAD_NEARLY)}"),
        ("duplicate", "rcb#1"),
    ]
    assert [f["source_row"] for f in leaks_of(flagged)] == ["1", "2"]


def _alike(text: str, other: str) -> str:
    from rapidfuzz.distance import Levenshtein

    from rupairs.text import key

    return f"{Levenshtein.normalized_similarity(key(text), key(other)):.2f}"


def test_the_content_of_the_benchmarks_decides_and_not_where_they_lie(
    harvest: Harvest, put: Native, tmp_path: Path
) -> None:
    folder = put("rcb", {"train.jsonl": jsonl(*LEAKY)})
    rows = {"sources": ["rcb"]}
    here = harvest(folder, rows=rows, pairs=benchmarks(tmp_path / "a", known=LEAK))
    made = {verb: _written(stage) for verb, stage in here.items()}
    there = harvest(folder, rows=rows, pairs=benchmarks(tmp_path / "b", known=LEAK))
    assert {verb: _written(stage) for verb, stage in there.items()} == made
    # The same process, folder and run: what was read before must not be remembered.
    changed = benchmarks(tmp_path / "b", known="Кот уснул на окне.")
    after = harvest(folder, rows=rows, pairs=changed)
    assert _written(after["rows"]) == made["rows"]
    assert [r["query"] for r in after["pairs"].rows()] == [row["premise"] for row in LEAKY[1:]]


def _written(stage: StageReader) -> int:
    return (stage.directory / "manifest.json").stat().st_mtime_ns


def test_another_threshold_makes_the_pairs_again_and_not_the_rows(
    harvest: Harvest, sample: Path
) -> None:
    before = harvest(sample, rows={"sources": ["rcb"]})
    made = {verb: _written(stage) for verb, stage in before.items()}
    after = harvest(sample, rows={"sources": ["rcb"]}, pairs={"near": 0.8})
    assert _written(after["rows"]) == made["rows"]
    assert _written(after["pairs"]) != made["pairs"]


def test_siblings_share_a_split(harvest: Harvest, sample: Path) -> None:
    parts = {"validation": 0.2, "test": 0.3}
    pairs = harvest(sample, rows={"sources": SAMPLE_PAIRS}, pairs=parts)["pairs"]
    splits: dict[str, set[str]] = {}
    for row in pairs.rows():
        splits.setdefault(row["group_id"], set()).add(row["split"])
    assert {len(found) for found in splits.values()} == {1}
    assert set.union(*splits.values()) == {"train", "validation", "test"}


def test_a_larger_held_out_part_adds_pairs_and_changes_nothing_else(
    harvest: Harvest, sample: Path
) -> None:
    def read(out: str, **parts: float) -> dict[str, dict[str, Any]]:
        stage = harvest(sample, out, rows={"sources": ["rcb"]}, pairs=parts)["pairs"]
        return {row["pair_id"]: row for row in stage.rows()}

    none, some, more = read("run"), read("run", test=0.2), read("run", test=0.3, validation=0.2)
    assert {row["split"] for row in none.values()} == {"train"}
    assert list(none) == list(some) == list(more)
    for name, row in none.items():
        assert some[name] | {"split": ""} == row | {"split": ""}
        if some[name]["split"] == "test":
            assert more[name]["split"] == "test"
    held_out = [sum(r["split"] != "train" for r in rows.values()) for rows in (none, some, more)]
    assert held_out[0] < held_out[1] < held_out[2]


@settings(deadline=None)
@given(st.text(), st.integers(0, 9), st.floats(0, 0.5), st.floats(0, 0.49), st.floats(0, 0.1))
def test_what_is_held_out_stays_so_when_more_is(
    anchor: str, seed: int, validation: float, test: float, more: float
) -> None:
    group = group_id(anchor)
    assert split_of(group, seed, 0.0, 0.0) == "train"
    small = split_of(group, seed, validation, test)
    more_to_validate = split_of(group, seed, validation + more, test)
    more_to_test = split_of(group, seed, validation, test + more)
    if small == "train":
        assert "test" not in (small, more_to_validate)
    else:
        assert more_to_validate == small
        assert more_to_test in (small, "test")
