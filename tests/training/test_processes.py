import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rupairs.store import StageReader
from tests.training import tiny
from training.plan import Plan
from training.processes import follow
from training.run import train
from training.settings import ModelTraining

pytestmark = pytest.mark.usefixtures("one_thread")

SETTINGS = {
    "bf16": False,
    "steps": 6,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "checkpoint_every": 3,
    "angle_weight": 0.5,
}


@pytest.fixture
def steady(encoder: Path, tmp_path: Path) -> Path:
    """Return the tiny encoder without dropout, so that one run can be compared with another."""
    folder = tmp_path / "steady"
    shutil.copytree(encoder, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def trained(
    run: Path, model: Path, pairs: StageReader, **settings: object
) -> tuple[Path, list[float]]:
    recipe = tiny.recipe(model, encoder=SETTINGS | settings)
    context = tiny.context(run, "training.encoder", recipe, {"harvest.pairs": pairs})
    train(context)
    return context.out, [loss for _, loss in context.facts["loss_curve"]]


@pytest.mark.parametrize("cached", [{}, {"mini_batch_size": 2}], ids=["whole", "cached gradients"])
def test_two_processes_learn_what_one_does(
    cached: dict[str, int], steady: Path, pairs: StageReader, tmp_path: Path
) -> None:
    one, losses = trained(tmp_path / "one", steady, pairs)
    two, same = trained(tmp_path / "two", steady, pairs, processes=2, **cached)
    assert same == pytest.approx(losses, rel=1e-3)
    first, second = (load_file(folder / "model.safetensors") for folder in (one, two))
    for name, tensor in first.items():
        torch.testing.assert_close(second[name], tensor, rtol=1e-2, atol=1e-4)


def test_steps_are_told_and_the_error_of_a_process_is_returned() -> None:
    lines = [{"steps": 0, "loss": None}, {"steps": 1, "loss": 0.5}, {"error": "no pairs"}]
    program = "".join(f"print({json.dumps(line)!r}, flush=True);" for line in lines)
    program = f"print('a library says hello');{program}"
    told: list[tuple[int, float | None]] = []
    running = subprocess.Popen(
        [sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert follow(running, lambda steps, loss: told.append((steps, loss))) == "no pairs"
    assert told == [(0, None), (1, 0.5)]


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    config = ModelTraining(sources={"own": 5}, report_to=("tensorboard",))  # type: ignore[dict-item]
    plan = Plan("model", None, 64, True, config, 3, tmp_path, tmp_path / "logs")
    assert Plan.read(plan.write()) == plan
