"""Push and pull against a real Label Studio over HTTP, with people, faults and restarts."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from annotation.page import read_page
from annotation.projects import find_projects, read_tasks
from annotation.server import Address, Server, address
from annotation.stage import PushSection
from annotation.tasks import SHOWN
from rupairs.errors import RupairsError, UsageError
from rupairs.store import StageReader, read_table
from rupairs.text import clean, digest
from tests.annotation.conftest import Run, candidate
from tests.annotation.studio import BadNetwork, House, Person, label, tasks_of

Make = Callable[..., Run]
Rows = list[dict[str, Any]]
SETTLED: dict[str, Any] = {"unsettled": 0, "gone": {}}


@pytest.fixture(scope="session")
def people(house: House) -> list[Person]:
    return [house.join(name) for name in ("anna", "boris", "vera")]


@pytest.fixture(autouse=True)
def signed_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", house.key)
    monkeypatch.setattr("annotation.server._WAITS", (0.1, 0.2, 0.5, 1, 2, 4, 8, 15))


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    """Return a name of this test's own: the server is shared."""
    return f"test {digest((request.node.nodeid,), size=8)}"


def votes(run: Run) -> Rows:
    return list(StageReader(run.path / "annotation" / "pull").rows())


def projects(house: House, out: Any) -> list[Any]:
    return find_projects(house.server(), out.manifest.facts["mark"])


def held(house: House, out: Any) -> dict[str, list[str]]:
    """Return the task ids that every project of a push holds, by its description's end."""
    server = house.server()
    return {
        p.description.partition(" ")[2].partition(" ")[2]: [
            task for _, task, _ in read_tasks(server, p.id)
        ]
        for p in projects(house, out)
    }


def answer_all(house: House, out: Any, people: list[Person], of: int | None = None) -> int:
    """Have everybody answer the first tasks of the project that is theirs; return how many."""
    done = 0
    for project in projects(house, out):
        person = people[int(project.description.split()[2]) - 1]
        client = house.server(person.legacy).client
        for task in tasks_of(house.client, project.id)[:of]:
            client.annotations.create(id=task["number"], result=label("neutral"), lead_time=2.5)
            done += 1
    return done


def test_the_server_accepts_the_page(house: House) -> None:
    client = house.client
    page = read_page(SHOWN)
    project = client.projects.create(title="The page", label_config=page)
    client.projects.validate_label_config(id=project.id, label_config=page)
    with pytest.raises(Exception, match="premises"):
        client.projects.validate_label_config(
            id=project.id, label_config=page.replace('toName="premise"', 'toName="premises"')
        )


def test_a_push_fills_a_project_for_each_annotator_and_batch_once(
    house: House, make_run: Make, candidates: Rows, project: str
) -> None:
    run = make_run(candidates[:20])
    settings = {
        "push": {
            "url": house.url,
            "project": project,
            "overlap": 2,
            "names": ["Анна", "Борис", "Вера"],
            "batch_size": 12,
            "repeats": 0.2,
        }
    }
    first = run.run("push", **settings)
    there = held(house, first)
    assert set(there) == {f"{a} {b}" for a in (1, 2, 3) for b in (1, 2)}
    for name, tasks in there.items():
        annotator, batch = map(int, name.split())
        file = first.directory / "tasks" / f"{annotator:02d}-{batch:04d}.json"
        assert [e["data"]["task"] for e in json.loads(file.read_text("utf-8"))] == tasks
    titles = {p.title for p in house.client.projects.list(page_size=100).items}
    assert f"{project} · Анна · 1" in titles
    total = sum(map(len, there.values()))
    facts = {"projects": 6, "tasks": total, "removed": 0, "foreign": 0}
    assert first.manifest.facts["server"] == facts | {"added": total}
    assert run.run("push", **settings).state == "kept"
    again = run.run("push", redo=True, **settings)
    assert again.manifest.facts["server"] == facts | {"added": 0}
    assert held(house, again) == there


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
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:3])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
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


