"""Answers pulled from a real Label Studio: changed, deleted, doubled, strange texts."""

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter

import pytest

from annotation.tasks import SHOWN
from rupairs.errors import RupairsError
from rupairs.store import read_table
from rupairs.text import clean
from tests.annotation.conftest import candidate
from tests.annotation.served import SETTLED, Make, Rows, Settings, answer_all, projects, votes
from tests.annotation.studio import BadNetwork, House, Person, label, tasks_of

pytestmark = pytest.mark.usefixtures("signed_in")


def test_votes_come_back_with_every_version_and_only_what_is_new_is_read(
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:4])
    settings = {"push": {"url": house.url, "project": project, "overlap": 2}}
    push = run.run("push", **settings)
    with pytest.raises(RupairsError, match="no answers yet in 2 projects"):
        run.run("pull", **settings)
    assert answer_all(house, push, people, of=3) == 6
    first = run.run("pull", **settings)
    assert first.manifest.facts["server"] == {"projects": 2, "answers": 6, "new": 6, **SETTLED}
    assert first.manifest.facts["annotators"] == 2
    assert all(v["latest"] and v["label"] == "neutral" and v["seconds"] == 2.5 for v in votes(run))
    ours = projects(house, push)[0]
    anna = house.server(people[0].personal).client
    task = tasks_of(house.client, ours.id)[0]
    (given,) = anna.annotations.list(id=task["number"])
    anna.annotations.update(id=given.id, result=label("entailment", "Гипотеза стала другой."))
    second = run.run("pull", **settings)
    assert second.manifest.facts["server"] == {
        "projects": 2,
        "answers": 6,
        "new": 1,
        **SETTLED,
    }
    mine = [v for v in votes(run) if v["vote_id"].partition(".")[0] == str(given.id)]
    found = {v["vote_id"]: (v["label"], v["hypothesis_revised"], v["latest"]) for v in mine}
    assert found == {
        f"{given.id}": ("neutral", None, False),
        f"{given.id}.2": ("entailment", "Гипотеза стала другой.", True),
    }
    third = run.run("pull", **settings)
    assert third.state == "made"
    assert third.manifest.facts["server"]["new"] == 0
    assert third.manifest.content == second.manifest.content
    assert run.run("decisions", **settings).state == "made"
    assert run.run("decisions", **settings).state == "kept"


def test_what_is_deleted_or_skipped_on_the_server_is_dropped_with_its_number(
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:5])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
    push = run.run("push", **settings)
    answer_all(house, push, people, of=4)
    run.run("pull", **settings)
    client = house.client
    (ours,) = projects(house, push)
    tasks = tasks_of(client, ours.id)
    (gone,) = client.annotations.list(id=tasks[0]["number"])
    client.annotations.delete(id=gone.id)
    (with_task,) = client.annotations.list(id=tasks[1]["number"])
    client.tasks.delete(id=str(tasks[1]["number"]))
    skipped = client.annotations.create(id=tasks[4]["number"], result=[], was_cancelled=True)
    client.annotations.create(id=tasks[3]["number"], result=label("Нейтрально"))
    foreign = client.tasks.create(
        project=ours.id, data={"task": "f" * 32, "premise": "а", "hypothesis": "б"}
    )
    client.annotations.create(id=foreign.id, result=label("neutral"))
    for _ in range(2):
        client.tasks.create(project=ours.id, data={"premise": "в", "hypothesis": "г"})
    out = run.run("pull", **settings)
    assert out.manifest.counts.rows_out == 2
    dropped = {
        (row["reason"], row["evidence"])
        for row in read_table(out.directory / "dropped.parquet").to_pylist()
    }
    assert dropped == {
        ("deleted", str(gone.id)),
        ("deleted", str(with_task.id)),
        ("cancelled", str(skipped.id)),
        ("unknown_label", "Нейтрально"),
        ("unknown_task", "f" * 32),
    }
    again = run.run("push", redo=True, **settings)
    facts = again.manifest.facts["server"]
    assert (facts["added"], facts["foreign"]) == (1, 2)
    assert facts["removed"] == 0


def test_a_deleted_project_is_told_of_and_its_votes_stand(
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:4])
    settings = {"push": {"url": house.url, "project": project, "overlap": 2}}
    push = run.run("push", **settings)
    answer_all(house, push, people)
    before = run.run("pull", **settings)
    first, second = projects(house, push)
    house.client.projects.delete(id=first.id)
    after = run.run("pull", **settings)
    facts = after.manifest.facts["server"]
    assert (facts["projects"], facts["answers"], facts["new"]) == (1, 4, 0)
    ((gone, answers),) = facts["gone"].items()
    assert (gone.split()[0], answers) == (str(first.id), 4)
    assert f"project {first.id} " in (after.directory / "report.md").read_text(encoding="utf-8")
    assert after.manifest.content != before.manifest.content or len(votes(run)) == 8
    assert len(votes(run)) == 8
    house.client.projects.delete(id=second.id)
    with pytest.raises(RupairsError, match=r"annotation\.pull\.refresh = false"):
        run.run("pull", **settings)
    run.run("pull", pull={"refresh": False}, **settings)
    assert len(votes(run)) == 8


