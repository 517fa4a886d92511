"""The sweep: what each threshold of decontamination would find."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from harvest.sweep import THRESHOLDS, show_sweep, sweep
from rupairs.errors import RupairsError, UsageError
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.store import StageReader, StageWriter
from tests.harvest.conftest import Harvest, Native, nli
from tests.harvest.native_files import jsonl
from tests.test_store import finish

pytestmark = pytest.mark.usefixtures("without_plots")

KNOWN = "Над тихой рекой медленно поднимался утренний туман."
HALF = "Над тихой рекой медленно летели большие серые птицы."
OTHER = "Повар забыл посолить суп и очень расстроился."


@pytest.fixture
def known(tmp_path: Path) -> Path:
    folder = tmp_path / "known"
    folder.mkdir()
    (folder / "river.txt").write_text(KNOWN, encoding="utf-8")
    (folder / "both.txt").write_text(f"{KNOWN}\n{OTHER}", encoding="utf-8")
    return folder


@pytest.fixture
def rows(harvest: Harvest, put: Native) -> StageReader:
    texts = (KNOWN, HALF, f"Он писал: {KNOWN}", "Собака нашла мяч под диваном.")
    pairs = [nli(text, "Об этом писали вчера.") for text in texts]
    folder = put("rcb", {"train.jsonl": jsonl(*pairs, nli("Ужин не удался.", OTHER))})
    return harvest(folder, rows={"sources": ["rcb"]})["rows"]


def test_a_higher_threshold_finds_less(rows: StageReader, known: Path) -> None:
    found = sweep(rows, known, 100)
    assert [f["threshold"] for f in found] == list(THRESHOLDS)
    pairs = [f["pairs"] for f in found]
    assert pairs == sorted(pairs, reverse=True)
    assert pairs[-2:] == [3, 3] and pairs[0] >= 3
    for entry in found:
        assert entry["looked_at"] == 5
        assert entry["share"] == entry["pairs"] / 5
    assert found[-1]["benchmarks"] == {"both": 3, "river": 2}
    assert found[-1]["weakest"].startswith("1.00: ")


def test_a_threshold_that_finds_nothing_shows_nothing(rows: StageReader, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none/texts.txt").write_text("Этого нигде нет совсем.", encoding="utf-8")
    for entry in sweep(rows, tmp_path / "none", 100):
        assert (entry["pairs"], entry["share"], entry["weakest"]) == (0, 0, "")


def test_it_is_printed_for_people_and_programs(
    rows: StageReader, known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = rows.directory.parent.parent
    show_sweep(run, known, 100, True)
    assert len(json.loads(capsys.readouterr().out)) == len(THRESHOLDS)
    show_sweep(run, known, 100, False)
    printed = capsys.readouterr().out
    assert "60.00%" in printed and "harvest.pairs.contamination" in printed


def test_a_sample_is_taken_from_the_whole_length(tmp_path: Path, known: Path) -> None:
    places, size = 30, 8_192
    fields = ("relation", "source", "source_revision", "source_row", "license", "group_id")
    pair = Pair("да", KNOWN, polarity=1, symmetric=True, **dict.fromkeys(fields, ""))
    clean = pa.Table.from_pylist([replace(pair, passage="нет").row()], schema=PAIR_SCHEMA)
    leaky = pa.Table.from_pylist([pair.row()], schema=PAIR_SCHEMA)
    table = tmp_path / "rows"
    table.mkdir()
    with StageWriter(table, PAIR_SCHEMA) as writer:
        for _ in range(places):
            writer.take_in(size)
            writer.keep_table(pa.concat_tables([leaky, clean.take(pa.array([0] * (size - 1)))]))
    finish(table, writer.counts())
    found = sweep(StageReader(table), known, 300)
    assert (found[-1]["looked_at"], found[-1]["pairs"]) == (300, 30)


def test_without_rows_there_is_nothing_to_look_at(
    harvest: Harvest, put: Native, known: Path, tmp_path: Path
) -> None:
    with pytest.raises(RupairsError, match="has not finished"):
        show_sweep(tmp_path / "run", known, 100, True)
    folder = put("rcb", {"train.jsonl": jsonl(nli("", "Пусто слева."))})
    empty = harvest(folder, rows={"sources": ["rcb"]})["rows"]
    with pytest.raises(RupairsError, match="no pairs to look at"):
        sweep(empty, known, 100)
    with pytest.raises(UsageError, match="no such folder of benchmark texts"):
        sweep(empty, tmp_path / "absent", 100)
