"""Rows of every source in one schema: the books, what decides a fingerprint, what is kept."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import harvest.sources
import harvest.unify as harvest_unify
from harvest.source import DRAFT_SCHEMA, Draft, Native, Source, Unusable
from rupairs.errors import RupairsError
from tests.harvest.conftest import (
    SAMPLE_PAIRS,
    Harvest,
    assert_balanced,
    dropped,
    news,
    nli,
    reasons,
)
from tests.harvest.conftest import Native as Put
from tests.harvest.native_files import jsonl, parquet

pytestmark = pytest.mark.usefixtures("without_plots")

Reader = Callable[[Native], Iterator[Any]]


@pytest.fixture
def made_up(put: Put, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Reader], Path]:
    """Register a source read by a function of the test; returns the folder of native files."""

    def register(name: str, read: Reader) -> Path:
        source = Source(
            name=name,
            title=name,
            license="CC0-1.0",
            license_url="",
            url="",
            citation="",
            files=("rows.txt",),
            relations=("paraphrase",),
            pairs=read,
        )
        known = (*harvest.sources.SOURCES, source)
        monkeypatch.setattr(harvest.sources, "SOURCES", known)
        return put(name, {"rows.txt": "1"})

    return register


def draft(number: int) -> Draft:
    return Draft(str(number), f"Первая запись {number}", f"Вторая запись {number}", "paraphrase")


def test_every_native_row_of_the_sample_is_accounted_for(harvest: Harvest, sample: Path) -> None:
    made = harvest(sample, rows={"sources": SAMPLE_PAIRS}, texts={"sources": ["wikipedia"]})
    for stage in made.values():
        assert_balanced(stage)
    rows, pairs, texts = (made[verb].manifest for verb in ("rows", "pairs", "texts"))
    assert (rows.counts.rows_in, rows.counts.rows_out) == (203, 199)
    assert rows.counts.dropped_by_reason == {
        "empty_side": 1,
        "identical_sides": 1,
        "passage_text_absent": 2,
    }
    assert (pairs.counts.rows_in, pairs.counts.rows_out) == (199, 198)
    assert pairs.counts.dropped_by_reason == {"duplicate": 1}
    assert (texts.counts.rows_in, texts.counts.rows_out) == (78, 76)
    assert texts.counts.dropped_by_reason == {"too_short": 2}


def test_the_tallies_follow_a_source_through_both_steps(harvest: Harvest, sample: Path) -> None:
    made = harvest(sample, rows={"sources": SAMPLE_PAIRS})
    natives = {"rcb": 66, "ruparadetox": 53, "miracl": 60, "lenta": 24}
    for stage in made.values():
        sources = stage.manifest.facts["sources"]
        assert {name: tally["native"] for name, tally in sources.items()} == natives
        assert sources["miracl"]["expected"] == 10_000
        assert sources["miracl"]["positives"] == 28
    before, after = (made[verb].manifest.facts["sources"]["lenta"] for verb in ("rows", "pairs"))
    assert (before["kept"], before["dropped"]) == (23, {"empty_side": 1})
    assert (after["kept"], after["dropped"]) == (22, {"duplicate": 1, "empty_side": 1})
    assert made["pairs"].manifest.licenses == {
        "rcb": "MIT",
        "ruparadetox": "openrail++",
        "miracl": "CC-BY-SA-3.0",
        "lenta": "unknown",
    }


def test_two_runs_give_the_same_bytes(harvest: Harvest, sample: Path) -> None:
    tables: dict[str, Any] = {
        "rows": {"sources": SAMPLE_PAIRS},
        "pairs": {"test": 0.2},
        "texts": {"sources": ["wikipedia"]},
    }
    first, second = harvest(sample, "one", **tables), harvest(sample, "two", **tables)
    for verb in ("rows", "pairs", "texts"):
        assert first[verb].manifest.files == second[verb].manifest.files
        assert first[verb].manifest.fingerprint == second[verb].manifest.fingerprint


def test_the_content_of_the_files_decides_and_not_where_they_lie(
    harvest: Harvest, put: Put, tmp_path: Path
) -> None:
    folder = put("rcb", {"train.jsonl": jsonl(nli("Он пришёл.", "Он тут."))})
    settings = {"sources": ["rcb"]}
    before = harvest(folder, rows=settings)["rows"]
    assert list(before.manifest.inputs) == ["rcb/train.jsonl"]
    made = (before.directory / "manifest.json").stat().st_mtime_ns
    moved = folder.rename(tmp_path / "moved")
    kept = harvest(moved, rows=settings, engine="ray")["rows"]
    assert (kept.directory / "manifest.json").stat().st_mtime_ns == made
    (moved / "rcb/train.jsonl").write_text(jsonl(nli("Он ушёл.", "Его нет.")), encoding="utf-8")
    after = harvest(moved, rows=settings)["rows"]
    assert after.manifest.fingerprint != before.manifest.fingerprint
    assert [r["query"] for r in after.rows()] == ["Он ушёл."]


def test_sides_that_say_nothing_or_the_same_stay_out(harvest: Harvest, put: Put) -> None:
    folder = put(
        "rcb",
        {
            "train.jsonl": jsonl(
                nli("\u200b", "Пусто слева.", "neutral"),
                nli("Ой", "Слишком коротко.", "neutral"),
                nli("Слишком длинно. " * 9, "Длинно.", "neutral"),
                nli("Всё то же самое.", "«Все то же самое!»"),
                nli("Остаётся.", "Это остаётся."),
                nli("Метки нет.", "И не было.", "-"),
            )
        },
    )
    settings = {"sources": ["rcb"], "max_characters": 100, "cut_characters": 0}
    rows = harvest(folder, rows=settings)["rows"]
    assert reasons(rows) == [
        ("empty_side", "query has 0 characters"),
        ("too_short", "query has 2 characters"),
        ("too_long", "query has 143 characters"),
        ("identical_sides", "both say: все то же самое"),
        ("no_label", "train.jsonl row 6"),
    ]
    assert [r["passage"] for r in rows.rows()] == ["Это остаётся."]
    assert json.loads(dropped(rows)[-1]["row"])["premise"] == "Метки нет."
    assert_balanced(rows)


def test_a_harvest_that_keeps_nothing_ends_with_empty_tables(harvest: Harvest, put: Put) -> None:
    folder = put("rcb", {"train.jsonl": jsonl(nli("", "Пусто слева."))})
    made = harvest(folder, rows={"sources": ["rcb"]}, pairs={"test": 0.5})
    assert made["rows"].manifest.counts.dropped_by_reason == {"empty_side": 1}
    assert made["pairs"].manifest.counts.rows_in == 0
    for stage in made.values():
        assert_balanced(stage)


def test_half_of_a_character_is_left_out(harvest: Harvest, put: Put) -> None:
    """JSON can spell a lone surrogate; UTF-8, and so Parquet, cannot."""
    lines = (
        r'{"premise": "Мы видели лес \ud83d", "hypothesis": "Лес был.", "label": "entailment"}',
        r'{"premise": "Лес \ud83d", "hypothesis": "Был.", "label": "-"}',
    )
    folder = put("rcb", {"train.jsonl": "\n".join(lines)})
    rows = harvest(folder, rows={"sources": ["rcb"]})["rows"]
    assert [r["query"] for r in rows.rows()] == ["Мы видели лес"]
    assert json.loads(dropped(rows)[0]["row"])["premise"] == "Лес \ud83d"


def test_files_of_ones_own_may_have_another_license(harvest: Harvest, sample: Path) -> None:
    own = harvest(sample, "a", rows={"sources": ["lenta"]})["rows"]
    told = harvest(sample, "b", rows={"sources": ["lenta"], "licenses": {"lenta": "CC0-1.0"}})[
        "rows"
    ]
    assert told.manifest.licenses == {"lenta": "CC0-1.0"}
    assert {r["license"] for r in told.rows()} == {"CC0-1.0"}
    assert told.manifest.facts["sources"]["lenta"]["license_url"] == ""
    assert told.manifest.fingerprint != own.manifest.fingerprint


def test_the_recipe_names_columns_nobody_could_look_up(harvest: Harvest, put: Put) -> None:
    row = {"вопрос": "Как растёт мох?", "ответ": "Медленно и в тени."}
    folder = put("fialka", {"train-0.parquet": parquet([row])})
    with pytest.raises(RupairsError) as error:
        harvest(folder, rows={"sources": ["fialka"]})
    for part in ("train-0.parquet", "вопрос, ответ", "harvest.rows.columns.fialka.query"):
        assert part in str(error.value)

    def read(out: str, query: str, passage: str) -> tuple[str, list[dict[str, Any]]]:
        columns = {"fialka": {"query": query, "passage": passage}}
        rows = harvest(folder, out, rows={"sources": ["fialka"], "columns": columns})["rows"]
        return rows.manifest.fingerprint, list(rows.rows())

    first, straight = read("run", "вопрос", "ответ")
    assert [(r["query"], r["passage"]) for r in straight] == [(row["вопрос"], row["ответ"])]
    # In the same run, so that nothing of the first reading may be taken for the second.
    second, swapped = read("run", "ответ", "вопрос")
    assert [(r["query"], r["passage"]) for r in swapped] == [(row["ответ"], row["вопрос"])]
    assert first != second


def test_drafts_and_whole_tables_keep_their_order(
    harvest: Harvest, made_up: Callable[[str, Reader], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
        yield from map(draft, range(41))
        yield Unusable({"row": "x"}, "no_text", "rows.txt row x")
        tabled = [draft(n)._asdict() for n in range(41, 50)]
        yield pa.Table.from_pylist(tabled, schema=DRAFT_SCHEMA)
        yield draft(50)

    monkeypatch.setattr(harvest_unify, "_BATCH", 20)

    folder = made_up("mixed", read)
    rows = harvest(folder, rows={"sources": ["mixed"], "check_language": False})["rows"]
    assert [r["source_row"] for r in rows.rows()] == [str(n) for n in range(51)]
    assert reasons(rows) == [("no_text", "rows.txt row x")]
    assert_balanced(rows)


def test_a_finished_source_is_not_read_again(
    harvest: Harvest, made_up: Callable[[str, Reader], Path], tmp_path: Path
) -> None:
    reads: list[str] = []
    broken = True

    def first(native: Native) -> Iterator[Draft]:
        reads.append("first")
        yield draft(1)

    def second(native: Native) -> Iterator[Draft]:
        reads.append("second")
        yield draft(2)
        if broken:
            raise RupairsError("rows.txt: row 2: gone")

    made_up("first", first)
    folder = made_up("second", second)
    settings: dict[str, Any] = {"sources": ["first", "second"], "check_language": False}
    with pytest.raises(RupairsError, match=r"rows\.txt: row 2: gone"):
        harvest(folder, rows=settings)
    work = tmp_path / "run/.work/harvest.rows"
    assert [p.name.rpartition("-")[0] for p in work.iterdir()] == ["first"]
    assert not (tmp_path / "run/harvest/.rows.partial").exists()
    kept = next(work.glob("first-*/part-*.parquet")).stat().st_ino

    broken = False
    rows = harvest(folder, rows=settings)["rows"]
    assert reads == ["first", "second", "second"]
    assert [r["source_row"] for r in rows.rows()] == ["1", "2"]
    assert rows.parts()[0].stat().st_ino == kept, "the part was not taken over but made again"
    assert not work.exists()


def test_other_settings_read_an_unfinished_harvest_anew(
    harvest: Harvest, made_up: Callable[[str, Reader], Path]
) -> None:
    reads: list[str] = []

    def first(native: Native) -> Iterator[Draft]:
        reads.append("first")
        yield draft(1)

    def second(native: Native) -> Iterator[Draft]:
        raise RupairsError("rows.txt: damaged")
        yield

    made_up("first", first)
    folder = made_up("second", second)
    for least in (3, 3, 4):
        settings = {"sources": ["first", "second"], "min_characters": least}
        with pytest.raises(RupairsError, match="damaged"):
            harvest(folder, rows=settings)
    assert len(reads) == 2


def test_a_long_side_is_cut_where_a_sentence_ends(harvest: Harvest, put: Put) -> None:
    text = "Первое предложение сказано. Второе предложение тоже. Третье уже лишнее."
    folder = put("lenta", {"lenta-ru-news.csv": news(("Три предложения", text))})
    rows = harvest(folder, rows={"sources": ["lenta"], "cut_characters": 60})["rows"]
    assert [r["passage"] for r in rows.rows()] == [text.removesuffix(" Третье уже лишнее.")]
