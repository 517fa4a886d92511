import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from rupairs.steps import Context
from rupairs.store import StageReader
from tests.training import killed_run, tiny
from training.run import train

pytestmark = pytest.mark.usefixtures("one_thread")

REPOSITORY = Path(__file__).parents[2]


def run_training(
    run: Path, encoder: Path, pairs: StageReader, seed: int = 0, **settings: Any
) -> Context:
    recipe = tiny.recipe(encoder, seed, encoder=killed_run.SETTINGS | settings)
    context = tiny.context(run, "training.encoder", recipe, {"harvest.pairs": pairs})
    train(context)
    return context


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): sha256(p) for p in files}


@pytest.fixture(scope="module")
def uninterrupted(
    encoder: Path, pairs: StageReader, tmp_path_factory: pytest.TempPathFactory
) -> Context:
    import torch

    torch.set_num_threads(1)
    return run_training(tmp_path_factory.mktemp("whole"), encoder, pairs)


@pytest.mark.parametrize(("moment", "resumed_at"), [("after", 12), ("inside", 6)])
def test_a_killed_run_ends_with_the_same_bytes(
    uninterrupted: Context,
    encoder: Path,
    pairs: StageReader,
    tmp_path: Path,
    moment: str,
    resumed_at: int,
) -> None:
    command = [sys.executable, "-m", "tests.training.killed_run"]
    command += [str(encoder), str(pairs.directory), str(tmp_path), moment]
    died = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert died.returncode == -9, died.stderr
    assert not list((tmp_path / "out").rglob("*.safetensors"))

    resumed = run_training(tmp_path, encoder, pairs)
    assert resumed.facts["resumed_at_step"] == resumed_at
    assert hashes(resumed.out) == hashes(uninterrupted.out)
    assert resumed.facts["loss_curve"] == uninterrupted.facts["loss_curve"]


