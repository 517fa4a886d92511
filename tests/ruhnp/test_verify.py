import sqlite3
from pathlib import Path

import pytest

from ruhnp.generated import VERIFIED_SCHEMA
from ruhnp.notes import table
from rupairs.store import read_table, schema_of
from tests.ruhnp.verifying import kept, recipe, row, verify, write_generated
from tests.training.tiny import write_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


def test_what_passes_what_is_dropped_and_why(encoder: Path, tmp_path: Path) -> None:
    write_generated(tmp_path)
    outcome = verify(tmp_path, recipe(encoder))
    counts = outcome.manifest.counts
    assert (counts.rows_in, counts.rows_out) == (6, 5)
    assert counts.dropped_by_reason == {"other_change": 1}
    part = outcome.directory / "part-00000.parquet"
    assert schema_of(part) == VERIFIED_SCHEMA
    rows = kept(outcome)
    assert all(-1 <= r["similarity"] <= 1 for r in rows)
    assert {(r["judge_forward"], r["judge_backward"]) for r in rows} == {(None, None)}
    dropped = read_table(outcome.directory / "dropped.parquet").to_pylist()
    assert dropped[0]["evidence"] == "the numbers are the same"


def test_the_report_shows_the_balance(encoder: Path, tmp_path: Path) -> None:
    write_generated(tmp_path)
    outcome = verify(tmp_path, recipe(encoder))
    report = (outcome.directory / "report.md").read_text(encoding="utf-8")
    assert "| negative | number | 2 | 1 | 50% |" in report
    assert "| negative | antonym | 1 | 1 | 100% |" in report
    assert "| positive | — | 2 | 2 | 100% |" in report
    assert "| rule | negative | 1 | 1 | 100% |" in report
    assert "| other_change | 0 | 1 |" in report
    assert outcome.manifest.facts["by_change"]["negative number"] == {"texts": 2, "kept": 1}
    assert "notes.md" in outcome.manifest.files


def test_other_thresholds_ask_nothing_and_give_the_same_again(
    encoder: Path, tmp_path: Path
) -> None:
    """No server answers at the recipe's address, and no replay log is there to write to."""
    write_generated(tmp_path)
    first = verify(tmp_path, recipe(encoder))
    generated = (tmp_path / "ruhnp/generate/part-00000.parquet").read_bytes()
    parquet = {p.name: p.read_bytes() for p in first.directory.glob("*.parquet")}
    strict = verify(tmp_path, recipe(encoder, max_positive_overlap=0.0))
    assert strict.state == "made"
    assert strict.manifest.counts.dropped_by_reason["near_copy"] == 2
    assert verify(tmp_path, recipe(encoder, max_positive_overlap=0.0)).state == "kept"
    again = verify(tmp_path, recipe(encoder))
    assert {p.name: p.read_bytes() for p in again.directory.glob("*.parquet")} == parquet
    assert (tmp_path / "ruhnp/generate/part-00000.parquet").read_bytes() == generated
    assert not (tmp_path / "llm.sqlite").exists()


def test_other_thresholds_open_no_encoder(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_generated(tmp_path)
    first = kept(verify(tmp_path, recipe(encoder)))
    monkeypatch.setattr("ruhnp.cosines.load_encoder", None)
    strict = verify(tmp_path, recipe(encoder, min_positive_similarity=1.1))
    assert strict.manifest.counts.dropped_by_reason["not_similar"] == 2
    cosines = {row["text"]: row["similarity"] for row in first}
    assert all(cosines[row["text"]] == row["similarity"] for row in kept(strict))
    with pytest.raises(TypeError):  # what was not seen before is not made up
        verify(tmp_path, recipe(encoder, checks=("not_similar",)))


def test_switched_off_checks_drop_nothing(encoder: Path, tmp_path: Path) -> None:
    write_generated(tmp_path, (row("positive", "Yes."), row("negative", "Yes.")))
    assert len(kept(verify(tmp_path, recipe(encoder, checks=())))) == 2
    only = recipe(encoder, checks=("length",))
    assert verify(tmp_path, only).manifest.counts.dropped_by_reason == {"length": 2}


def test_bands_have_floors_and_ceilings(encoder: Path, tmp_path: Path) -> None:
    write_generated(tmp_path)
    outcome = verify(tmp_path, recipe(encoder, max_negative_similarity=-1.0))
    assert outcome.manifest.counts.dropped_by_reason == {"other_change": 1, "too_similar": 3}
    outcome = verify(tmp_path, recipe(encoder, min_positive_similarity=1.1))
    assert outcome.manifest.counts.dropped_by_reason == {"not_similar": 2, "other_change": 1}


def test_the_generator_answers_stay_where_they_are(encoder: Path, tmp_path: Path) -> None:
    write_generated(tmp_path)
    with sqlite3.connect(tmp_path / "llm.sqlite") as db:
        db.execute("CREATE TABLE mine (n)")
    before = (tmp_path / "llm.sqlite").read_bytes()
    verify(tmp_path, recipe(encoder))
    assert (tmp_path / "llm.sqlite").read_bytes() == before


def test_tables_put_numbers_to_the_right() -> None:
    assert table(("a", "n"), [("x", 1)]) == "| a | n |\n|---|--:|\n| x | 1 |\n"
    assert table(("a", "n"), []) == "| a | n |\n|---|---|\n"
