"""The sweep: what each threshold of decontamination would find."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harvest.sweep import THRESHOLDS, show_sweep, sweep
from rupairs.errors import RupairsError, UsageError
from rupairs.pairs import PAIR_SCHEMA
from rupairs.store import StageReader, StageWriter
from tests.harvest.conftest import Harvest, Native, nli
from tests.harvest.test_sources import jsonl
from tests.test_store import finish

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
    total, leaky = 10 * 8_192, 8 * 8_192
    with StageWriter(tmp_path, PAIR_SCHEMA) as writer:
        for start in range(0, total, 8_192):
            writer.take_in(8_192)
            writer.keep_table(_pairs(start, leaky))
    finish(tmp_path, writer.counts())
    found = sweep(StageReader(tmp_path), known, 3 * 8_192)
    assert found[0]["looked_at"] == 4 * 8_192, "of ten batches, every third"
    whole = sweep(StageReader(tmp_path), known, total)
    assert (whole[0]["looked_at"], whole[-1]["pairs"]) == (total, 1)


def _pairs(start: int, leaky: int) -> pa.Table:
    size = 8_192
    said: dict[str, Any] = {"query": "да", "passage": "нет"}
    columns = [
        pa.repeat(said.get(field.name, ""), size)
        if field.type == pa.string()
        else pa.nulls(size, field.type).fill_null(0 if field.name == "polarity" else False)
        if field.name in ("polarity", "symmetric")
        else pa.array([[]] * size, field.type)
        for field in PAIR_SCHEMA
    ]
    table = pa.Table.from_arrays(columns, schema=PAIR_SCHEMA)
    if start <= leaky < start + size:
        passages = pa.array([KNOWN if n == leaky - start else "нет" for n in range(size)])
        table = table.set_column(2, PAIR_SCHEMA.field("passage"), passages)
    return table


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
