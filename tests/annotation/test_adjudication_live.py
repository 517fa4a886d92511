"""Adjudication on a real Label Studio: the queue out, the last word back, over HTTP."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from annotation.adjudication import ANSWERS
from rupairs.store import StageReader, read_table
from tests.annotation.conftest import Run, candidate
from tests.annotation.served import Make, Rows, Settings, projects
from tests.annotation.studio import House, Person, label, tasks_of

pytestmark = pytest.mark.usefixtures("signed_in")
NAMES = {"e": "entailment", "n": "neutral", "c": "contradiction"}


@pytest.fixture(scope="session")
def voters(house: House) -> list[str]:
    """Return the keys of three people, the administrator among them."""
    return [house.key, *(house.join(name).legacy for name in ("zoya", "ignat"))]


@pytest.fixture(scope="session")
def judge(house: House) -> Person:
    return house.join("judge")


@pytest.fixture
def settings(house: House, project: str) -> Settings:
    """Return a recipe with three votes an item and a queue on the server."""
    return {
        "push": {"url": house.url, "project": project, "overlap": 3},
        "decisions": {"min_posterior": 0.9},
        "queue": {"server": True},
    }


def vote(house: House, push: Any, voters: list[str], cast: dict[str, str]) -> None:
    """Have everybody answer each task; `cast` has the labels by hypothesis, "een"."""
    for project in projects(house, push):
        number = int(project.description.split()[2]) - 1
        client = house.server(voters[number]).client
        for task in tasks_of(house.client, project.id):
            answer = label(NAMES[cast[task["hypothesis"]][number]])
            client.annotations.create(id=task["number"], result=answer, lead_time=3.0)


def disputed(house: House, settings: dict[str, Any]) -> list[Any]:
    """Return the test's projects for the adjudicator, oldest first."""
    start = f"{settings['push']['project']} · спорные"
    there = house.client.projects.list(page_size=100).items
    return sorted((p for p in there if p.title.startswith(start)), key=lambda p: p.id)


def step_rows(run: Run, name: str) -> Rows:
    return list(StageReader(run.path / "annotation" / name).rows())


def dropped(run: Run, name: str) -> set[tuple[str, str]]:
    rows = read_table(run.path / "annotation" / name / "dropped.parquet").to_pylist()
    return {(row["reason"], row["evidence"]) for row in rows}


def adjudicate(run: Run, settings: dict[str, Any], key: str) -> None:
    """Run `rupairs annotate adjudicate RUN` as a person does."""
    llm = {"urls": ["http://127.0.0.1:1/v1"], "model": "none", "license": "MIT"}
    rows = {"rows": {"sources": ["rcb"]}}
    recipe = {"harvest": rows, "ruwanli": {}, "llm": llm, "annotation": settings}
    (run.path / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    command = [sys.executable, "-m", "rupairs.cli", "annotate", "adjudicate", str(run.path)]
    variables = os.environ | {"LABEL_STUDIO_API_KEY": key}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=variables, check=False
    )
    assert done.returncode == 0, done.stderr
    assert key not in done.stdout + done.stderr


