from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import load_dataset

from data_cards.annotations import annotations
from data_cards.readme import read_readme
from data_cards.remote import publishable
from data_cards.ruwanli import release_ruwanli
from data_cards.stage import STAGE
from rupairs.errors import RupairsError
from rupairs.manifest import Counts, Manifest, ModelFacts, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.progress import Progress
from rupairs.recipe import Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter, read_table, write_table
from tests.versions import version_of

GENERATOR = ModelFacts(role="generator", id="gen", revision="r1", license="Own terms", note="Poor.")
FREE = ModelFacts(role="generator", id="gen", revision="r1", license="CC0-1.0")
STATISTICS = {
    "distinct_premises": 2,
    "revised": 0.25,
    "lengths": {"premise": {"median": 72, "mean": 93.5, "max": 300}},
    "intended_and_decided": {"neutral": {"entailment": 41, "neutral": 42}},
}
FACTS: dict[str, dict[str, Any]] = {
    "ruwanli.generate": {
        "calls": 5,
        "failed_calls": {"timeout": 2},
        "prompts": {"pair.v1": {"instruction": "Напиши пару предложений.", "sha256": "0a1b2c"}},
    },
    "ruwanli.complete": {"asked": 9, "premises": 8, "completions": 7, "calls": 9},
    "ruwanli.release": {"statistics": STATISTICS},
    "annotation.decisions": {
        "agreement": {
            "percent_agreement": {"value": 0.5954, "low": 0.4841, "high": 0.7063, "items": 42},
            "krippendorff_alpha": {"value": None, "low": None, "high": None, "items": 0},
        }
    },
    "harvest.pairs": {"benchmarks": {"stsb_dev": 1_500, "sts12": 3_108}},
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
    [(name, pa.string()) for name in ("pair_id", "premise", "hypothesis", "group_id", "license")]
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


def provenance(pair: Pair) -> dict[str, Any]:
    return {
        "pair_id": pair.pair_id,
        "intended_label": "neutral",
        "label": pair.relation,
        "split": pair.split,
        "revised": False,
        "origin_step": "wanli",
    }


def candidate(pair: Pair) -> dict[str, Any]:
    return {
        "pair_id": pair.pair_id,
        "premise": pair.query,
        "hypothesis": pair.passage,
        "group_id": pair.group_id,
        "license": pair.license,
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
    folder: Path,
    pairs: list[Pair],
    simulated: bool = False,
    votes: Iterable[Any] = (),
    reviewed: Iterable[Pair] = (),
    **card: Any,
) -> Path:
    """Write a release of `pairs`; `reviewed` are candidates that did not become pairs."""
    return context(folder, pairs, simulated, votes, reviewed, **card).out


def context(
    folder: Path,
    pairs: list[Pair],
    simulated: bool = False,
    votes: Iterable[Any] = (),
    reviewed: Iterable[Pair] = (),
    **card: Any,
) -> Context:
    votes = list(votes)
    step = next(s for s in STAGE.steps if s.name == "data_cards.ruwanli")
    rows: dict[str, tuple[pa.Schema, list[Any]]] = {
        "ruwanli.release": (PAIR_SCHEMA, [pair.row() for pair in pairs]),
        "ruwanli.complete": (CANDIDATE_SCHEMA, [candidate(p) for p in (*pairs, *reviewed)]),
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
        if name == "ruwanli.release":
            origins = [provenance(pair) for pair in pairs]
            write_table(pa.Table.from_pylist(origins), directory / "provenance.parquet")
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
    section = STAGE.section.model_validate({"ruwanli": card})
    recipe = Recipe(Path("r.toml"), {"run": RunSection(), "data_cards": section})
    made = Context(step, folder, out, recipe, section, Progress(), inputs, simulated=simulated)
    release_ruwanli(made)
    return made


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


OPEN, CLOSED = (
    replace(pair("Кот спит.", "Кот жив.", "entailment"), license="CC0-1.0; Own terms"),
    replace(pair("Боль в груди.", "Он здоров.", "contradiction"), license="unknown"),
)


def texts(out: Path) -> str:
    """Return all that stands in the files of a release that are published."""
    tables = [read_table(out / name) for name in publishable(out) if name.endswith(".parquet")]
    return " ".join(str(table.to_pylist()) for table in tables)


@pytest.mark.parametrize("released", [True, False])
def test_no_file_has_the_texts_of_what_may_not_be_passed_on(
    tmp_path: Path, released: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Votes are published on what was not released too, and on what is left out."""
    monkeypatch.setattr("tests.data_cards.test_ruwanli.GENERATOR", FREE)
    open_ = replace(OPEN, license="CC0-1.0")
    votes = [
        vote(open_.pair_id, "ff00", "entailment"),
        vote(CLOSED.pair_id, "ff00", "discard", hypothesis_revised="Он совсем здоров."),
    ]
    pairs, reviewed = ([open_, CLOSED], []) if released else ([open_], [CLOSED])
    asked: dict[str, Any] = {"votes": votes, "reviewed": reviewed}
    whole = context(tmp_path / "whole", pairs, **asked)
    (refusal,) = whole.facts["refusals"]
    assert refusal.startswith("1 rows under unknown; CC0-1.0" if not released else "1 rows under")
    assert CLOSED.pair_id in refusal
    assert "Боль в груди" in texts(whole.out)
    clean = context(tmp_path / "clean", pairs, only_redistributable=True, **asked)
    assert clean.facts["refusals"] == [] and clean.facts["terms"]["hub"] == "cc0-1.0"
    assert clean.facts["votes_without_texts"] == 1
    assert not [word for word in ("Боль", "здоров") if word in texts(clean.out)]
    assert "Кот спит." in texts(clean.out)
    votes_there = read_table(clean.out / "annotations" / "train.parquet").to_pylist()
    assert [v["label"] for v in votes_there] == ["entailment", "discard"]
    card = (clean.out / "README.md").read_text("utf-8")
    assert "1 vote" in card


def test_figures_are_of_what_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.data_cards.test_ruwanli.GENERATOR", FREE)
    pairs = [replace(OPEN, license="CC0-1.0"), CLOSED]
    made = context(tmp_path, pairs, only_redistributable=True)
    assert made.facts["left_out"] == {"not_redistributable": 1}
    left_out = read_table(made.out / "left_out.parquet").to_pylist()
    assert [(row["pair_id"], row["reason"]) for row in left_out] == [
        (CLOSED.pair_id, "not_redistributable")
    ]
    card = (made.out / "README.md").read_text("utf-8")
    for words in (
        "1 pair may not be passed on and is left out",
        "| premise | 9 | 9 | 9 |",
        "| neutral | 1 | 0 | 0 |",
        "1 premises",
        "| data_cards.ruwanli | 2 | 1 | 1 | not_redistributable 1 |",
    ):
        assert words in card
    russian = (made.out / "README.ru.md").read_text("utf-8")
    assert "в выпуск не вошло: 1 пара." in russian


def test_the_card_says_who_wrote_and_under_what(tmp_path: Path) -> None:
    card = (release(tmp_path, [pair("а б в", "г", "neutral")]) / "README.md").read_text("utf-8")
    for words in ("gen", "r1", "Own terms", "Poor.", "CC0-1.0"):
        assert words in card
    for words in (
        "| neutral | 41 | 42 | 0 |",
        "| premise | 72 | 93.5 | 300 |",
        "8 premises that lacked",
        "25.0 % of the NLI rows",
        "| equal pairs of votes on one item | 0.595 | 0.484–0.706 | 42 items with two votes",
        "| Krippendorff's alpha (nominal) | not defined |  | 0 items",
        "texts of 2 benchmarks (sts12, stsb_dev) were looked for and left out",
        "What the model wrote was not looked through for benchmark texts.",
        "`ruwanli.generate`: 2 of 5 calls got no answer.",
        "@misc{ruwanli,\n  title = {RuWANLI}",
        "arXiv:2201.05955",
        "SHA-256 of its file `0a1b2c`:\n\n```text\nНапиши пару предложений.\n```",
        "![How many rows each step left](funnel.png)",
    ):
        assert words in card
    assert "Other terms" not in card, "the classifier's rows are not released"
    assert "none has, so the config is left out" in card
    front = read_readme(card, "README.md").front
    assert front["task_ids"] == ["natural-language-inference"]
    assert "Simulated" not in card


def test_simulated_votes_are_said_first(tmp_path: Path) -> None:
    card = (release(tmp_path, [pair("а", "б", "neutral")], simulated=True) / "README.md").read_text(
        "utf-8"
    )
    assert "Simulated reviewers" in card and "simulated-annotation" in card


def test_nothing_to_release_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match=r"data_cards\.ruwanli: no row has come through"):
        release(tmp_path, [])
