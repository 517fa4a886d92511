import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rupairs.errors import UsageError
from rupairs.manifest import read_manifest
from rupairs.recipe import Recipe
from rupairs.steps import Stage, Step
from tests.tiny import write_recipe
from tests.training import tiny
from tests.training.encodechka_files import write_encodechka
from training import ablation
from training.ablation import VARIANTS, ablate, variant_recipe
from training.stage import STAGE, TrainingSection

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL = {"steps": 2, "batch_size": 8, "without": [], "merge": {"rule": "fixed"}}


def whole(encoder: Path, **more: Any) -> Recipe:
    sections: dict[str, Any] = {"encoder": MODEL, "stage1": {"only": ["news"]}, "symmetric": {}}
    return tiny.recipe(encoder, **(sections | more))


def changed(recipe: Recipe, name: str) -> TrainingSection | None:
    variant = next(variant for variant in VARIANTS if variant.name == name)
    found = variant_recipe(recipe, variant)
    section = found.sections["training"] if found else None
    assert section is None or isinstance(section, TrainingSection)
    return section


def test_each_variant_leaves_one_thing_out(encoder: Path) -> None:
    recipe = whole(encoder, asymmetric={"steps": 3})
    assert changed(recipe, "full") == recipe.sections["training"]
    bare = changed(recipe, "no-instructions")
    assert bare and bare.stage1 and bare.symmetric and not bare.symmetric.instructions
    assert not (bare.stage1.instructions or bare.encoder.instructions)
    cosine = changed(recipe, "no-angle")
    assert cosine and cosine.symmetric and cosine.symmetric.angle_weight == 0
    one = changed(recipe, "no-split")
    assert one and one.symmetric is None and one.asymmetric is None
    assert (one.encoder.steps, one.encoder.angle_weight) == (5, 1.0)
    short = changed(recipe, "no-stage1")
    assert short and short.stage1 is None and short.symmetric
    scratch = changed(recipe, "no-pretraining")
    assert scratch and scratch.stage1 and scratch.stage1.initial == "random"
    assert not scratch.stage1.freeze_embeddings


def test_what_a_recipe_lacks_is_not_left_out(encoder: Path) -> None:
    recipe = tiny.recipe(encoder)
    for name in ("no-angle", "no-split", "no-stage1"):
        assert changed(recipe, name) is None
    assert [v.published for v in VARIANTS] == [0.772, 0.769, 0.759, 0.743, 0.739, 0.711]


def test_a_matrix_trains_once_what_its_runs_share_and_goes_on(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pairs = Step("harvest.pairs", "pairs", "no:run")
    stages = {"harvest": Stage("harvest", STAGE.section, (pairs,)), "training": STAGE}
    for module in ("rupairs.execution", "rupairs.runs", "training.ablation"):
        monkeypatch.setattr(f"{module}.load_stages", lambda: stages)
    data = write_encodechka(tmp_path / "encodechka")
    scored = {"encodechka": str(data), "tasks": ["STS"], "mode": "fixed"}
    recipe = whole(encoder, asymmetric={}, evaluation=scored)
    recipe = Recipe(recipe.path, {**recipe.sections, "harvest": recipe.sections["training"]})
    monkeypatch.setattr(ablation, "open_recipe", lambda name, overrides: recipe)
    monkeypatch.setattr(ablation, "run_steps", lambda *given: 0)
    tiny.write_stage(tmp_path, "harvest.pairs", tiny.training_rows())
    only = ["full", "no-angle"]
    ablate("own", tmp_path, [], only, as_json=True)
    runs = [tmp_path / "ablation" / name / "training" for name in only]
    same = {
        step: read_manifest(runs[0] / step).seconds == read_manifest(runs[1] / step).seconds
        for step in ("stage1", "asymmetric")
    }
    assert same == {"stage1": True, "asymmetric": True}
    symmetric = [read_manifest(run / "symmetric") for run in runs]
    assert [m.config["angle_weight"] for m in symmetric] == [1.0, 0.0]
    rows = json.loads((tmp_path / "ablation" / "ablation.json").read_text())
    assert [(row["variant"], row["published"]) for row in rows] == [
        ("full", 0.772),
        ("no-angle", 0.759),
    ]
    times = [m.fingerprint for m in symmetric], [p.stat().st_mtime_ns for p in runs[1].iterdir()]
    ablate("own", tmp_path, [], only, as_json=False)
    again = [read_manifest(run / "symmetric").fingerprint for run in runs]
    assert (again, [p.stat().st_mtime_ns for p in runs[1].iterdir()]) == times
    assert "0.759" in capsys.readouterr().out
    with pytest.raises(UsageError, match="no such variant"):
        ablate("own", tmp_path, [], ["no-such"], as_json=False)


def test_without_encodechka_nothing_is_trained(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = whole(encoder, asymmetric={})
    monkeypatch.setattr(ablation, "open_recipe", lambda name, overrides: recipe)
    with pytest.raises(UsageError, match=r"--set training\.evaluation\.encodechka=FOLDER"):
        ablate("own", tmp_path, [], [], as_json=False)
    assert list(tmp_path.iterdir()) == []


def test_the_verb_trains_what_it_is_asked_for(
    finished_run: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    # Nothing answers there: the data of the run is finished, so nothing is asked.
    recipe = write_recipe(tmp_path, "http://127.0.0.1:9/v1", tiny_encoder)
    data = write_encodechka(tmp_path / "encodechka")
    words = ["train", "ablate", recipe, "--out", run, "--only", "full", "--only", "no-instructions"]
    words += ["--set", f"training.evaluation.encodechka={data}", "--json"]
    words += ["--set", 'training.evaluation.tasks=["STS"]', "--set", "training.encoder.steps=2"]
    done = subprocess.run(
        [sys.executable, "-m", "rupairs.cli", *map(str, words)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads((run / "ablation/ablation.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == rows, "what is printed is JSON alone"
    assert [row["variant"] for row in rows] == ["full", "no-instructions"]
    assert [row["published"] for row in rows] == [0.772, 0.769]
    assert all(row["tasks"] == 1 and row["fixed"] is not None for row in rows)
    assert '"no-instructions"' in done.stdout