def test_the_last_word_is_given_on_the_server(
    house: House, make_run: Make, voters: list[str], judge: Person, settings: dict[str, Any]
) -> None:
    rows = [candidate(n) for n in range(4)]
    run = make_run(rows)
    cast = dict(zip((r["hypothesis"] for r in rows), ("eee", "een", "enc", "ncn"), strict=True))
    vote(house, run.run("push", **settings), voters, cast)
    run.run("pull", **settings)
    adjudicate(run, settings, house.key)

    queued = step_rows(run, "queue")
    assert [r["pair_id"] for r in queued] == [rows[n]["pair_id"] for n in (2, 1, 3)]
    (ours,) = disputed(house, settings)
    tasks = tasks_of(house.client, ours.id)
    assert [t["task"] for t in tasks] == [r["task"] for r in queued]
    assert all(set(t) == {"number", "task", "premise", "hypothesis"} for t in tasks)
    again = run.run("queue", redo=True, **settings)
    counts = {"projects": 1, "tasks": 3, "removed": 0, "foreign": 0}
    assert again.manifest.facts["server"] == counts | {"added": 0}
    assert [t["task"] for t in tasks_of(house.client, ours.id)] == [t["task"] for t in tasks]

    client = house.server(judge.legacy).client
    revised = "Яблок на складе больше нет."
    first = client.annotations.create(id=tasks[0]["number"], result=label("neutral", revised))
    client.annotations.create(id=tasks[1]["number"], result=label("discard"))
    left = run.run("queue", **settings)
    assert [r["pair_id"] for r in step_rows(run, "queue")] == [rows[3]["pair_id"]]
    assert left.manifest.facts["server"]["added"] == 0
    assert len(tasks_of(house.client, ours.id)) == 3
    decided = {r["pair_id"]: r for r in step_rows(run, "decisions")}
    assert set(decided) == {rows[0]["pair_id"], rows[2]["pair_id"]}
    last = decided[rows[2]["pair_id"]]
    assert (last["label"], last["adjudicated"], last["hypothesis"]) == ("neutral", True, revised)
    assert last["votes"] == 3 and not decided[rows[0]["pair_id"]]["adjudicated"]
    assert ("discarded", "entailment 2, neutral 1") in dropped(run, "decisions")
    kinds = [v["kind"] for v in step_rows(run, "quality")]
    assert (kinds.count("adjudication"), kinds.count("item")) == (2, 12)
    assert run.run("queue", **settings).state == "kept"

    client.annotations.update(id=first.id, result=label("contradiction"))
    run.run("decisions", **settings)
    labels = {r["pair_id"]: r["label"] for r in step_rows(run, "decisions")}
    assert labels[rows[2]["pair_id"]] == "contradiction"
    assert ("replaced", queued[0]["task"]) in dropped(run, "quality")


def test_what_is_no_answer_is_reported_and_its_item_waits_again(
    house: House, make_run: Make, voters: list[str], judge: Person, settings: dict[str, Any]
) -> None:
    rows = [candidate(n) for n in range(3)]
    run = make_run(rows)
    cast = dict.fromkeys((r["hypothesis"] for r in rows), "en")
    settings["push"]["overlap"] = 2
    vote(house, run.run("push", **settings), voters, cast)
    run.run("queue", **settings)
    assert not step_rows(run, "adjudication")
    (ours,) = disputed(house, settings)
    tasks = tasks_of(house.client, ours.id)
    client = house.server(judge.legacy).client
    given = [
        client.annotations.create(id=task["number"], result=label(name))
        for task, name in zip(tasks, ("neutral", "Нейтрально", "entailment"), strict=True)
    ]
    data = {"task": "f" * 32, "premise": "а", "hypothesis": "б"}
    foreign = house.client.tasks.create(project=ours.id, data=data)
    client.annotations.create(id=foreign.id, result=label("neutral"))
    run.run("queue", **settings)
    assert [r["task"] for r in step_rows(run, "queue")] == [tasks[1]["task"]]

    house.client.tasks.delete(id=str(tasks[0]["number"]))
    out = run.run("queue", **settings)
    assert dropped(run, "adjudication") == {
        ("deleted", str(given[0].id)),
        ("unknown_label", "Нейтрально"),
        ("unknown_task", "f" * 32),
    }
    (vote_left,) = step_rows(run, "adjudication")
    assert (vote_left["task"], vote_left["label"]) == (tasks[2]["task"], "entailment")
    assert [r["task"] for r in step_rows(run, "queue")] == [t["task"] for t in tasks[:2]]
    assert out.manifest.facts["server"]["added"] == 1
    assert sorted(t["task"] for t in tasks_of(house.client, ours.id)) == sorted(
        ["f" * 32, *(t["task"] for t in tasks)]
    )

    # With the votes shown the page is another one, and so is the project; both are read.
    shown = settings | {"queue": {"server": True, "show_votes": True}}
    run.run("queue", **shown)
    with_votes = disputed(house, settings)[1]
    assert with_votes.title.endswith("с голосами · 1")
    first, second = tasks_of(house.client, with_votes.id)
    assert first["votes"] == "entailment 1, neutral 1"
    client.annotations.create(id=second["number"], result=label("contradiction"))
    run.run("decisions", **shown)
    decided = {r["pair_id"]: r["label"] for r in step_rows(run, "decisions")}
    assert sorted(decided.values()) == ["contradiction", "entailment"]
    kept = run.run("decisions", **shown | {"pull": {"refresh": False}})
    assert kept.state == "kept" and (run.path / "annotation" / ANSWERS).is_file()
