import os
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from rupairs.errors import RupairsError
from rupairs.pairs import Pair
from rupairs.steps import Context
from rupairs.store import StageReader
from tests.training import killed_run, tiny
from training import trainer
from training.checkpoints import mark_complete, step_of
from training.fit import attention_dropouts, open_model
from training.plan import Plan
from training.run import train
from training.settings import ModelTraining

pytestmark = pytest.mark.usefixtures("one_thread")

WEIGHTS = "model.safetensors"


def trained(
    run: Path, encoder: Path, pairs: StageReader | list[Pair], seed: int = 0, **settings: Any
) -> Context:
    if isinstance(pairs, list):
        pairs = tiny.write_stage(run, "harvest.pairs", pairs)
    recipe = tiny.recipe(encoder, seed, encoder=killed_run.SETTINGS | {"steps": 8} | settings)
    context = tiny.context(run, "training.encoder", recipe, {"harvest.pairs": pairs})
    train(context)
    return context


@pytest.mark.parametrize(
    "settings",
    [
        {"mini_batch_size": 3, "angle_weight": 0.5},
        {"matryoshka": [16, 8], "mixing": 0.5, "sources": {"own": {"cap": 20, "temperature": 0.1}}},
        {"gradient_checkpointing": True, "workers": 1},
        {"bf16": True},
    ],
    ids=["cached gradients", "matryoshka", "activation checkpointing", "bf16"],
)
def test_ways_to_train(
    encoder: Path, pairs: StageReader, tmp_path: Path, settings: dict[str, Any]
) -> None:
    context = trained(tmp_path, encoder, pairs, **settings)
    assert (context.out / WEIGHTS).is_file()
    assert context.facts["steps"] == 8


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [("linear", [0.5, 1, 0.5]), ("cosine", [0.5, 1, 0.5]), ("constant", [0.5, 1, 1])],
)
def test_the_rate_follows_its_schedule(
    schedule: str,
    shares: list[float],
    encoder: Path,
    pairs: StageReader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates: list[float] = []
    log = trainer.Trainer.log

    def listen(self: Any, logs: dict[str, float], *more: Any) -> None:
        rates.extend([logs["learning_rate"]] if "learning_rate" in logs else [])
        log(self, logs, *more)

    monkeypatch.setattr(trainer.Trainer, "log", listen)
    trained(tmp_path, encoder, pairs, warmup=0.5, schedule=schedule)
    # Of eight steps: half-way up, at the top, half-way down.
    assert [rates[step] / 1e-3 for step in (2, 4, 6)] == pytest.approx(shares)


def test_weights_decay_if_they_are_told_to(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    norms = []
    for decay in (0.0, 50.0):
        context = trained(tmp_path / str(decay), encoder, pairs, weight_decay=decay)
        weights = load_file(context.out / WEIGHTS)
        norms.append(sum(float(w.norm()) for n, w in weights.items() if "dense.weight" in n))
    assert norms[1] < 0.9 * norms[0]


def test_attention_without_dropout_leaves_that_of_other_layers(
    encoder: Path, tmp_path: Path
) -> None:
    import torch

    config = ModelTraining(attention_dropout=False)
    plan = Plan(str(encoder), None, 32, True, config, 0, tmp_path, tmp_path)
    model, _ = open_model(plan)
    layers = {n: m.p for n, m in model.named_modules() if isinstance(m, torch.nn.Dropout)}
    assert {p for name, p in layers.items() if "attention.self" in name} == {0.0}
    assert {p for name, p in layers.items() if "attention.self" not in name} == {0.1}
    del model[0]
    with pytest.raises(RupairsError, match="attention_dropout = true"):
        attention_dropouts(model)


def test_cached_gradients_follow_the_same_losses(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    """Dropout is drawn another way, so the curves are near each other and not equal."""
    plain = trained(tmp_path / "a", encoder, pairs, steps=20).facts["final_loss"]
    cached = trained(tmp_path / "b", encoder, pairs, steps=20, mini_batch_size=4)
    assert cached.facts["final_loss"] == pytest.approx(plain, rel=0.3)


def test_without_instructions_no_prompt_is_saved(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    out = trained(tmp_path, encoder, pairs, instructions=False).out
    model = SentenceTransformer(str(out), device="cpu")
    assert model.prompts == {"query": "", "passage": "", "document": ""}


def test_random_weights_forget_the_model(encoder: Path, pairs: StageReader, tmp_path: Path) -> None:
    settings = {"initial": "random", "freeze_embeddings": False, "learning_rate": 1e-9}
    weights = load_file(trained(tmp_path, encoder, pairs, seed=7, **settings).out / WEIGHTS)
    before = load_file(encoder / WEIGHTS)
    name = "encoder.layer.0.attention.self.query.weight"
    assert (weights[name] != before[name]).float().mean() > 0.9
    with pytest.raises(ValueError, match="needs freeze_embeddings = false"):
        tiny.recipe(encoder, encoder={"initial": "random"})


def test_a_text_of_100_000_characters_is_cut_to_the_models_length(
    encoder: Path, tmp_path: Path
) -> None:
    rows = [tiny.pair("кот " * 25_000, "кот спит"), tiny.pair("дом стоит", "лес " * 25_000)]
    assert trained(tmp_path, encoder, rows, steps=2).facts["steps"] == 2


def test_a_batch_larger_than_all_pairs(encoder: Path, tmp_path: Path) -> None:
    rows = [tiny.pair(s, f"{s}, это так") for s in tiny.sentences()[:3]]
    context = trained(tmp_path, encoder, rows, steps=3, batch_size=64)
    assert context.facts["pairs"]["own"]["without_negative"] == 3


def test_a_source_of_labels_alone_is_named_and_the_rest_trained_on(
    encoder: Path, tmp_path: Path
) -> None:
    rows = tiny.training_rows()
    given: Any = {"polarity": -1, "source": "terra"}
    rows += [tiny.pair(s, f"или не {s}", "not_entailment", **given) for s in tiny.sentences()[:7]]
    context = trained(tmp_path, encoder, rows, steps=2)
    assert context.facts["unused"]["terra"] == {"label only": 7}
    assert "| terra | 7 | label only |" in (context.out / "notes.md").read_text(encoding="utf-8")


def test_nothing_to_train_on_is_an_error_that_says_why(encoder: Path, tmp_path: Path) -> None:
    rows = [tiny.pair("кот спит", "кот сыт", "contradiction", polarity=-1)]
    with pytest.raises(RupairsError, match=r"of 1 pairs .* none is a positive"):
        trained(tmp_path / "a", encoder, rows)
    rows = [tiny.pair("кот спит", "кот дремлет")]
    with pytest.raises(RupairsError, match="nothing to train on"):
        trained(tmp_path / "b", encoder, rows, sources={"own": 0})
    with pytest.raises(RupairsError, match="nothing to train on"):
        trained(tmp_path / "c", encoder, rows, only=["absent"])


def test_held_out_losses_by_source_and_the_best_model_is_kept(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    run: dict[str, Any] = {"steps": 40, "validate_every": 4, "patience": 2, "learning_rate": 0.05}
    context = trained(tmp_path / "a", encoder, pairs, **run)
    held_out, best = context.facts["held_out_losses"], context.facts["best_step"]
    means = {step: losses["own/symmetric/triples"] for step, losses in held_out}
    assert means[best] == min(means.values())
    steps = list(means)
    assert steps == list(range(4, steps[-1] + 1, 4))
    ended_early = steps[-1] < 40
    assert ended_early == (steps.index(best) + 2 < 10)
    assert context.facts["steps"] == steps[-1]
    assert f"Kept: step {best}" in (context.out / "notes.md").read_text(encoding="utf-8")


def test_a_stop_while_the_best_model_is_awaited_changes_nothing(
    encoder: Path, pairs: StageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: dict[str, Any] = {"steps": 16, "validate_every": 4, "patience": 3}
    whole = trained(tmp_path / "a", encoder, pairs, **run)

    def mark_and_stop(checkpoint: Path) -> None:
        mark_complete(checkpoint)
        if step_of(checkpoint) == 8:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "mark_complete", mark_and_stop)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "b", encoder, pairs, **run)
    resumed = trained(tmp_path / "b", encoder, pairs, **run)
    assert resumed.facts["resumed_at_step"] == 8
    assert resumed.facts["held_out_losses"] == whole.facts["held_out_losses"]
    assert (resumed.out / WEIGHTS).read_bytes() == (whole.out / WEIGHTS).read_bytes()


def test_a_run_killed_after_it_had_stopped_early_trains_no_further(
    encoder: Path, pairs: StageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: dict[str, Any] = {"steps": 40, "validate_every": 4, "patience": 1, "learning_rate": 0.1}
    whole = trained(tmp_path / "a", encoder, pairs, **run)
    last = whole.facts["steps"]
    assert last < 40

    def mark_and_die(checkpoint: Path) -> None:
        mark_complete(checkpoint)
        if step_of(checkpoint) == last:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, "mark_complete", mark_and_die)
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path / "b", encoder, pairs, **run)
    resumed = trained(tmp_path / "b", encoder, pairs, **run)
    assert resumed.facts["held_out_losses"] == whole.facts["held_out_losses"]
    assert (resumed.out / WEIGHTS).read_bytes() == (whole.out / WEIGHTS).read_bytes()


def test_trackers_write_into_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.fit import _logs_in

    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    monkeypatch.setenv("WANDB_DIR", "elsewhere")
    with _logs_in(tmp_path):
        assert os.environ["TENSORBOARD_LOGGING_DIR"] == str(tmp_path)
        assert os.environ["WANDB_DIR"] == "elsewhere"
    assert "TENSORBOARD_LOGGING_DIR" not in os.environ


def test_patience_needs_something_held_out(encoder: Path, tmp_path: Path) -> None:
    rows = [row for row in tiny.training_rows() if row.split == "train"]
    with pytest.raises(RupairsError, match="patience needs pairs of the validation split"):
        trained(tmp_path, encoder, rows, validate_every=2, patience=1)


@pytest.mark.usefixtures("no_network")
def test_no_network_when_all_is_local(encoder: Path, pairs: StageReader, tmp_path: Path) -> None:
    assert trained(tmp_path, encoder, pairs, steps=2).facts["steps"] == 2


def test_a_log_that_cannot_be_written_is_said(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    with pytest.raises(RupairsError, match="report_to"):
        trained(tmp_path, encoder, pairs, steps=2, report_to=["no_such_tracker"])
