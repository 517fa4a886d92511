import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from rupairs.errors import RupairsError, UsageError
from rupairs.execution import Outcome, run_step
from rupairs.manifest import read_manifest
from rupairs.progress import Progress
from rupairs.recipe import Recipe
from rupairs.steps import Stage, Step
from tests.training import tiny
from training.cocktail import merge_folders, open_alike, weighted_sum
from training.development import Measured
from training.evaluation.curves import training_curves
from training.merging import chosen_weight
from training.settings import Merge
from training.stage import PARTS, STAGE

pytestmark = pytest.mark.usefixtures("one_thread", "no_network")

STEPS = {step.name: step for step in STAGE.steps}
MODEL = {"steps": 12, "batch_size": 8, "learning_rate": 1e-3}
WEIGHTS = "model.safetensors"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run with finished pairs, both kinds of which have held-out ones."""
    pairs = Step("harvest.pairs", "pairs", "no:run")
    stages = {"harvest": Stage("harvest", STAGE.section, (pairs,)), "training": STAGE}
    monkeypatch.setattr("rupairs.execution.load_stages", lambda: stages)
    rows = tiny.training_rows()
    for sentence in tiny.sentences()[90:102]:
        given: Any = {"source": "news", "symmetric": False, "split": "validation"}
        rows.append(tiny.pair(sentence[:12], sentence, "title", **given))
    tiny.write_stage(tmp_path / "run", "harvest.pairs", rows)
    return tmp_path / "run"


def make(run: Path, recipe: Recipe, *steps: str) -> Outcome:
    names = {
        "harvest.pairs",
        *(s.name for s in STAGE.steps if s.enabled(recipe.sections["training"])),
    }
    for step in steps:
        outcome = run_step(STEPS[step], run, recipe, names, Progress())
    return outcome


def phases(encoder: Path, **merge: Any) -> Recipe:
    return tiny.recipe(
        encoder,
        encoder={**MODEL, "without": [], "merge": merge},
        stage1={"steps": 3, "only": ["news"]},
        symmetric={},
        asymmetric={},
    )


def all_phases(run: Path, encoder: Path, **merge: Any) -> Outcome:
    parts = [f"training.{part}" for part in PARTS]
    recipe = phases(encoder, **merge)
    return make(run, recipe, "training.stage1", *parts, "training.encoder")


def test_two_models_from_stage_1_are_merged_by_a_sweep(run: Path, encoder: Path) -> None:
    outcome = all_phases(run, encoder, points=5)
    facts = outcome.manifest.facts["merge"]
    assert [point["weight"] for point in facts["curve"]] == [0, 0.25, 0.5, 0.75, 1]
    best = max(point["mean"] for point in facts["curve"])
    chosen = next(p for p in facts["curve"] if p["weight"] == facts["weight_symmetric"])
    assert chosen["mean"] == best
    assert chosen["mean"] == pytest.approx((chosen["symmetric"] + chosen["asymmetric"]) / 2)
    for name in ("merge.json", "merge.png"):
        assert (outcome.directory / name).stat().st_size > 0
    parts = [load_file(run / f"training/{part}" / WEIGHTS) for part in PARTS]
    merged = load_file(outcome.directory / WEIGHTS)
    weights = (chosen["weight"], 1 - chosen["weight"])
    for name, tensor in weighted_sum(parts, weights).items():
        torch.testing.assert_close(merged[name], tensor)
    trained = json.loads((run / "training/symmetric/manifest.json").read_text())["facts"]["pairs"]
    assert set(trained) == {"own"}, "the symmetric model was given other pairs"
    stage1 = load_file(run / "training/stage1" / WEIGHTS)
    start = load_file(encoder / WEIGHTS)
    assert any((stage1[name] != start[name]).any() for name in start)
    report = make(run, phases(encoder, points=5), "training.evaluation").directory
    page = (report / "report.html").read_text(encoding="utf-8")
    for name, title in (("loss.png", "Losses of training"), ("merge.png", "by the weight of")):
        assert (report / name).stat().st_size > 0 and title in page
    curves = training_curves(
        {
            name: read_manifest(run / "training" / name).facts
            for name in ("stage1", *PARTS, "encoder")
        }
    )
    assert list(curves) == ["stage1", *PARTS], "the merged encoder was not trained itself"


def test_softmax_and_fixed_weights(run: Path, encoder: Path) -> None:
    softmax = all_phases(run, encoder, rule="softmax").manifest.facts["merge"]
    symmetric, asymmetric = softmax["losses"]
    ratio = softmax["weight_symmetric"] / (1 - softmax["weight_symmetric"])
    assert ratio == pytest.approx(2.718281828 ** ((asymmetric - symmetric) / 5))
    fixed = all_phases(run, encoder, rule="fixed", weight=0.3).manifest.facts
    assert fixed["weight_symmetric"] == 0.3


def test_the_better_weight_wins_and_of_equals_the_middle() -> None:
    def points(means: list[float]) -> Iterator[tuple[float, Measured]]:
        for number, mean in enumerate(means):
            yield number / (len(means) - 1), Measured(mean, mean, mean, 0.0)

    assert chosen_weight(Merge(), list(points([0.1, 0.5, 0.4])), []) == 0.5
    assert chosen_weight(Merge(), list(points([0.5, 0.5, 0.1])), []) == 0.5
    assert chosen_weight(Merge(), list(points([0.2, 0.1, 0.9])), []) == 1


def test_without_held_out_pairs_a_weight_must_be_given(
    run: Path, encoder: Path, tmp_path: Path
) -> None:
    rows = [row for row in tiny.training_rows() if row.split == "train"]
    bare = tmp_path / "bare"
    tiny.write_stage(bare, "harvest.pairs", rows)
    with pytest.raises(RupairsError, match='give rule = "fixed"'):
        all_phases(bare, encoder)
    assert all_phases(bare, encoder, rule="fixed").manifest.facts["weight_symmetric"] == 0.5


def test_whole_numbers_are_copied_and_the_rest_summed() -> None:
    states = [
        {"a": torch.tensor([1.0, 2.0]), "ids": torch.arange(3)},
        {"a": torch.tensor([3.0, 0.0]), "ids": torch.arange(3) + 9},
    ]
    merged = weighted_sum(states, (0.25, 0.75))
    assert merged["a"].tolist() == [2.5, 0.5]
    assert merged["ids"].tolist() == [0, 1, 2]


def test_a_model_merged_with_itself_is_itself(encoder: Path, tmp_path: Path) -> None:
    merge_folders([str(encoder)] * 3, [0.2, 0.3, 0.5], tmp_path / "merged")
    before, after = load_file(encoder / WEIGHTS), load_file(tmp_path / "merged" / WEIGHTS)
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor)


def test_a_merged_model_keeps_the_prompts_of_its_parts(encoder: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(encoder), device="cpu")
    model.prompts = {"search": "search: ", "label": "label: "}
    model.default_prompt_name = "label"
    model.save_pretrained(str(tmp_path / "own"), create_model_card=False)
    merge_folders([str(tmp_path / "own")] * 2, [0.5, 0.5], tmp_path / "merged")
    merged = SentenceTransformer(str(tmp_path / "merged"), device="cpu")
    assert merged.prompts.items() >= {"search": "search: ", "label": "label: "}.items()
    assert not any(merged.prompts.get(name) for name in ("query", "document", "passage"))
    assert merged.default_prompt_name == "label"


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("1_Pooling/config.json", {"pooling_mode": "cls"}, "settings of Pooling differ"),
        ("config_sentence_transformers.json", {"prompts": {"query": "q: "}}, "prompts"),
    ],
)
def test_unlike_models_are_named_with_what_differs(
    encoder: Path, tmp_path: Path, file: str, change: dict[str, Any], said: str
) -> None:
    import shutil

    other = tmp_path / "other"
    shutil.copytree(encoder, other)
    settings = json.loads((other / file).read_text())
    if "Pooling" in file:
        settings = {"embedding_dimension": 16, "pooling_mode": "cls"}
    (other / file).write_text(json.dumps(settings | change))
    with pytest.raises(RupairsError, match=f"other cannot be merged with .*{said}"):
        open_alike([str(encoder), str(other)])


def test_models_of_another_size_are_not_merged(encoder: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    model = SentenceTransformer(str(encoder), device="cpu")
    model.append(Dense(16, 8))
    model.save_pretrained(str(tmp_path / "dense"), create_model_card=False)
    with pytest.raises(RupairsError, match=r"modules .* instead of"):
        open_alike([str(encoder), str(tmp_path / "dense")])


@pytest.mark.parametrize("weights", [[0.5], [0.5, 0.6], [float("nan"), 1.0]])
def test_weights_must_fit(encoder: Path, tmp_path: Path, weights: list[float]) -> None:
    with pytest.raises(UsageError, match="weights"):
        merge_folders([str(encoder)] * 2, weights, tmp_path / "merged")


def test_one_part_alone_is_a_usage_error(encoder: Path) -> None:
    with pytest.raises(ValueError, match="a merge needs both"):
        tiny.recipe(encoder, symmetric={})
