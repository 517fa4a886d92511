"""Provenance both ways, over the directories of a run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from rupairs.cli import app
from rupairs.errors import RupairsError, UsageError
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Answer, Request
from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.store import StageWriter, read_batches
from rupairs.trace import Trail, descendants, ids_of_text, origins

REQUEST = Request("completions", "tiny", "r1", "pair.v1", 0, {"seed": 1}, prompt="Напиши пару.")
SEED = {
    "pair_id": "5" * 32,
    "query": "Лёд растаял.",
    "passage": "Льда больше нет.",
    "source": "terra",
    "source_row": "17",
}
EXAMPLE = {"premise": SEED["query"], "hypothesis": SEED["passage"]}
MADE = {
    "pair_id": "a" * 32,
    "premise": "Снег сошёл.",
    "hypothesis": "Снега нет.",
    "examples": [EXAMPLE],
    "seed_id": SEED["pair_id"],
    "call_id": REQUEST.key,
}
OTHER = {**MADE, "pair_id": "b" * 32, "hypothesis": "Снег лёг.", "seed_id": "6" * 32}
UNFIT = {**MADE, "pair_id": "c" * 32, "hypothesis": "Снег сошёл."}
VOTE = {"pair_id": MADE["pair_id"], "vote_id": "1", "label": "entailment"}
RELEASED = {
    "pair_id": "d" * 32,
    "query": "Снег уже сошёл.",
    "passage": "Снега нет.",
    "source": "ruwanli",
    "source_row": "terra:17",
    "parents": [SEED["pair_id"], MADE["pair_id"]],
    "call_id": REQUEST.key,
    "split": "train",
}
ROW = {"premise": RELEASED["query"], "hypothesis": RELEASED["passage"], "label": "entailment"}


def step(
    run: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    dropped: Sequence[Any] = (),
    inputs: Sequence[str] = (),
) -> None:
    release = name.startswith("data_cards.")
    folder = run / (f"release/{name[11:]}" if release else name.replace(".", "/"))
    folder.mkdir(parents=True)
    with StageWriter(folder, pa.Table.from_pylist([*rows, *dropped]).schema) as writer:
        for row in writer.each([*rows, *dropped]):
            if row in dropped:
                writer.drop(row, "identical_sides", "Снег сошёл.")
            else:
                writer.keep(row)
    Manifest(
        step=name,
        step_version=1,
        fingerprint="f",
        seed=1,
        config={},
        inputs=dict.fromkeys(inputs, "f"),
        counts=Counts(),
        files=describe_files(folder),
    ).write(folder)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    step(tmp_path, "harvest.pairs", [SEED])
    step(tmp_path, "ruwanli.generate", [MADE, OTHER, UNFIT])
    step(tmp_path, "ruwanli.filter", [MADE, OTHER], [UNFIT])
    step(tmp_path, "annotation.pull", [VOTE])
    step(tmp_path, "ruwanli.release", [RELEASED])
    with ReplayLog(tmp_path / "llm.sqlite") as log:
        log.put(REQUEST, Answer("Снег сошёл.\nСледует: Снега нет.", "stop", 9, 5, "here", 0.1))
    return tmp_path


def told(trail: Trail) -> set[tuple[str, str, str]]:
    return {(f.step, str(f.row["pair_id"])[0], f.reason) for f in trail.rows}


def test_a_released_row_leads_back_to_source_call_and_votes(run: Path) -> None:
    trail = origins(run, RELEASED["pair_id"])
    assert told(trail) == {
        ("harvest.pairs", "5", ""),
        ("ruwanli.generate", "a", ""),
        ("ruwanli.filter", "a", ""),
        ("annotation.pull", "a", ""),
        ("ruwanli.release", "d", ""),
    }
    assert trail.rows[0].step == "harvest.pairs"
    ((request, answer),) = trail.calls.values()
    assert request["prompt"] == "Напиши пару."
    assert answer["text"].startswith("Снег сошёл.")


def test_a_source_row_leads_to_all_that_was_made_from_it(run: Path) -> None:
    trail = descendants(run, "terra#17")
    assert told(trail) == {
        ("harvest.pairs", "5", ""),
        ("ruwanli.generate", "a", ""),
        ("ruwanli.generate", "b", ""),  # of another seed, but this one was an example
        ("ruwanli.generate", "c", ""),
        ("ruwanli.filter", "a", ""),
        ("ruwanli.filter", "b", ""),
        ("ruwanli.filter", "c", "identical_sides"),
        ("annotation.pull", "a", ""),
        ("ruwanli.release", "d", ""),
    }
    assert told(descendants(run, SEED["pair_id"])) == told(trail)


def test_what_was_dropped_leads_back_too(run: Path) -> None:
    assert ("ruwanli.filter", "c", "identical_sides") in told(origins(run, UNFIT["pair_id"]))


@pytest.mark.parametrize("name", ["terra#18", "rcb#17", "f" * 32])
def test_what_is_nowhere_is_an_error(run: Path, name: str) -> None:
    with pytest.raises(RupairsError, match=name):
        descendants(run, name)
    with pytest.raises(RupairsError, match=name):
        origins(run, name)


@pytest.fixture
def published(run: Path) -> Path:
    """The run with an article of Wikipedia, releases, and an encoder trained on the pairs."""
    anchors = [
        {"text_id": str(n) * 32, "text": f"Текст {n}.", "source": "wikipedia", "source_row": place}
        for n, place in ((1, "7#0"), (2, "7#12"), (3, "71#0"))
    ]
    pair = {**RELEASED, "pair_id": "e" * 32, "query": "Текст 2.", "passage": "Это текст 2."}
    pair |= {"parents": ["2" * 32], "source": "ruhnp", "source_row": "wikipedia:7#12"}
    step(run, "ruhnp.anchors", anchors[1:], [anchors[0]])
    step(run, "ruhnp.release", [pair])
    other = {**ROW, "premise": "Другое."}
    rows = {"query": "Текст 2.", "pos": ["Это текст 2."], "neg": ["Не текст 2."]}
    step(run, "data_cards.ruhnp", [{**rows, "query": "Текст 9."}, rows])
    step(run, "data_cards.ruwanli", [other, other, ROW])
    step(run, "training.encoder", [other], inputs=("ruwanli.release",))
    return run


def test_released_rows_and_the_encoder_are_named(published: Path) -> None:
    found = descendants(published, "terra#17").rows
    (released,) = [f.row for f in found if f.step == "data_cards.ruwanli"]
    assert (released["file"], released["row"]) == ("part-00000.parquet", 2)
    assert released["premise"] == RELEASED["query"]
    (encoder,) = [f.row for f in found if f.step == "training.encoder"]
    assert encoder == {"folder": "training/encoder", "trained_on": 1}
    assert not [f for f in found if f.step == "data_cards.ruhnp"]


def test_an_article_leads_to_all_its_sentences(published: Path) -> None:
    found = descendants(published, "wikipedia#7").rows
    assert {f.row["text_id"][0] for f in found if f.step == "ruhnp.anchors"} == {"1", "2"}
    (released,) = [f.row for f in found if f.step == "data_cards.ruhnp"]
    assert (released["row"], released["query"]) == (1, "Текст 2.")
    assert not [f for f in found if f.step == "training.encoder"], "it was not trained on these"
    one = descendants(published, "wikipedia#7#0").rows
    assert [(f.step, f.reason) for f in one] == [("ruhnp.anchors", "identical_sides")]


def test_a_row_is_found_by_its_text(published: Path) -> None:
    (name,) = ids_of_text(published, "снег  УЖЕ сошёл")
    assert name == RELEASED["pair_id"]
    assert told(origins(published, name)) == told(origins(published, RELEASED["pair_id"]))
    with pytest.raises(RupairsError, match="no finished step has a row with the text «Нет"):
        ids_of_text(published, "Нет такого.")


def test_dropped_rows_are_read_once_however_many_ids_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"pair_id": f"{n:032x}", "source": "terra", "source_row": str(n)} for n in range(50)]
    step(tmp_path, "harvest.pairs", rows[:1], rows[1:])
    read: list[Path] = []
    real = read_batches

    def counting(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        read.append(path)
        return real(path, columns)

    monkeypatch.setattr("rupairs.trace.read_batches", counting)
    found = origins(tmp_path, *(row["pair_id"] for row in rows))
    assert len(found.rows) == 50
    assert [path.name for path in read] == ["dropped.parquet"]


def test_the_verb_takes_an_id_a_place_or_a_text(published: Path) -> None:
    def trace(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["trace", "--out", str(published), *arguments])

    place = trace("terra#17", "--json")
    assert place.exit_code == 0
    steps = [row["step"] for row in json.loads(place.stdout)["rows"]]
    assert steps[0] == "harvest.pairs" and "data_cards.ruwanli" in steps
    text = trace("--text", RELEASED["query"])
    assert text.exit_code == 0 and "harvest.pairs" in text.stdout and "terra" in text.stdout
    forward = trace("--text", SEED["query"], "--made", "--json")
    assert "training.encoder" in {r["step"] for r in json.loads(forward.stdout)["rows"]}
    assert isinstance(trace().exception, UsageError)
    assert isinstance(trace("terra#17", "--text", "а").exception, UsageError)