def test_a_clock_set_back_hides_no_change(
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:3])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
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
    house: House, make_run: Make, project: str, people: list[Person]
) -> None:
    rows = [candidate(n) | {"hypothesis": text} for n, text in enumerate(TEXTS)]
    run = make_run(rows)
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
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


def often(method: str, path: str, number: int) -> str | None:
    """Let every other request go wrong, each in another way."""
    return {1: "500", 3: "lost", 5: "cut", 7: "half"}.get(number % 8)


def test_a_push_through_a_bad_network_doubles_and_loses_nothing(
    house: House, make_run: Make, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.projects._CHUNK", 4)
    rows = [candidate(n) for n in range(40)]
    with BadNetwork(house.url, often) as network:
        settings = {"push": {"url": network.url, "project": project, "overlap": 1}}
        push = make_run(rows).run("push", **settings)
        assert {f for _, _, f in network.seen} >= {"500", "lost", "cut", "half"}
    (tasks,) = held(house, push).values()
    assert len(tasks) == len(set(tasks)) == 40
    assert len(projects(house, push)) == 1


def test_a_pull_through_a_bad_network_doubles_and_loses_nothing(
    house: House,
    make_run: Make,
    project: str,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotation.refresh._PAGE", 2)
    run = make_run([candidate(n) for n in range(6)])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
    push = run.run("push", **settings)
    answer_all(house, push, people)
    with BadNetwork(house.url, often) as network:
        out = run.run("pull", push=settings["push"] | {"url": network.url})
        assert {f for _, _, f in network.seen} >= {"500", "lost", "cut", "half"}
    assert out.manifest.facts["server"] == {"projects": 1, "answers": 6, "new": 6, **SETTLED}
    assert len(votes(run)) == 6


def test_an_answer_sent_twice_counts_once(
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:2])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
    push = run.run("push", **settings)
    answer_all(house, push, people)
    answer_all(house, push, people, of=1)
    run.run("pull", **settings)
    assert len(votes(run)) == 3
    assert Counter(v["task"] for v in votes(run) if v["latest"]) == Counter(
        {v["task"]: 1 for v in votes(run)}
    )


def test_a_server_that_stays_away_is_an_error_and_the_next_push_completes(
    house: House, make_run: Make, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotation.projects._CHUNK", 10)
    monkeypatch.setattr("annotation.server._WAITS", (0.01, 0.01))
    run = make_run([candidate(n) for n in range(35)])
    sent = 0

    def faults(method: str, path: str, number: int) -> str | None:
        nonlocal sent
        sent += "/import" in path
        return "cut" if sent > 2 else None

    push = {"project": project, "overlap": 1}
    with (
        BadNetwork(house.url, faults) as network,
        pytest.raises(RupairsError, match="run the same command to go on") as failure,
    ):
        run.run("push", push=push | {"url": network.url})
    assert house.key not in str(failure.value)
    assert not (run.path / "annotation" / "push").exists()
    out = run.run("push", push=push | {"url": house.url})
    assert out.manifest.facts["server"]["added"] == 15
    (tasks,) = held(house, out).values()
    assert len(tasks) == len(set(tasks)) == 35


def rupairs(*arguments: object, **variables: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "rupairs.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
    )


def test_a_server_restarted_meanwhile_ends_up_whole(
    house: House,
    make_run: Make,
    project: str,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotation.projects._CHUNK", 10)
    run = make_run([candidate(n) for n in range(60)])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
    imports = 0

    def faults(method: str, path: str, number: int) -> str | None:
        nonlocal imports
        imports += "/import" in path
        if imports == 3:
            imports += 1
            house.studio.kill()
            house.studio.start()
        return None

    with BadNetwork(house.url, faults) as network:
        push = run.run("push", push=settings["push"] | {"url": network.url})
    (tasks,) = held(house, push).values()
    assert len(tasks) == len(set(tasks)) == 60
    answer_all(house, push, people, of=4)
    down = False

    def at_the_answers(method: str, path: str, number: int) -> str | None:
        nonlocal down
        if path.startswith("/api/tasks") and not down:
            down = True
            house.studio.kill()
            house.studio.start()
        return None

    with BadNetwork(house.url, at_the_answers) as network:
        run.run("pull", push=settings["push"] | {"url": network.url})
    assert down
    assert len(votes(run)) == 4


def test_a_push_that_is_killed_is_completed_by_the_next(
    house: House, make_run: Make, project: str
) -> None:
    run = make_run([candidate(n) for n in range(45)])
    run.run("push", push={"overlap": 1})
    killed: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []

    def faults(method: str, path: str, number: int) -> str | None:
        if "/import" in path and sum("/import" in p for _, p, _ in network.seen) == 2:
            processes[0].kill()
            killed.append(processes[0].wait())
        return None

    with BadNetwork(house.url, faults) as network:
        arguments = [str(run.path), network.url, project]
        command = [sys.executable, "-m", "tests.annotation.killed_push", *arguments]
        processes.append(subprocess.Popen(command))
        processes[0].wait(timeout=300)
    assert killed == [-signal.SIGKILL]
    out = run.run("push", push={"url": house.url, "project": project, "overlap": 1})
    assert 0 < out.manifest.facts["server"]["added"] < 45
    (tasks,) = held(house, out).values()
    assert len(tasks) == len(set(tasks)) == 45


@pytest.mark.parametrize("key", ["abc\ndef", "ключ", "a b", "abc\x00"])
def test_what_cannot_be_a_key_is_said_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    if "\x00" not in key:
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
    else:
        monkeypatch.setattr("annotation.server.os.environ", {"LABEL_STUDIO_API_KEY": key})
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY has a line break") as failure:
        address(PushSection(url="http://127.0.0.1:1"))
    assert key not in str(failure.value)


@pytest.mark.parametrize(("status", "said"), [(200, "is no Label Studio"), (404, "HTTP 404")])
def test_another_program_at_the_address_is_told_from_label_studio(status: int, said: str) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>Welcome</html>")

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_address[1]}"
        with pytest.raises(RupairsError, match="this is no Label Studio") as failure:
            Server(Address(url, "0123456789" * 4))
        http.shutdown()
    assert said in str(failure.value)


def test_both_kinds_of_key_push_and_pull_and_a_wrong_one_is_named_but_not_shown(
    house: House,
    make_run: Make,
    candidates: Rows,
    project: str,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, key in enumerate((people[1].legacy, people[1].personal)):
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", key)
        run = make_run(candidates[:3], f"run{number}")
        settings = {"push": {"url": house.url, "project": f"{project[:25]} {number}", "overlap": 1}}
        push = run.run("push", **settings)
        answer_all(house, push, people)
        run.run("pull", **settings)
        assert len(votes(run)) == 3
        for path in run.path.rglob("*"):
            if path.is_file():
                assert key.encode() not in path.read_bytes(), path
    wrong = "0123456789" * 4
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", wrong)
    with pytest.raises(RupairsError, match="LABEL_STUDIO_API_KEY is not accepted") as failure:
        make_run(candidates, "wrong").run("push", **settings)
    assert wrong not in str(failure.value)
    assert failure.value.__context__ is None


def test_without_a_key_or_with_one_in_the_address_nothing_is_asked(
    make_run: Make, candidates: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="no name or password here") as failure:
        make_run(candidates).run("push", push={"url": "http://anna:secret@127.0.0.1:1"})
    assert "secret" not in str(failure.value)
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    with pytest.raises(UsageError, match="LABEL_STUDIO_API_KEY is not set"):
        make_run(candidates).run("push", push={"url": "http://127.0.0.1:1"})
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    with pytest.raises(UsageError, match="no server"):
        make_run(candidates).run("push", push={"server": True})
    assert not PushSection().to_server


LLM = {"urls": ["http://127.0.0.1:1/v1"], "model": "none", "license": "MIT"}


def test_two_pulls_at_once_are_safe(
    house: House, make_run: Make, candidates: Rows, project: str, people: list[Person]
) -> None:
    run = make_run(candidates[:5])
    settings = {"push": {"url": house.url, "project": project, "overlap": 1}}
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
