from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from data_cards.datasets import release_ruwanli
from data_cards.stage import STAGE
from rupairs.errors import RupairsError
from rupairs.manifest import Counts, Manifest, ModelFacts, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.progress import Progress
from rupairs.recipe import Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter

GENERATOR = ModelFacts(role="generator", id="gen", revision="r1", license="Own terms", note="Poor.")
FACTS: dict[str, dict[str, Any]] = {
    "ruwanli.seeds": {"cartography": "none"},
    "ruwanli.generate": {"calls": 5},
    "ruwanli.filter": {"max_variability": "none"},
    "annotation.decisions": {"krippendorff_alpha": None, "percent_agreement": 0.5},
}


def pair(premise: str, hypothesis: str, label: str, split: str = "train") -> Pair:
    return Pair(
        query=premise,
        passage=hypothesis,
        relation=label,
        polarity=1 if label == "entailment" else -1,
        symmetric=True,
        group_id=premise,
        source="ruwanli",
        source_revision="gen@r1",
        source_row="0",
        license="CC0-1.0; Own terms",
        split=split,
    )


def release(folder: Path, pairs: list[Pair], simulated: bool = False) -> Path:
    step = next(s for s in STAGE.steps if s.name == "data_cards.ruwanli")
    inputs = {}
    for name in step.inputs:
        directory = folder / name
        directory.mkdir(parents=True)
        with StageWriter(directory, PAIR_SCHEMA) as writer:
            for row in writer.each(pairs if name == "ruwanli.release" else []):
                writer.keep(row.row())
        Manifest(
            step=name,
            step_version=1,
            fingerprint="f",
            seed=0,
            config={"llm": {"temperature": 1.0}, "prompt": "pair.v1"},
            inputs={},
            counts=Counts(rows_in=len(pairs), rows_out=len(pairs)),
            files=describe_files(directory),
            models=[GENERATOR],
            licenses={"own": "CC0-1.0"},
            facts=FACTS.get(name, {}),
            versions={"rupairs": "0"},
        ).write(directory)
        inputs[name] = StageReader(directory)
    out = folder / "out"
    out.mkdir()
    section = STAGE.section.model_validate({"ruwanli": {}})
    recipe = Recipe(Path("r.toml"), {"run": RunSection(), "data_cards": section})
    release_ruwanli(
        Context(step, folder, out, recipe, section, Progress(), inputs, simulated=simulated)
    )
    return out


def test_triplets_are_a_config_of_their_own(tmp_path: Path) -> None:
    pairs = [
        pair("Кот спит.", "Кот жив.", "entailment"),
        pair("Кот спит.", "Кот бежит.", "contradiction"),
        pair("Дом стоит.", "Дом новый.", "neutral", split="test"),
    ]
    out = release(tmp_path, pairs)
    triplets = load_dataset(str(out), "triplets", cache_dir=str(tmp_path / "cache"))
    assert list(triplets["train"]) == [
        {"premise": "Кот спит.", "entailment": "Кот жив.", "contradiction": "Кот бежит."}
    ]
    default = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {s: len(rows) for s, rows in default.items()} == {"train": 2, "test": 1}


def test_the_card_says_who_wrote_and_under_what(tmp_path: Path) -> None:
    card = (release(tmp_path, [pair("а б в", "г", "neutral")]) / "README.md").read_text("utf-8")
    for words in ("gen", "r1", "Own terms", "Poor.", "CC0-1.0", "krippendorff_alpha not defined"):
        assert words in card
    assert "none has, so the config is left out" in card
    assert "Simulated" not in card


def test_simulated_votes_are_said_first(tmp_path: Path) -> None:
    card = (release(tmp_path, [pair("а", "б", "neutral")], simulated=True) / "README.md").read_text(
        "utf-8"
    )
    assert "Simulated reviewers" in card and "simulated-annotation" in card


def test_nothing_to_release_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match=r"data_cards\.ruwanli: no row has come through"):
        release(tmp_path, [])
