"""Provenance both ways, over the directories of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rupairs.errors import RupairsError
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Answer, Request
from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.store import StageWriter
from rupairs.trace import Trail, descendants, origins

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
}


def step(
    run: Path, name: str, rows: Sequence[Mapping[str, Any]], dropped: Sequence[Any] = ()
) -> None:
    folder = run / name.replace(".", "/")
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
        inputs={},
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
