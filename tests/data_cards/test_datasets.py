from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import load_dataset

from data_cards.annotations import annotations
from data_cards.datasets import release_ruwanli
from data_cards.stage import STAGE
from rupairs.errors import RupairsError
from rupairs.manifest import Counts, Manifest, ModelFacts, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.progress import Progress
from rupairs.recipe import Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter
from tests.versions import version_of

GENERATOR = ModelFacts(role="generator", id="gen", revision="r1", license="Own terms", note="Poor.")
STATISTICS = {
    "distinct_premises": 2,
    "revised": 0.25,
    "lengths": {"premise": {"median": 72, "mean": 93.5, "max": 300}},
    "intended_and_decided": {"neutral": {"entailment": 41, "neutral": 42}},
}
FACTS: dict[str, dict[str, Any]] = {
    "ruwanli.generate": {"calls": 5},
    "ruwanli.complete": {"asked": 9, "premises": 8, "completions": 7, "calls": 9},
    "ruwanli.release": {"statistics": STATISTICS},
    "annotation.decisions": {"krippendorff_alpha": None, "percent_agreement": 0.5},
}
CONFIG = {
    "llm": {"temperature": 1.0},
    "prompt": "pair.v1",
    "entailment_prompt": "entailment.v1",
    "contradiction_prompt": "contradiction.v1",
    "fraction": 0.25,
    "neighbours": 4,
    "near": 0.9,
    "keep": 0.5,
}
CANDIDATE_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("pair_id", "premise", "hypothesis", "group_id")]
)
VOTE_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("pair_id", "task", "kind", "vote_id", "annotator")),
        *((name, pa.string()) for name in ("label", "premise_revised", "hypothesis_revised")),
        ("seconds", pa.float64()),
        ("created_at", pa.string()),
        ("latest", pa.bool_()),
        ("simulated", pa.bool_()),
    ]
)


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


def candidate(pair: Pair) -> dict[str, Any]:
    return {
        "pair_id": pair.pair_id,
        "premise": pair.query,
        "hypothesis": pair.passage,
        "group_id": pair.group_id,
    }


def vote(pair_id: str, annotator: str, label: str, kind: str = "item", **given: Any) -> Any:
    return {
        "pair_id": pair_id,
        "task": f"task of {pair_id}",
        "kind": kind,
        "vote_id": "17",
        "annotator": annotator,
        "label": label,
        "premise_revised": None,
        "hypothesis_revised": None,
        "seconds": 4.5,
        "created_at": "2000-01-01T00:00:00Z",
        "latest": True,
        "simulated": False,
    } | given


def release(
    folder: Path, pairs: list[Pair], simulated: bool = False, votes: Iterable[Any] = ()
) -> Path:
    step = next(s for s in STAGE.steps if s.name == "data_cards.ruwanli")
    rows: dict[str, tuple[pa.Schema, list[Any]]] = {
        "ruwanli.release": (PAIR_SCHEMA, [pair.row() for pair in pairs]),
        "ruwanli.complete": (CANDIDATE_SCHEMA, [candidate(pair) for pair in pairs]),
        "annotation.pull": (VOTE_SCHEMA, [v for v in votes if v["kind"] != "adjudication"]),
        "annotation.quality": (VOTE_SCHEMA, [v for v in votes if v["latest"]]),
    }
    inputs = {}
    for name in step.inputs:
        directory = folder / name
        directory.mkdir(parents=True)
        schema, written = rows.get(name, (PAIR_SCHEMA, []))
        with StageWriter(directory, schema) as writer:
            for row in writer.each(written):
                writer.keep(row)
        for picture in ("datamap.png", "funnel.png"):
            (directory / picture).write_bytes(b"a picture")
        Manifest(
            step=name,
            step_version=version_of(name),
            fingerprint="f",
            seed=0,
            config=CONFIG,
            inputs={},
            counts=Counts(rows_in=len(pairs), rows_out=len(pairs)),
            files=describe_files(directory),
            models=[GENERATOR],
            licenses={"own": "CC0-1.0"}
            | ({"learned from": "Other terms"} if name == "ruwanli.cartography" else {}),
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


def test_every_vote_is_in_a_config_of_its_own_by_the_split_of_what_it_is_about(
    tmp_path: Path,
) -> None:
    train, test = pair("Кот спит.", "Кот жив.", "entailment"), pair("а", "б", "neutral", "test")
    votes = [
        vote(train.pair_id, "ff00", "entailment", hypothesis_revised="Кот живой."),
        vote(train.pair_id, "aa11", "discard", seconds=None, latest=False),
        vote(test.pair_id, "ff00", "neutral", kind="repeat"),
        vote("of a control", "ff00", "neutral", kind="control", premise_revised="Чужой текст."),
        vote(test.pair_id, "bb22", "neutral", kind="adjudication", task="of the queue"),
    ]
    out = release(tmp_path, [train, test], votes=votes)
    found = load_dataset(str(out), "annotations", cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in found.items()} == {"train": 3, "test": 2}
    first, second, control = found["train"]
    assert first == {
        "pair_id": train.pair_id,
        "premise": "Кот спит.",
        "hypothesis": "Кот жив.",
        "annotator": "annotator-003",
        "label": "entailment",
        "premise_revised": None,
        "hypothesis_revised": "Кот живой.",
        "seconds": 4.5,
        "kind": "item",
        "latest": True,
        "simulated": False,
    }
    assert (second["annotator"], second["label"]) == ("annotator-001", "discard")
    assert (second["seconds"], second["latest"]) == (None, False)
    assert control["kind"] == "control" and control["label"] == "neutral"
    assert control["premise"] is None and control["premise_revised"] is None
    repeat, last = found["test"]
    assert (repeat["kind"], repeat["annotator"]) == ("repeat", "annotator-003")
    assert (last["kind"], last["annotator"]) == ("adjudication", "annotator-002")
    card = (out / "README.md").read_text("utf-8")
    assert "config_name: annotations" in card and "| train | 1 | 0 | 3 |" in card


def test_votes_on_what_was_not_released_stay_with_its_seed_or_premise() -> None:
    test = pair("Кот спит.", "Кот жив.", "entailment", "test")
    others = [
        pair("Кот спит.", "Кот сыт.", "neutral"),
        replace(pair("кот спит", "Кот цел.", "neutral"), group_id="another seed"),
        pair("Дом стоит.", "Дом нов.", "neutral"),
    ]
    votes = [vote(other.pair_id, "ff00", "discard") for other in others]
    found = annotations(votes, [candidate(p) for p in (test, *others)], [test.row()])
    assert [row["split"] for row in found] == ["test", "test", "train"]


def test_the_card_says_who_wrote_and_under_what(tmp_path: Path) -> None:
    card = (release(tmp_path, [pair("а б в", "г", "neutral")]) / "README.md").read_text("utf-8")
    for words in ("gen", "r1", "Own terms", "Poor.", "CC0-1.0", "krippendorff_alpha not defined"):
        assert words in card
    for words in (
        "| neutral | 41 | 42 | 0 |",
        "| premise | 72 | 93.5 | 300 |",
        "8 premises that lacked",
        "25.0 % of the NLI rows",
        "![How many rows each step left](funnel.png)",
    ):
        assert words in card
    assert "Other terms" not in card, "the classifier's rows are not released"
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