def test_a_pull_of_what_did_not_change_asks_once_a_project(
    house: House,
    make_run: Make,
    candidates: Rows,
    project: str,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run(candidates[:9])
    settings = {"push": {"server": True, "project": project, "overlap": 1, "batch_size": 3}}
    monkeypatch.setenv("LABEL_STUDIO_URL", house.url)
    push = run.run("push", **settings)
    client = house.server(people[0].legacy).client
    for ours in projects(house, push)[:2]:
        task = tasks_of(house.client, ours.id)[0]
        client.annotations.create(id=task["number"], result=label("neutral"))
    run.run("pull", **settings)
    with BadNetwork(house.url, lambda method, path, number: None) as network:
        monkeypatch.setenv("LABEL_STUDIO_URL", network.url)
        out = run.run("pull", **settings)
        asked = Counter(path.partition("?")[0].rstrip("/") for _, path, _ in network.seen)
    assert out.manifest.facts["server"]["answers"] == 2
    # One of the three projects holds no answer; signing in asks who one is, too.
    assert asked == {"/api/current-user/whoami": 2, "/api/projects": 1, "/api/tasks": 2}


def test_a_task_that_is_there_twice_keeps_what_was_answered(
    house: House, make_run: Make, candidates: Rows, settings: Settings, people: list[Person]
) -> None:
    run = make_run(candidates[:3])
    push = run.run("push", **settings)
    (ours,) = projects(house, push)
    first, second, _ = tasks_of(house.client, ours.id)
    answer_all(house, push, people, of=1)
    for task in (first, second, second):
        data = {name: task[name] for name in SHOWN}
        house.client.projects.import_tasks(ours.id, request=[{"data": data}])
    twin = tasks_of(house.client, ours.id)[3]["number"]
    house.client.annotations.create(id=twin, result=label("discard"))
    run.run("pull", **settings)
    assert sorted(v["label"] for v in votes(run) if v["latest"]) == ["discard", "neutral"]
    again = run.run("push", redo=True, **settings)
    assert again.manifest.facts["server"]["removed"] == 2
    # Both copies of the first were answered.
    assert Counter(t["task"] for t in tasks_of(house.client, ours.id))[first["task"]] == 2
    assert run.run("pull", **settings).manifest.facts["server"]["answers"] == 2


def test_an_answer_sent_twice_counts_once(
    house: House, make_run: Make, candidates: Rows, settings: Settings, people: list[Person]
) -> None:
    run = make_run(candidates[:2])
    push = run.run("push", **settings)
    answer_all(house, push, people)
    answer_all(house, push, people, of=1)
    run.run("pull", **settings)
    assert len(votes(run)) == 3
    assert Counter(v["task"] for v in votes(run) if v["latest"]) == Counter(
        {v["task"]: 1 for v in votes(run)}
    )


def test_a_clock_set_back_hides_no_change(
    house: House, make_run: Make, candidates: Rows, settings: Settings, people: list[Person]
) -> None:
    run = make_run(candidates[:3])
    push = run.run("push", **settings)
    answer_all(house, push, people)
    run.run("pull", **settings)
    # As if all so far had been read while the clock ran a day ahead.
    with sqlite3.connect(run.path / "annotation" / "answers.sqlite") as file:
        file.execute("update projects set read_until = '2099-01-01T00:00:00.000000Z'")
    (ours,) = projects(house, push)
    anna = house.server(people[0].legacy).client
    (given,) = anna.annotations.list(id=tasks_of(house.client, ours.id)[0]["number"])
    anna.annotations.update(id=given.id, result=label("contradiction"))
    run.run("pull", **settings)
    assert Counter(v["label"] for v in votes(run) if v["latest"]) == {
        "contradiction": 1,
        "neutral": 2,
    }


TEXTS = [
    "<script>alert('раз')</script> & <b>жирно</b>",
    "{{ premise }} ${hypothesis} $task {% raw %}",
    "Он сказал: «\"да\"», 'нет' \\ и ушёл",
    "=1+1",
    "@SUM(A1) -2+3 +7",
    "ё\u0301 текст\u00a0с меткой \u202bсправа\u202c налево \u200f.",
    '{"choices": ["neutral"]}',
]


def test_texts_come_back_as_they_were(
    house: House, make_run: Make, settings: Settings, people: list[Person]
) -> None:
    rows = [candidate(n) | {"hypothesis": text} for n, text in enumerate(TEXTS)]
    run = make_run(rows)
    push = run.run("push", **settings)
    (ours,) = projects(house, push)
    tasks = tasks_of(house.client, ours.id)
    assert {t["hypothesis"] for t in tasks} == set(TEXTS)
    anna = house.server(people[0].legacy).client
    for task in tasks:
        text = task["hypothesis"]
        revised = text if text == TEXTS[0] else f"{text} Да."
        anna.annotations.create(id=task["number"], result=label("neutral", revised))
    run.run("pull", **settings)
    by_pair = {row["pair_id"]: row["hypothesis"] for row in rows}
    for vote in votes(run):
        text = by_pair[vote["pair_id"]]
        revised = None if text == TEXTS[0] else clean(f"{text} Да.")
        assert vote["hypothesis_revised"] == revised


LLM = {"urls": ["http://127.0.0.1:1/v1"], "model": "none", "license": "MIT"}


def rupairs(*arguments: object, **variables: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "rupairs.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
    )


def test_two_pulls_at_once_are_safe(
    house: House, make_run: Make, candidates: Rows, settings: Settings, people: list[Person]
) -> None:
    run = make_run(candidates[:5])
    push = run.run("push", **settings)
    answer_all(house, push, people)
    rows = {"rows": {"sources": ["rcb"]}}
    recipe = {"harvest": rows, "ruwanli": {}, "llm": LLM, "annotation": settings}
    (run.path / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    variables = {"LABEL_STUDIO_API_KEY": house.key}
    both = [rupairs("annotate", "pull", run.path, **variables) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes[0] == 0 and codes[1] in (0, 1), said
    if codes[1]:
        assert any("is working here" in err for _, err in said)
    assert len(votes(run)) == 5
    assert not any(house.key in text for pair in said for text in pair)
