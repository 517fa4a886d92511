"""Push and pull through bad networks, restarts and kills: nothing lost, nothing doubled."""

import signal
import subprocess
import sys

import pytest

from rupairs.errors import RupairsError
from tests.annotation.conftest import candidate
from tests.annotation.served import SETTLED, Make, Settings, answer_all, held_once, projects, votes
from tests.annotation.studio import BadNetwork, House, Person

pytestmark = pytest.mark.usefixtures("signed_in")


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
    assert held_once(house, push) == 40
    assert len(projects(house, push)) == 1


def test_a_pull_through_a_bad_network_doubles_and_loses_nothing(
    house: House,
    make_run: Make,
    settings: Settings,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotation.refresh._PAGE", 2)
    run = make_run([candidate(n) for n in range(6)])
    push = run.run("push", **settings)
    answer_all(house, push, people)
    with BadNetwork(house.url, often) as network:
        out = run.run("pull", push=settings["push"] | {"url": network.url})
        assert {f for _, _, f in network.seen} >= {"500", "lost", "cut", "half"}
    assert out.manifest.facts["server"] == {"projects": 1, "answers": 6, "new": 6, **SETTLED}
    assert len(votes(run)) == 6


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
    assert held_once(house, out) == 35


def test_a_server_restarted_meanwhile_ends_up_whole(
    house: House,
    make_run: Make,
    settings: Settings,
    people: list[Person],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("annotation.projects._CHUNK", 10)
    run = make_run([candidate(n) for n in range(60)])
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
    assert held_once(house, push) == 60
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
    assert held_once(house, out) == 45
