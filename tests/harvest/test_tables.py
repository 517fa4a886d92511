"""From native rows to tables: who gets in, where it lands, and whether the books balance."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest.admission import split_of
from harvest.stage import HarvestSection
from rupairs.errors import UsageError
from rupairs.pairs import group_id
from rupairs.recipe import validate
from rupairs.store import StageReader, read_table
from tests.harvest.conftest import Harvest, Native
from tests.harvest.test_sources import jsonl

ALL = ["rcb", "ruparadetox", "miracl", "lenta"]


def nli(premise: str, hypothesis: str, label: str) -> dict[str, object]:
    return {"premise": premise, "hypothesis": hypothesis, "label": label}


def dropped(stage: StageReader) -> list[dict[str, Any]]:
    return read_table(stage.directory / "dropped.parquet").to_pylist()


def test_every_native_row_of_the_sample_is_kept_or_dropped(harvest: Harvest, sample: Path) -> None:
    made = harvest(sample, pairs={"sources": ALL}, texts={"sources": ["wikipedia"]})
    manifest = made["pairs"].manifest
    assert manifest.counts.dropped_by_reason == {
        "duplicate": 1,
        "empty_side": 1,
        "identical_sides": 1,
        "passage_text_absent": 2,
    }
    facts = manifest.facts["sources"]
    assert sum(f["native"] for f in facts.values()) == manifest.counts.rows_in == 203
    for fact in facts.values():
        assert fact["native"] == fact["kept"] + sum(fact["dropped"].values())
        assert fact["kept"] == sum(fact["relations"].values())
    assert facts["miracl"]["expected"] == 10_000
    assert manifest.licenses == {
        "rcb": "MIT",
        "ruparadetox": "openrail++",
        "miracl": "CC-BY-SA-3.0",
        "lenta": "unknown",
    }
    texts = made["texts"]
    assert texts.manifest.counts.rows_in == texts.manifest.counts.rows_out + len(dropped(texts))
    report = (made["pairs"].directory / "report.md").read_text(encoding="utf-8")
    assert "| rcb | MIT | 66 | 66 |" in report


def test_two_runs_give_the_same_bytes(harvest: Harvest, sample: Path) -> None:
    tables = {"pairs": {"sources": ALL, "test": 0.2}, "texts": {"sources": ["wikipedia"]}}
    first = harvest(sample, out="one", **tables)
    second = harvest(sample, out="two", **tables)
    for verb in ("pairs", "texts"):
        assert first[verb].manifest.files == second[verb].manifest.files
        assert first[verb].manifest.inputs == second[verb].manifest.inputs


def test_inputs_name_files_without_their_folder_and_notice_a_change(
    harvest: Harvest, put: Native
) -> None:
    folder = put("rcb", {"train.jsonl": jsonl(nli("Он пришёл.", "Он тут.", "entailment"))})
    before = harvest(folder, pairs={"sources": ["rcb"]})["pairs"].manifest
    assert list(before.inputs) == ["rcb/train.jsonl"]
    put("rcb", {"train.jsonl": jsonl(nli("Он ушёл.", "Его нет.", "entailment"))})
    after = harvest(folder, pairs={"sources": ["rcb"]})["pairs"]
    assert after.manifest.fingerprint != before.fingerprint
    assert [r["query"] for r in after.rows()] == ["Он ушёл."]


def test_the_first_source_keeps_a_pair_and_the_evidence_names_it(
    harvest: Harvest, put: Native
) -> None:
    put(
        "rcb",
        {
            "train.jsonl": jsonl(
                nli("Мы видели лес.", "Лес был виден.", "entailment"),
                nli("Лес был  виден!", "мы видели ЛЕС", "neutral"),
                nli("Ёж спит.", "Зверь спит.", "entailment"),
            )
        },
    )
    folder = put("terra", {"train.jsonl": jsonl(nli("Еж спит", "Зверь спит", "entailment"))})
    rcb_first = harvest(folder, "a", pairs={"sources": ["rcb", "terra"]})["pairs"]
    assert [(d["reason"], d["evidence"]) for d in dropped(rcb_first)] == [
        ("conflicting_polarity", "rcb#1 (entailment)"),
        ("duplicate", "rcb#3 (entailment)"),
    ]
    assert json.loads(dropped(rcb_first)[1]["row"])["source"] == "terra"
    terra_first = harvest(folder, "b", pairs={"sources": ["terra", "rcb"]})["pairs"]
    assert Counter(r["source"] for r in terra_first.rows()) == {"terra": 1, "rcb": 1}


def test_sides_that_say_nothing_or_the_same_stay_out(harvest: Harvest, put: Native) -> None:
    folder = put(
        "rcb",
        {
            "train.jsonl": jsonl(
                nli("\u200b", "Пусто слева.", "neutral"),
                nli("Ой", "Слишком коротко.", "neutral"),
                nli("Слишком длинно. " * 9, "Длинно.", "neutral"),
                nli("Всё то же самое.", "«Все то же самое!»", "entailment"),
                nli("Остаётся.", "Это остаётся.", "entailment"),
            )
        },
    )
    settings = {"sources": ["rcb"], "max_characters": 100}
    pairs = harvest(folder, pairs=settings)["pairs"]
    assert [(d["reason"], d["evidence"]) for d in dropped(pairs)] == [
        ("empty_side", "query has 0 characters"),
        ("too_short", "query has 2 characters"),
        ("too_long", "query has 143 characters"),
        ("identical_sides", "both say: все то же самое"),
    ]
    assert [r["passage"] for r in pairs.rows()] == ["Это остаётся."]


def test_sentences_come_once_and_within_the_lengths(harvest: Harvest, put: Native) -> None:
    text = "Эта фраза повторяется дважды. Эта фраза повторяется дважды! Да.\n" + "а" * 60
    article = {"id": "7", "url": "u", "title": "т", "text": text}
    folder = put("wikipedia", {"articles.jsonl": jsonl(article)})
    texts = harvest(folder, texts={"sources": ["wikipedia"], "max_characters": 50})["texts"]
    assert [r["source_row"] for r in texts.rows()] == ["7#1"]
    assert [(d["reason"], d["evidence"]) for d in dropped(texts)] == [
        ("duplicate", "wikipedia#7#1"),
        ("too_short", "text has 3 characters"),
        ("too_long", "text has 60 characters"),
    ]


def test_a_sample_takes_whole_documents_by_their_id(harvest: Harvest, put: Native) -> None:
    articles = [
        {"id": str(n), "url": "u", "title": "т", "text": f"Предложение номер {n}. Второе о {n}."}
        for n in range(200)
    ]
    folder = put("wikipedia", {"articles.jsonl": jsonl(*articles)})

    def documents(out: str, fraction: float, seed: int) -> Counter[str]:
        settings = {"sources": ["wikipedia"], "fraction": fraction, "min_characters": 1}
        stage = harvest(folder, out, seed, texts=settings)["texts"]
        return Counter(r["source_row"].partition("#")[0] for r in stage.rows())

    small, large = documents("a", 0.2, 1), documents("b", 0.5, 1)
    assert set(small) < set(large)
    assert set(small.values()) == {2}
    assert 20 <= len(small) <= 60
    assert documents("c", 0.2, 2) != small


def test_siblings_share_a_split(harvest: Harvest, sample: Path) -> None:
    settings = {"sources": ALL, "validation": 0.2, "test": 0.3}
    rows = list(harvest(sample, pairs=settings)["pairs"].rows())
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row["group_id"], set()).add(row["split"])
    assert {len(found) for found in splits.values()} == {1}
    assert set.union(*splits.values()) == {"train", "validation", "test"}


@settings(deadline=None)
@given(st.text(), st.integers(0, 9), st.floats(0, 0.5), st.floats(0, 0.49))
def test_a_larger_held_out_part_only_adds(
    anchor: str, seed: int, validation: float, test: float
) -> None:
    group = group_id(anchor)
    assert split_of(group, seed, 0.0, 0.0) == "train"
    if split_of(group, seed, validation, test) == "test":
        assert split_of(group, seed, 0.0, min(1.0, test + 0.1)) == "test"
    if split_of(group, seed, validation, test) == "train":
        assert split_of(group, seed, validation / 2, test / 2) == "train"


def test_files_of_ones_own_may_have_another_license(harvest: Harvest, sample: Path) -> None:
    stage = harvest(sample, pairs={"sources": ["lenta"], "license": "CC0-1.0"})["pairs"]
    assert stage.manifest.licenses == {"lenta": "CC0-1.0"}
    assert {r["license"] for r in stage.rows()} == {"CC0-1.0"}
    assert stage.manifest.facts["sources"]["lenta"]["license_url"] == ""


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"pairs": {"sources": ["lena"]}}, "harvest.pairs.sources: .*lena gives no pairs.*lenta"),
        ({"pairs": {"sources": ["wikipedia"]}}, "wikipedia gives no pairs"),
        ({"texts": {"sources": ["rcb"]}}, "rcb gives no sentences.*wikipedia"),
        ({"pairs": {"sources": ["rcb", "rcb"]}}, "rcb is named twice"),
        ({"pairs": {"validation": 0.5, "test": 0.5}}, "leave something to train on"),
        ({"pairs": {"license": "MIT"}}, "from_dir, which is not set"),
        ({"pears": {}}, r"harvest\.pears"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_read(
    tmp_path: Path, section: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        validate(tmp_path / "r.toml", {"harvest": section}, {"harvest": HarvestSection})
