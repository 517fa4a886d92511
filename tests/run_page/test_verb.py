"""The page at the end of a run, and the verb that writes it again."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupairs.cli import app
from rupairs.errors import UsageError
from rupairs.run_page.page import PAGE
from rupairs.runs import run_one
from tests.tiny import write_recipe


def harvested(folder: Path) -> int:
    """Run one real step on the shipped sample; returns the exit code."""
    recipe = write_recipe(folder, "http://127.0.0.1:9/v1", folder / "encoder")
    return run_one("harvest.texts", str(recipe), folder / "run", [])


def test_a_run_ends_with_its_page_and_the_verb_writes_it_again(tmp_path: Path) -> None:
    assert harvested(tmp_path) == 0
    page = tmp_path / "run" / PAGE
    first = page.read_bytes()
    assert "harvest.texts" in first.decode()
    page.unlink()
    done = CliRunner().invoke(app, ["report", str(tmp_path / "run")])
    assert (done.exit_code, done.output.strip()) == (0, str(page))
    assert page.read_bytes() == first


def test_a_page_that_cannot_be_written_costs_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run" / PAGE / "in the way").mkdir(parents=True)
    assert harvested(tmp_path) == 0
    assert f"{PAGE} was not written" in capsys.readouterr().err
    assert (tmp_path / "run/harvest/texts/report.md").is_file()


def test_a_folder_that_is_no_run_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
