"""`rupairs sources` and `rupairs harvest run`, as a person types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import rupairs.steps
from harvest.cli import register
from harvest.sources import SOURCES
from harvest.stage import STAGE
from rupairs.errors import UsageError
from rupairs.store import StageReader


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    monkeypatch.setattr(rupairs.steps, "load_stages", lambda: {"harvest": STAGE})
    made = typer.Typer()
    register(made)
    return made


def test_sources_lists_every_source(app: typer.Typer) -> None:
    done = CliRunner().invoke(app, ["sources", "--json"])
    assert done.exit_code == 0
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert list(rows) == [s.name for s in SOURCES]
    assert rows["miracl"]["hub"] == ["miracl/miracl", "miracl/miracl-corpus"]
    assert rows["rcb"]["relations"] == ["entailment", "contradiction", "neutral"]
    assert (rows["lenta"]["expected"], rows["lenta"]["gives"]) == (185_972, "pairs")
    assert rows["wikipedia"]["symmetric"] is None
    table = CliRunner().invoke(app, ["sources"], env={"COLUMNS": "160"})
    assert table.exit_code == 0
    assert all(s.name in table.stdout for s in SOURCES)


def test_run_needs_no_recipe(app: typer.Typer, sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = ["harvest", "run", "--from-dir", str(sample), "--out", str(out), "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    states = {row["step"]: row["state"] for row in json.loads(done.stdout)}
    assert states == {"harvest.pairs": "made", "harvest.texts": "made"}
    pairs = StageReader(out / "harvest" / "pairs")
    assert set(pairs.manifest.licenses) == {"rcb", "ruparadetox", "miracl", "lenta"}
    again = CliRunner().invoke(app, command)
    assert {row["state"] for row in json.loads(again.stdout)} == {"kept"}


def test_run_takes_the_named_sources_only(app: typer.Typer, sample: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    command = ["harvest", "run", "rcb", "--from-dir", str(sample), "--out", out, "--json"]
    done = CliRunner().invoke(app, command)
    assert [row["step"] for row in json.loads(done.stdout)] == ["harvest.pairs"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lena"], "lena: no such source"),
        ([], "name a source, or give --from-dir"),
        (["--from-dir", "."], "name a source, . has no folder"),
    ],
)
def test_run_says_what_is_missing(
    app: typer.Typer, tmp_path: Path, arguments: list[str], message: str
) -> None:
    command = ["harvest", "run", *arguments, "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)


def test_the_commands_are_registered_without_anything_heavy() -> None:
    code = (
        "import sys, typer\n"
        "from harvest.cli import register\n"
        "register(typer.Typer())\n"
        "print([m for m in ('pyarrow', 'pydantic', 'harvest.sources', 'huggingface_hub') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
