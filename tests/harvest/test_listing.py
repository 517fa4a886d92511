"""The table of sources, and what was found beside what USER-base reports."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harvest.sources
from harvest.listing import show_sources, verify_counts
from harvest.sources import SOURCES
from rupairs.errors import RupairsError
from tests.harvest.conftest import Harvest, Native, nli
from tests.harvest.native_files import jsonl

pytestmark = pytest.mark.usefixtures("without_plots")

Captured = pytest.CaptureFixture[str]


def listed(capsys: Captured) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(capsys.readouterr().out)}


def with_source(monkeypatch: pytest.MonkeyPatch, name: str, **fields: Any) -> None:
    known = tuple(replace(s, **fields) if s.name == name else s for s in SOURCES)
    monkeypatch.setattr(harvest.sources, "SOURCES", known)


def test_a_run_adds_what_was_found_and_kept(
    harvest: Harvest, sample: Path, tmp_path: Path, capsys: Captured
) -> None:
    show_sources(None, None, True)
    assert {(row["found"], row["kept"]) for row in listed(capsys).values()} == {(None, None)}
    harvest(sample, rows={"sources": ["rcb", "lenta"]})
    show_sources(tmp_path / "run", sample, True)
    rows = listed(capsys)
    assert list(rows) == [s.name for s in SOURCES]
    assert (rows["rcb"]["expected"], rows["rcb"]["found"], rows["rcb"]["kept"]) == (392, 22, 66)
    assert (rows["lenta"]["found"], rows["lenta"]["kept"]) == (24, 22)
    assert (rows["rcb"]["state"], rows["miracl"]["found"]) == ("folder", None)
    show_sources(tmp_path / "run", sample, False)
    printed = capsys.readouterr().out
    assert "185,972" in printed and "Next: rupairs harvest run" in printed


def test_a_folder_without_a_harvest_says_how_to_make_one(tmp_path: Path) -> None:
    message = rf"{tmp_path}: no finished harvest there; run: rupairs harvest run SOURCE... --out"
    with pytest.raises(RupairsError, match=message):
        show_sources(tmp_path, None, True)
    with pytest.raises(RupairsError, match=message):
        verify_counts(tmp_path, True)


def test_a_run_of_texts_alone_has_no_pairs_to_compare(
    harvest: Harvest, sample: Path, tmp_path: Path, capsys: Captured
) -> None:
    harvest(sample, texts={"sources": ["wikipedia"]})
    assert verify_counts(tmp_path / "run", False) == 0
    assert "no pairs in this run" in " ".join(capsys.readouterr().out.split())
    show_sources(tmp_path / "run", None, True)
    row = listed(capsys)["wikipedia"]
    assert (row["found"], row["kept"]) == (None, 76)


def test_what_nobody_may_pass_on_says_how_to_get_it(capsys: Captured) -> None:
    show_sources(None, None, True)
    rows = listed(capsys)
    assert "physionet.org" in rows["mednli"]["access"]
    assert "DIR/mednli and run with --from-dir DIR --fetch-missing" in rows["mednli"]["access"]
    assert rows["rcb"]["access"] == ""
    show_sources(None, None, False)
    printed = " ".join(capsys.readouterr().out.split())
    assert "become a credentialed user of PhysioNet" in printed
    assert "fetch_missing of [harvest]" in printed


def test_no_heading_stands_over_nothing(
    harvest: Harvest,
    sample: Path,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harvest(sample, rows={"sources": ["rcb"]})
    with_source(monkeypatch, "rcb", expected=22)
    verify_counts(tmp_path / "run", False)
    assert "Why they differ" not in capsys.readouterr().out


def test_only_a_source_that_is_known_not_to_be_whole_fails(
    harvest: Harvest,
    sample: Path,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    harvest(sample, rows={"sources": ["rcb", "lenta"]})
    run = tmp_path / "run"
    assert verify_counts(run, True) == 1
    rows = listed(capsys)
    assert [r["verdict"] for r in rows.values()] == ["count of a copy unknown", "not whole"]
    assert (rows["rcb"]["difference"], rows["rcb"]["native"], rows["rcb"]["kept"]) == (-370, 66, 66)
    assert rows["rcb"]["why"].startswith("The train split has 438 rows")
    assert verify_counts(run, False) == 1
    printed = capsys.readouterr().out
    assert "not whole" in printed and "-370" in printed and "185,972 " in printed

    with_source(monkeypatch, "lenta", counts=(5, 24))
    assert verify_counts(run, True) == 0
    assert listed(capsys)["lenta"]["verdict"] == "whole"

    with_source(monkeypatch, "rcb", expected=22, counts=())
    verify_counts(run, True)
    row = listed(capsys)["rcb"]
    assert (row["verdict"], row["difference"], row["why"]) == ("equal", 0, "")

    with_source(monkeypatch, "rcb", why="", expected=None, counts=())
    verify_counts(run, True)
    row = listed(capsys)["rcb"]
    assert (row["verdict"], row["difference"]) == ("nothing to compare with", None)


def test_pairs_of_an_earlier_run_are_not_taken_for_those_of_this_one(
    harvest: Harvest, put: Native, tmp_path: Path, capsys: Captured
) -> None:
    folder = put("rcb", {"train.jsonl": jsonl(nli("Мы видели лес.", "Лес был виден."))})
    old = harvest(folder, rows={"sources": ["rcb"]})["pairs"].directory
    shutil.copytree(old, tmp_path / "old")
    both = nli("Мы видели лес.", "Лес был виден."), nli("Ёж спит.", "Зверь спит.")
    put("rcb", {"train.jsonl": jsonl(*both)})
    harvest(folder, rows={"sources": ["rcb"]})
    # As a run leaves it that ended between the two steps.
    shutil.rmtree(old)
    (tmp_path / "old").rename(old)
    verify_counts(tmp_path / "run", True)
    assert listed(capsys)["rcb"]["found"] == 2
