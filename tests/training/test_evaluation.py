import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from rupairs.errors import RupairsError, UsageError
from rupairs.execution import Outcome, run_step
from rupairs.manifest import read_manifest
from rupairs.progress import Progress
from rupairs.recipe import Recipe
from rupairs.steps import Stage, Step
from rupairs.store import StageReader
from tests.training import tiny
from tests.training.encodechka_files import STS, write_encodechka
from training.cli import register
from training.stage import STAGE

pytestmark = pytest.mark.usefixtures("one_thread", "no_network")

STEPS = {
    step.name: step
    for step in STAGE.steps
    if step.name in ("training.encoder", "training.evaluation")
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run whose `ruhnp.release` is finished."""
    release = Step("ruhnp.release", "release", "no:run")
    harvested = Step("harvest.pairs", "pairs", "no:run")
    stages = {
        "harvest": Stage("harvest", STAGE.section, (harvested,)),
        "ruhnp": Stage("ruhnp", STAGE.section, (release,)),
        "training": STAGE,
    }
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
    data = write_encodechka(tmp_path / "encodechka")
    recipe = settings(encoder, encodechka=data, tasks=["STS", "TI"], compare=[str(encoder)])
    trained = make(run, recipe, "training.encoder")
    assert trained.manifest.licenses == {"own": tiny.LICENSE}
    evaluated = make(run, recipe, "training.evaluation")
    assert make(run, recipe, "training.evaluation").state == "kept"

    folder = evaluated.directory
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    assert scores == evaluated.manifest.facts["scores"]
    for side in ("before", "after"):
        assert set(scores[side]["encodechka"]) == {"STS", "TI"}
        assert scores[side]["means"] == {}
        assert scores[side]["cosine"]["RuHNP"]["positives"] == 20
    before, after = (scores[side]["cosine"]["RuHNP"]["auc"] for side in ("before", "after"))
    assert before != after
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "| Encodechka STS, fixed |" in report
    assert "Cosines: pairs of RuHNP, split test and validation." in report
    assert report.index("| measure |") < report.index("initial encoder")
    assert {"cosine.png", "report.html"} <= {path.name for path in folder.iterdir()}
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "deepvk/USER-base" in page
    assert (folder / "loss.png").is_file()
    assert page.count("data:image/png;base64,") == 2
    assert str(tmp_path) not in page + report
    assert "encodechka/stsb_dev.csv" in evaluated.manifest.inputs
    assert "encodechka" not in evaluated.manifest.config
    assert not (run / ".work" / "training.evaluation").exists()

    (data / "stsb_dev.csv").write_text(STS + "река,река,5.0\n", encoding="utf-8")
    assert make(run, recipe, "training.evaluation").state == "made"


def test_a_killed_evaluation_does_not_score_again(
    run: Path, encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.evaluation.encodechka import scores

    data = write_encodechka(tmp_path / "encodechka")
    recipe = settings(encoder, encodechka=data, tasks=["STS"], mode="fixed")
    make(run, recipe, "training.encoder")
    original, calls = scores.score, []

    def killed_at_the_second(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*given)

    monkeypatch.setattr(scores, "score", killed_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        make(run, recipe, "training.evaluation")
    resumed = make(run, recipe, "training.evaluation")
    assert len(calls) == 3
    again = run_step(
        STEPS["training.evaluation"], run, recipe, {"ruhnp.release", *STEPS}, Progress(), redo=True
    )
    assert again.manifest.facts == resumed.manifest.facts
    assert again.manifest.files == resumed.manifest.files


def test_the_harvests_record_of_leaks_is_cited(run: Path, encoder: Path, tmp_path: Path) -> None:
    data = write_encodechka(tmp_path / "encodechka")
    harvested = run / "harvest" / "pairs" / "manifest.json"
    tiny.write_stage(run, "harvest.pairs", tiny.training_rows())
    manifest = json.loads(harvested.read_text(encoding="utf-8"))
    manifest["facts"] = {"benchmarks": {"stsb_dev": 8}, "leaks": {"own": {"stsb_dev": 3}}}
    harvested.write_text(json.dumps(manifest), encoding="utf-8")
    recipe = settings(encoder, encodechka=data, tasks=["STS", "PI"], rows=20, bf16=True)
    names = {"harvest.pairs", *STEPS}
    run_step(STEPS["training.encoder"], run, recipe, names, Progress())
    outcome = run_step(STEPS["training.evaluation"], run, recipe, names, Progress())
    notes = (outcome.directory / "notes.md").read_text(encoding="utf-8")
    assert "8 texts of 1 benchmark files were looked for" in notes
    assert "NOT looked for in the harvested pairs: para_gold.csv" in notes
    assert "Encodechka: 20 rows of each file only." in notes
    assert "Encodechka: computed in bf16" in notes
    assert "harvested pairs: AUC" in notes


def test_what_is_not_measured_is_said(run: Path, encoder: Path) -> None:
    recipe = settings(encoder)
    make(run, recipe, "training.encoder")
    only_training = {"training.encoder", "training.evaluation"}
    step = STEPS["training.evaluation"]
    outcome = run_step(step, run, recipe, only_training, Progress())
    notes = (outcome.directory / "notes.md").read_text(encoding="utf-8")
    assert "Encodechka: not measured, give evaluation.encodechka" in notes
    assert "Cosines: not measured, this run makes no pairs" in notes
    assert not (outcome.directory / "cosine.png").exists()


def test_a_missing_encodechka_file_is_named_before_anything_is_run(
    run: Path, encoder: Path, tmp_path: Path
) -> None:
    make(run, settings(encoder), "training.encoder")
    with pytest.raises(RupairsError, match=r"stsb_dev\.csv: no such file"):
        absent = settings(encoder, encodechka=tmp_path / "absent", tasks=["STS"])
        make(run, absent, "training.evaluation")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


def test_evaluate_encodechka_of_any_model(app: typer.Typer, encoder: Path, tmp_path: Path) -> None:
    data = write_encodechka(tmp_path / "encodechka")
    arguments = ["evaluate", "encodechka", str(encoder), "--data", str(data)]
    done = CliRunner().invoke(app, [*arguments, "--mode", "fixed", "--json"])
    found = json.loads(done.stdout)
    assert len(found["tasks"]) == 10
    assert set(found["means"]["fixed"]) == {"Mean S", "Mean S+W"}
    assert found["means"]["official"] == {}
    shown = CliRunner().invoke(app, [*arguments, "--tasks", "STS,PI"])
    assert shown.exit_code == 0
    assert f"{found['tasks']['STS']['fixed']:.4f}" in shown.stdout

    (tmp_path / "scores.json").write_text(done.stdout, encoding="utf-8")
    page = tmp_path / "report.html"
    command = ["evaluate", "report", str(tmp_path / "scores.json"), "--out", str(page)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert "this encoder, fixed" in page.read_text(encoding="utf-8")

    assert (found["rows"], found["precision"]) == (None, "fp32")
    half = json.loads(CliRunner().invoke(app, [*arguments, "--bf16", "--json"]).stdout)
    sts = half["tasks"]["STS"]["fixed"]
    assert half["precision"] == "bf16"
    assert found["tasks"]["STS"]["fixed"] == pytest.approx(sts, abs=0.05)
    sample = tmp_path / "sample.json"
    sample.write_text(json.dumps(found | {"rows": 60}), encoding="utf-8")
    CliRunner().invoke(app, [*command[:2], str(sample), "--out", str(page)])
    assert "60 rows of each file only" in page.read_text(encoding="utf-8")
    assert "deepvk/USER-base" not in page.read_text(encoding="utf-8")

    (data / "sentences_sample.txt").write_text("кот спит\nдом стоит\n", encoding="utf-8")
    command = ["evaluate", "pareto", str(encoder), "--data", str(data)]
    command += ["--scores", str(tmp_path / "scores.json"), "--out", str(tmp_path / "pareto.png")]
    (row,) = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert (row["score"], row["Mean S"]) == ("measured", found["means"]["fixed"]["Mean S"])
    assert (tmp_path / "pareto.png").is_file()


def test_what_encodechka_does_not_have_is_named(
    app: typer.Typer, encoder: Path, tmp_path: Path
) -> None:
    arguments = ["evaluate", "encodechka", str(encoder), "--data", str(tmp_path)]
    for more, message in (
        (["--tasks", "STS,XX"], "XX: no task of Encodechka"),
        (["--mode", "best"], "best: no such mode"),
    ):
        done = CliRunner().invoke(app, [*arguments, *more])
        assert isinstance(done.exception, UsageError)
        assert message in str(done.exception)
    (tmp_path / "scores.json").write_text("[]", encoding="utf-8")
    done = CliRunner().invoke(app, ["evaluate", "report", str(tmp_path / "scores.json")])
    assert isinstance(done.exception, RupairsError)


def test_evaluate_cosine_of_several_models(
    app: typer.Typer, run: Path, encoder: Path, tmp_path: Path
) -> None:
    pairs, plot = run / "ruhnp" / "release", tmp_path / "plot.png"
    arguments = ["evaluate", "cosine", str(encoder), str(encoder), "--pairs", str(pairs)]
    done = CliRunner().invoke(app, [*arguments, "--out", str(plot), "--json"])
    first, second = json.loads(done.stdout)
    assert first == second
    assert first["pairs"] == "release"
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
