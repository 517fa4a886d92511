"""`rupairs sources` and `rupairs harvest run|verify|sweep`, as a person types them."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import harvest.sources
from harvest.cli import register
from harvest.fetching.fetch import native
from harvest.sources import SOURCES, USER_BASE, get
from rupairs.errors import UsageError
from rupairs.store import StageReader, read_table


@pytest.fixture
def app() -> typer.Typer:
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
    rows = json.loads(done.stdout)
    assert {row["step"]: (row["state"], row["rows_in"], row["rows_out"]) for row in rows} == {
        "harvest.rows": ("made", 203, 199),
        "harvest.pairs": ("made", 199, 198),
        "harvest.texts": ("made", 78, 76),
    }
    pairs = StageReader(out / "harvest" / "pairs")
    assert set(pairs.manifest.licenses) == {"rcb", "ruparadetox", "miracl", "lenta"}
    again = CliRunner().invoke(app, command)
    assert {row["state"] for row in json.loads(again.stdout)} == {"kept"}
    table = CliRunner().invoke(app, command[:-1])
    assert "what was made" in table.stdout and "harvest/pairs" in table.stdout


@pytest.mark.parametrize(
    ("name", "steps"),
    [("rcb", ["harvest.rows", "harvest.pairs"]), ("wikipedia", ["harvest.texts"])],
)
def test_run_takes_the_named_sources_only(
    app: typer.Typer, sample: Path, tmp_path: Path, name: str, steps: list[str]
) -> None:
    out = str(tmp_path / "out")
    command = ["harvest", "run", name, "--from-dir", str(sample), "--out", out, "--json"]
    done = CliRunner().invoke(app, command)
    assert [row["step"] for row in json.loads(done.stdout)] == steps


def test_all_asks_for_the_open_sources_of_user_base(
    app: typer.Typer, sample: Path, tmp_path: Path
) -> None:
    command = ["harvest", "run", "--all", "--from-dir", str(sample), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, command)
    assert isinstance(done.exception, UsageError)
    assert f"{sample / USER_BASE[0]}: no such folder" in str(done.exception)
    assert "18 of 22 sources cannot be had:" in str(done.exception)
    assert "--all leaves out mednli: read from DIR/NAME of --from-dir DIR only" in done.stderr
    asked = json.loads((tmp_path / "recipe.json").read_text(encoding="utf-8"))["harvest"]
    assert asked["rows"]["sources"] == list(USER_BASE)
    assert asked["texts"]["sources"] == []


def test_all_takes_what_is_named_beside_it_and_mednli_where_it_is_at_hand(
    app: typer.Typer, sample: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "native"
    shutil.copytree(sample, folder)
    (folder / "mednli").mkdir()
    out = ["--from-dir", str(folder), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["harvest", "run", "--all", "mmarco_ru", "wikipedia", *out])
    assert isinstance(done.exception, UsageError)
    assert "leaves out" not in done.stderr
    asked = json.loads((tmp_path / "out/recipe.json").read_text(encoding="utf-8"))["harvest"]
    assert asked["rows"]["sources"] == [*sorted([*USER_BASE, "mednli"], key=_place), "mmarco_ru"]
    assert asked["texts"]["sources"] == ["wikipedia"]


def _place(name: str) -> int:
    return [s.name for s in SOURCES].index(name)


def test_what_cannot_be_had_may_be_left_out(app: typer.Typer, sample: Path, tmp_path: Path) -> None:
    where = ["--from-dir", str(sample), "--out", str(tmp_path), "--json"]
    command = ["harvest", "run", "rcb", "terra", "bible", "wikipedia", *where]
    done = CliRunner().invoke(app, command)
    assert "2 of 3 sources cannot be had" in str(done.exception)
    done = CliRunner().invoke(app, [*command, "--skip-unavailable"])
    assert done.exit_code == 3, done.output
    for step in ("rows", "pairs"):
        stage = StageReader(tmp_path / "harvest" / step)
        assert list(stage.manifest.facts["unavailable"]) == ["terra", "bible"]
        assert list(stage.manifest.facts["sources"]) == ["rcb"]
        report = (stage.directory / "report.md").read_text(encoding="utf-8")
        assert "## Left out" in report and "- bible: " in report
    again = CliRunner().invoke(app, [*command, "--skip-unavailable"])
    assert again.exit_code == 3
    assert {row["state"] for row in json.loads(again.stdout)} == {"kept"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from-dir", "absent"], "absent: no such folder"),
        (["rcb", "--fetch-missing"], "missing in from_dir, which is not set"),
        (["lena"], "lena: no such source"),
        (["rcb", "rcb"], "rcb is named twice"),
        ([], "name a source, or give --from-dir, or give --all; known: allnli"),
        (["--from-dir", "."], "name a source, . has no folder of that name"),
        (["rcb", "--from-dir", "."], "rcb: no such folder; it should hold train.jsonl"),
        (["rcb", "--from-dir", ".", "--benchmarks", "absent"], "absent: no such folder of bench"),
        (["rcb", "--from-dir", ".", "--engine", "spark"], "harvest.engine: Input should be"),
    ],
)
def test_run_says_what_is_wrong(
    app: typer.Typer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["harvest", "run", *arguments, "--out", "out"])
    assert isinstance(done.exception, UsageError)
    assert message in str(done.exception)
    assert not list(tmp_path.glob("out/harvest/*"))


def test_a_run_is_looked_at_by_the_other_commands(
    app: typer.Typer, sample: Path, tmp_path: Path
) -> None:
    out, known = tmp_path / "out", tmp_path / "known"
    known.mkdir()
    first = next(native(get("rcb"), sample).some("train.jsonl")[0].open(encoding="utf-8"))
    (known / "texts.txt").write_text(json.loads(first)["premise"], encoding="utf-8")
    (known / "notes.pdf").write_bytes(b"%PDF")
    where = ["--benchmarks", str(known), "--out", str(out), "--json"]
    run = CliRunner().invoke(app, ["harvest", "run", "rcb", "--from-dir", str(sample), *where])
    assert run.exit_code == 0, run.output
    assert "benchmarks: not read: notes.pdf" in run.stderr
    leaks = read_table(out / "harvest/pairs/leaks.parquet").to_pylist()
    assert leaks and {leak["benchmark"] for leak in leaks} == {"texts"}

    sources = CliRunner().invoke(app, ["sources", "--out", str(out), "--json"])
    rcb = next(row for row in json.loads(sources.stdout) if row["name"] == "rcb")
    assert (rcb["found"], rcb["kept"]) == (22, 66 - len(leaks))
    verify = CliRunner().invoke(app, ["harvest", "verify", "--out", str(out), "--json"])
    assert verify.exit_code == 0
    assert [row["verdict"] for row in json.loads(verify.stdout)] == ["count of a copy unknown"]
    sweep = CliRunner().invoke(app, ["harvest", "sweep", "--sample", "10", *where])
    assert sweep.exit_code == 0
    assert json.loads(sweep.stdout)[0]["looked_at"] == 10


def test_verify_fails_on_a_source_that_is_not_whole(
    app: typer.Typer, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = str(tmp_path / "out")
    command = ["harvest", "run", "rcb", "--from-dir", str(sample), "--out", out]
    assert CliRunner().invoke(app, command).exit_code == 0
    monkeypatch.setattr(harvest.sources, "SOURCES", (replace(get("rcb"), counts=(196,)),))
    verify = CliRunner().invoke(app, ["harvest", "verify", "--out", out])
    assert verify.exit_code == 1
    assert "not whole" in verify.stdout


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
