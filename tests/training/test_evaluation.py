import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rupairs.errors import RupairsError
from rupairs.execution import Outcome, run_step
from rupairs.manifest import read_manifest
from rupairs.progress import Progress
from rupairs.recipe import Recipe
from rupairs.steps import Stage, Step
from rupairs.store import StageReader
from tests.training import tiny
from tests.training.test_encodechka import PI, STS
from training.cli import register
from training.stage import STAGE

pytestmark = pytest.mark.usefixtures("one_thread")

STEPS = {step.name: step for step in STAGE.steps}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run whose `ruhnp.release` is finished."""
    release = Step("ruhnp.release", "release", "no:run")
    stages = {"ruhnp": Stage("ruhnp", STAGE.section, (release,)), "training": STAGE}
    monkeypatch.setattr("rupairs.execution.load_stages", lambda: stages)
    tiny.write_stage(tmp_path / "run", "ruhnp.release", tiny.training_rows())
    return tmp_path / "run"


def make(run: Path, recipe: Recipe, step: str) -> Outcome:
    return run_step(STEPS[step], run, recipe, {"ruhnp.release", *STEPS}, Progress())


def settings(encoder: Path, **evaluation: Any) -> Recipe:
    training = {"steps": 6, "batch_size": 8, "learning_rate": 1e-3}
    return tiny.recipe(encoder, encoder=training, evaluation=evaluation)


def test_a_run_trains_and_compares_before_with_after(
    run: Path, encoder: Path, tmp_path: Path
) -> None:
    (tmp_path / "stsb_dev.csv").write_text(STS, encoding="utf-8")
    (tmp_path / "para_gold.csv").write_text(PI, encoding="utf-8")
    recipe = settings(encoder, encodechka=tmp_path)
    trained = make(run, recipe, "training.encoder")
    assert trained.manifest.licenses == {"own": tiny.LICENSE}
    evaluated = make(run, recipe, "training.evaluation")
    assert make(run, recipe, "training.evaluation").state == "kept"

    folder = evaluated.directory
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert scores == evaluated.manifest.facts["scores"]
    for side in ("before", "after"):
        assert set(scores[side]["encodechka"]) == {"STS", "PI"}
        assert scores[side]["cosine"]["positives"] == 20
    assert scores["before"]["cosine"]["auc"] != scores["after"]["cosine"]["auc"]
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "| Encodechka STS, fixed |" in report
    assert "Cosines: pairs of RuHNP, split test and validation." in report
    assert report.index("| measure |") < report.index("initial encoder")
    assert (folder / "cosine.png").is_file()
    assert "encodechka/stsb_dev.csv" in evaluated.manifest.inputs
    assert "encodechka" not in evaluated.manifest.config

    (tmp_path / "stsb_dev.csv").write_text(STS + "река,река,5.0\n", encoding="utf-8")
    assert make(run, recipe, "training.evaluation").state == "made"


def test_what_is_not_measured_is_said(run: Path, encoder: Path) -> None:
    recipe = settings(encoder)
    make(run, recipe, "training.encoder")
    only_training = {"training.encoder", "training.evaluation"}
    step = STEPS["training.evaluation"]
    outcome = run_step(step, run, recipe, only_training, Progress())
    notes = (outcome.directory / "notes.md").read_text(encoding="utf-8")
    assert "Encodechka: not measured, give evaluation.encodechka" in notes
    assert "Cosines: not measured, this run makes no RuHNP" in notes
    assert not (outcome.directory / "cosine.png").exists()


def test_a_missing_encodechka_file_is_named_before_anything_is_run(
    run: Path, encoder: Path, tmp_path: Path
) -> None:
    make(run, settings(encoder), "training.encoder")
    with pytest.raises(RupairsError, match=r"stsb_dev\.csv: no such file"):
        make(run, settings(encoder, encodechka=tmp_path / "absent"), "training.evaluation")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


def test_evaluate_encodechka_of_any_model(app: typer.Typer, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "stsb_dev.csv").write_text(STS, encoding="utf-8")
    (tmp_path / "para_gold.csv").write_text(PI, encoding="utf-8")
    arguments = ["evaluate", "encodechka", str(encoder), "--data", str(tmp_path)]
    rows = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert [(row["task"], row["pairs"]) for row in rows] == [("STS", 4), ("PI", 3)]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0
    assert f"{rows[0]['fixed']:.4f}" in shown.stdout


def test_evaluate_cosine_of_several_models(
    app: typer.Typer, run: Path, encoder: Path, tmp_path: Path
) -> None:
    pairs, plot = run / "ruhnp" / "release", tmp_path / "plot.png"
    arguments = ["evaluate", "cosine", str(encoder), str(encoder), "--pairs", str(pairs)]
    done = CliRunner().invoke(app, [*arguments, "--out", str(plot), "--json"])
    first, second = json.loads(done.stdout)
    assert first == second
    assert first["negatives"] == 20
    assert plot.is_file()


def test_cosine_without_held_out_pairs_is_an_error(
    app: typer.Typer, encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    rows = [row for row in tiny.training_rows() if row.split == "train"]
    stage = tiny.write_stage(tmp_path, "ruhnp.release", rows).directory
    arguments = ["evaluate", "cosine", str(encoder), "--pairs", str(stage)]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, RupairsError)
    assert "no pair is held out from training" in str(done.exception)


def test_the_manifest_can_be_read_back(run: Path, encoder: Path) -> None:
    outcome = make(run, settings(encoder), "training.encoder")
    assert read_manifest(outcome.directory).facts["precision"] in {"bf16", "fp32"}
    assert "model.safetensors" in outcome.manifest.files
