import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from annotation.adjudication import entropies
from annotation.page import faults
from annotation.people import opaque
from rupairs.errors import RupairsError, UsageError
from rupairs.store import StageReader
from tests.annotation.voting import ballots

Rows = list[dict[str, Any]]
Make = Any


def test_entropy_is_in_bits() -> None:
    rows = [("even", "u", "e"), ("even", "v", "n"), ("one", "u", "e"), ("one", "v", "e")]
    rows += [("three", w, label) for w, label in zip("uvwx", "eenc", strict=True)]
    found = entropies(ballots(rows))
    assert found.to_dict() == pytest.approx({"even": 1.0, "one": 0.0, "three": 1.5})


@pytest.fixture
def split(candidates: Rows, native: Any, tmp_path: Path) -> Callable[[list[str]], Path]:
    """Return a function that writes an export with the labels given to each candidate, "en"."""
    names = {"e": "entailment", "n": "neutral", "c": "contradiction", "d": "discard"}

    def put(votes: list[str]) -> Path:
        entries = [
            native.entry(c, *(native.annotation(c, names[v], by) for by, v in enumerate(labels)))
            for c, labels in zip(candidates, votes, strict=False)
        ]
        path = tmp_path / "votes.json"
        path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
        return path

    return put


VOTES = ["eennc", "en", "ddd", "eee", "encd", "een"]


def test_the_hardest_undecided_items_come_first(
    make_run: Make, candidates: Rows, split: Any
) -> None:
    run = make_run(candidates)
    out = run.run("queue", pull={"export": str(split(VOTES))}, decisions={"min_posterior": 0.9})
    rows = list(StageReader(out.directory).rows())
    assert [r["pair_id"] for r in rows] == [candidates[n]["pair_id"] for n in (4, 0, 1, 5)]
    assert [r["reason"] for r in rows] == ["no_majority"] * 3 + ["low_posterior"]
    assert rows[0]["votes"] == "contradiction 1, discard 1, entailment 1, neutral 1"
    assert rows[0]["priority"] == rows[0]["entropy"] == pytest.approx(2.0)
    tasks = json.loads((out.directory / "tasks.json").read_text(encoding="utf-8"))
    assert [set(t["data"]) for t in tasks] == [{"task", "premise", "hypothesis"}] * 4
    assert [t["data"]["task"] for t in tasks] == [r["task"] for r in rows]


def test_variability_in_training_weighs_in(
    make_run: Make, candidates: Rows, split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The step that stands in for the candidates' writes what this schema has.
    written = make_run.__globals__["CANDIDATE_SCHEMA"]
    wide = written.append(pa.field("max_variability", pa.float64()))
    monkeypatch.setitem(make_run.__globals__, "CANDIDATE_SCHEMA", wide)
    rows = [c | {"max_variability": 0.4 if n == 1 else 0.1} for n, c in enumerate(candidates)]
    out = make_run(rows).run("queue", pull={"export": str(split(VOTES))})
    queued = list(StageReader(out.directory).rows())
    assert queued[0]["pair_id"] == candidates[1]["pair_id"]
    assert queued[0]["priority"] == pytest.approx(0.4)
    assert queued[1]["priority"] == pytest.approx(0.2)


def test_the_votes_are_shown_where_the_recipe_asks(
    make_run: Make, candidates: Rows, split: Any
) -> None:
    out = make_run(candidates).run(
        "queue", pull={"export": str(split(VOTES))}, queue={"show_votes": True}
    )
    page = (out.directory / "config.xml").read_text(encoding="utf-8")
    assert "$votes" in page
    assert not faults(page, ["task", "premise", "hypothesis", "votes"])
    tasks = json.loads((out.directory / "tasks.json").read_text(encoding="utf-8"))
    assert tasks[1]["data"]["votes"] == "contradiction 1, entailment 2, neutral 2"


def answered(native: Any, queue: Path, path: Path, answers: dict[str, str], **other: Any) -> Path:
    tasks = [t["data"] for t in json.loads((queue / "tasks.json").read_text(encoding="utf-8"))]
    entries = [
        native.entry(t, native.annotation(t, answers[t["task"]], 77, **other))
        for t in tasks
        if t["task"] in answers
    ]
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    return path


def test_the_adjudicators_export_wins_and_stays_among_the_votes(
    make_run: Make, candidates: Rows, split: Any, native: Any, tmp_path: Path
) -> None:
    run = make_run(candidates)
    settings = {"pull": {"export": str(split(VOTES))}}
    first = run.run("queue", **settings)
    queued = [r["task"] for r in StageReader(first.directory).rows()]
    answers = dict(zip(queued, ["neutral", "discard"], strict=False))
    export = answered(native, first.directory, tmp_path / "last-word.json", answers)
    settings["adjudication"] = {"export": str(export)}
    out = run.run("queue", **settings)
    assert [r["task"] for r in StageReader(out.directory).rows()] == queued[2:]
    decided = {r["pair_id"]: r for r in StageReader(out.directory.parent / "decisions").rows()}
    row = decided[candidates[4]["pair_id"]]
    assert (row["label"], row["adjudicated"], row["posterior"]) == ("neutral", True, None)
    assert row["agreement"] == 0.25
    assert candidates[0]["pair_id"] not in decided
    assert not decided[candidates[3]["pair_id"]]["adjudicated"]
    votes = list(StageReader(out.directory.parent / "quality").rows())
    assert sum(v["kind"] == "adjudication" for v in votes) == 2
    assert sum(v["kind"] == "item" for v in votes) == sum(map(len, VOTES))
    facts = StageReader(out.directory.parent / "decisions").manifest.facts
    assert sum(facts["votes_by_annotator"].values()) == sum(map(len, VOTES))


def test_an_adjudicator_may_vote_among_the_others(
    make_run: Make, candidates: Rows, split: Any
) -> None:
    # Annotator 2 of "een" and "nec" stands alone, and has the last word.
    settings = {"pull": {"export": str(split(["een", "nec"]))}}
    run = make_run(candidates)
    out = run.run("decisions", quality={"adjudicators": [opaque("2")]}, **settings)
    rows = {r["pair_id"]: r for r in StageReader(out.directory).rows()}
    found = [rows[candidates[n]["pair_id"]] for n in (0, 1)]
    assert [(r["label"], r["adjudicated"], r["votes"]) for r in found] == [
        ("neutral", True, 2),
        ("contradiction", True, 2),
    ]


def test_a_missing_export_is_named(make_run: Make, candidates: Rows, split: Any) -> None:
    with pytest.raises(RupairsError, match=r"nowhere\.json, which is no file"):
        make_run(candidates).run(
            "queue",
            pull={"export": str(split(VOTES))},
            adjudication={"export": "/nowhere.json"},
        )


def test_a_queue_for_a_server_that_nobody_names_is_an_error(
    make_run: Make, candidates: Rows, split: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    with pytest.raises(UsageError, match=r"no server; set annotation"):
        make_run(candidates).run(
            "queue", pull={"export": str(split(VOTES))}, queue={"server": True}
        )