def test_a_checkpoint_of_other_settings_is_not_resumed(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    run_training(tmp_path, encoder, pairs)
    assert run_training(tmp_path, encoder, pairs).facts["resumed_at_step"] == 18
    other = run_training(tmp_path, encoder, pairs, learning_rate=5e-4)
    assert other.facts["resumed_at_step"] == 0


def test_the_same_seed_gives_the_same_bytes_however_often_it_is_saved(
    uninterrupted: Context, encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    again = run_training(tmp_path / "a", encoder, pairs, checkpoint_every=1000)
    assert hashes(again.out) == hashes(uninterrupted.out)
    other = run_training(tmp_path / "b", encoder, pairs, seed=1)
    weights = "model.safetensors"
    assert hashes(other.out)[weights] != hashes(uninterrupted.out)[weights]


def test_training_changes_the_layers_and_leaves_frozen_word_embeddings(
    uninterrupted: Context, encoder: Path
) -> None:
    from safetensors.numpy import load_file

    before = load_file(encoder / "model.safetensors")
    after = load_file(uninterrupted.out / "model.safetensors")
    changed = {name for name in before if (before[name] != after[name]).any()}
    assert "embeddings.word_embeddings.weight" not in changed
    assert "encoder.layer.0.attention.self.query.weight" in changed


def test_word_embeddings_are_trained_when_asked(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    from safetensors.numpy import load_file

    name = "embeddings.word_embeddings.weight"
    context = run_training(tmp_path, encoder, pairs, steps=2, freeze_embeddings=False)
    after = load_file(context.out / "model.safetensors")[name]
    assert (after != load_file(encoder / "model.safetensors")[name]).any()
    assert context.facts["parameters_trained"] == context.facts["parameters"]


def test_the_saved_model_opens_with_its_prompts_and_names_no_machine(
    uninterrupted: Context,
) -> None:
    import numpy as np
    from sentence_transformers import SentenceTransformer

    out = uninterrupted.out
    model = SentenceTransformer(str(out), device="cpu")
    assert model.prompts == {"query": "query: ", "passage": "passage: ", "document": "passage: "}
    assert model.default_prompt_name == "query"
    assert model.max_seq_length == 64
    np.testing.assert_array_equal(
        model.encode("кот спит"), model.encode("кот спит", prompt="query: ")
    )
    assert np.linalg.norm(model.encode("кот спит")) == pytest.approx(1, abs=1e-6)
    names = {p.name for p in out.rglob("*") if p.is_file()}
    assert not names & {"README.md", "optimizer.pt", "training_args.bin", "trainer_state.json"}
    root = str(out.parents[1])
    for path in out.rglob("*.json"):
        assert root not in path.read_text(encoding="utf-8"), path
    assert json.loads((out / "tokenizer.json").read_text(encoding="utf-8"))["padding"] is None
    modes = {oct(p.stat().st_mode) for p in out.rglob("*") if p.is_file()}
    assert len(modes) == 1, "some files are closed to other readers"


def test_the_saved_model_names_its_classes_as_older_releases_do(uninterrupted: Context) -> None:
    from transformers import AutoModel, AutoTokenizer

    modules = json.loads((uninterrupted.out / "modules.json").read_text(encoding="utf-8"))
    names = [module["type"] for module in modules]
    assert names == [
        f"sentence_transformers.models.{n}" for n in ("Transformer", "Pooling", "Normalize")
    ]
    config = json.loads((uninterrupted.out / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["tokenizer_class"] == "PreTrainedTokenizerFast"
    tokens = AutoTokenizer.from_pretrained(uninterrupted.out)("кот спит", return_tensors="pt")
    found = AutoModel.from_pretrained(uninterrupted.out)(**tokens).last_hidden_state
    assert found.shape == (1, 10, 16)


@pytest.mark.parametrize("bf16", [False, True])
def test_training_begins_with_another_model_than_the_runs_encoder(
    bf16: bool, encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    """As USER does with deberta-v1, which is no sentence encoder yet."""
    from transformers import AutoTokenizer, DebertaConfig, DebertaModel

    folder = tmp_path / "deberta"
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    DebertaModel(
        DebertaConfig(vocab_size=len(tokenizer), intermediate_size=8, **sizes)
    ).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    start = {"model": str(folder), "license": "Apache-2.0"}
    context = run_training(tmp_path, encoder, pairs, steps=2, start=start, bf16=bf16)
    assert (context.models[0].id, context.models[0].license) == ("deberta", "Apache-2.0")
    assert json.loads((context.out / "config.json").read_text())["model_type"] == "deberta"
    other = run_training(tmp_path / "other", encoder, pairs, steps=2)
    assert other.models[0].id == encoder.name


def test_a_source_that_has_nothing_is_named(
    encoder: Path, pairs: StageReader, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tiny.recipe(
        encoder, encoder=killed_run.SETTINGS | {"steps": 1, "only": ["own", "mmarco_ru"]}
    )
    context = tiny.context(tmp_path, "training.encoder", recipe, {"harvest.pairs": pairs})
    context.progress.console.quiet = False
    train(context)
    assert "there are no such pairs of mmarco_ru" in " ".join(capsys.readouterr().out.split())


def test_facts_of_the_run(uninterrupted: Context) -> None:
    facts = uninterrupted.facts
    assert facts["pairs"] == {
        "news": {"with_negative": 0, "without_negative": 26},
        "own": {"with_negative": 40, "without_negative": 0},
    }
    assert facts["steps"] == 23
    assert facts["steps_per_second"] > 0
    assert facts["loss_curve"][-1] == (23, facts["final_loss"])
    assert facts["loss_curve"][0][1] > facts["final_loss"]
    assert [m.role for m in uninterrupted.models] == ["initial encoder"]
    assert uninterrupted.models[0].license == "MIT"


def test_a_loss_that_is_not_finite_is_an_error(
    encoder: Path, pairs: StageReader, tmp_path: Path
) -> None:
    with pytest.raises(RupairsError, match="the loss is not finite at step"):
        run_training(tmp_path, encoder, pairs, steps=8, learning_rate=1e30, warmup=0)
