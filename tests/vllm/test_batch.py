"""Batch mode with a real vLLM on the CPU: it answers as the server does, and outlives deaths."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import language_model
from rupairs.llm.request import Answer, Request
from rupairs.llm.spent import Spent
from rupairs.llm.task import load_task
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm.answering import section_batch, section_worker
from rupairs.vllm.environment import find_environment
from rupairs.vllm.server import VllmServer
from tests.vllm.conftest import TIMEOUT_S
from tests.vllm.processes import children, members, named, wait_for
from tests.vllm.test_server import RECIPE, long_requests, rupairs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
HAS_RAY = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ray') is None)"
REPOSITORY = Path(__file__).parents[2]
TASK = load_task(REPOSITORY / "ruhnp" / "prompts" / "hard_negative.v1.toml", count=2)


def section(model: Path, **changes: object) -> LLMSection:
    data = {"server": "vllm-batch", "model": str(model), "license": "CC0-1.0", "concurrency": 8}
    limits = {"max_tokens": 60, "max_model_len": 2048, "temperature": 0.0}
    return LLMSection.model_validate(data | limits | changes)


def asked(model: Path) -> list[Request]:
    """Chat under a schema, completion with a stop, and two that the server refuses."""
    found: list[Request] = []
    for kind in ("instruct", "base"):
        put = language_model(section(model, kind=kind))
        anchors = (f"Мост номер {n} через реку построили по проекту Белова." for n in range(4))
        found += [r for anchor in anchors for r in put.requests(TASK, {"anchor": anchor}, 2)]
    too_long = replace(found[-1], prompt="Мост через реку. " * 2000)
    impossible = replace(found[0], parameters={**found[0].parameters, "top_p": 3.0})
    return [*found, too_long, impossible]


@pytest.fixture(scope="module")
def by_server(
    server: VllmServer, model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReplayLog]:
    with ReplayLog(tmp_path_factory.mktemp("by-server") / "llm.sqlite") as log:
        Client(section(model), [server.url], log).answer(asked(model), Progress(), "test")
        yield log


@pytest.fixture(params=["vllm-batch", "ray"])
def mode(request: pytest.FixtureRequest, installed: None) -> str:
    mode: str = request.param
    python = find_environment().python
    if mode == "ray" and subprocess.run([python, "-I", "-c", HAS_RAY], check=False).returncode:
        pytest.skip("Ray is not in vLLM's environment: see docs/serving.md")
    return mode


def in_batch(
    asked_as: LLMSection, requests: list[Request], log: ReplayLog, said: list[str]
) -> Spent:
    class Said(Progress):
        def say(self, message: str) -> None:
            said.append(message)

    with section_worker(asked_as, log.path.with_name("vllm.log"), Said()) as worker:
        return section_batch(asked_as, log, worker, Said()).answer(requests, Said(), "test")


def test_answers_are_those_of_the_server(
    by_server: ReplayLog, mode: str, model: Path, tmp_path: Path
) -> None:
    requests = asked(model)
    with ReplayLog(tmp_path / "llm.sqlite") as log:
        spent = in_batch(section(model, server=mode), requests, log, [])
        assert (spent.sent, dict(spent.failed)) == (len(requests) - 2, {"BadRequestError": 2})
        for request in requests[:-2]:
            ours, theirs = log.get(request.key), by_server.get(request.key)
            assert ours is not None and theirs is not None
            assert without_time(ours) == without_time(theirs)
        for request in requests[-2:]:
            failures = log.failure(request.key), by_server.failure(request.key)
            assert failures[0] and failures[1] and failures[0][0] == failures[1][0]
        kinds = {(a.finish_reason, a.reasoning) for r in requests if (a := log.get(r.key))}
        assert ("length", False) in kinds


def without_time(answer: Answer) -> Answer:
    return replace(answer, seconds=0.0)


def test_calls_outlive_a_killed_engine(model: Path, tmp_path: Path) -> None:
    requests, said = long_requests(model, 150), list[str]()
    with ReplayLog(tmp_path / "llm.sqlite") as log:

        def kill_when_some_are_answered() -> None:
            with ReplayLog(tmp_path / "llm.sqlite") as seen:
                assert wait_for(lambda: len(seen) >= 5, TIMEOUT_S)
            (group,) = workers()
            os.kill(named(group, "EngineCore"), signal.SIGKILL)

        killer = threading.Thread(target=kill_when_some_are_answered)
        killer.start()
        spent = in_batch(section(model), requests, log, said)
        killer.join()
        assert spent.sent == len(log) == len(requests) and not spent.failed
        assert 1 <= spent.retries <= 8
    assert any("starting it again (1 of 3)" in line for line in said)
    assert not workers()


def workers() -> list[int]:
    """Return the process groups of the batch workers that this process has started."""
    return [g for g in children(os.getpid()) if "batch_worker" in str(members(g))]


CALLS = 30


def test_a_killed_recipe_goes_on_where_it_was(model: Path, tmp_path: Path) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    text = RECIPE.format(model=model).replace('"vllm"', '"vllm-batch"')
    text = text.replace("concurrency = 8", "concurrency = 1").replace("limit = 4", "limit = 15")
    recipe.write_text(text, encoding="utf-8")
    words = ("run", recipe, "--out", run, "--until", "ruhnp.generate")
    with rupairs(tmp_path, *words) as command:
        assert wait_for(lambda: stored(run) >= 2 or command.poll() is not None, TIMEOUT_S)
        (group,) = (g for g in children(command.pid) if members(g))
        os.kill(command.pid, signal.SIGKILL)
    assert wait_for(lambda: not members(group), 30)
    kept = stored(run)
    assert 2 <= kept < CALLS
    with rupairs(tmp_path, *words) as command:
        _, err = command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 0, err
    assert f"{CALLS - kept} calls sent, {kept} replayed, 0 failed" in err and stored(run) == CALLS


def stored(run: Path) -> int:
    """Return how many answers a run has, 0 before it has a log."""
    path = run / "llm.sqlite"
    if not path.exists():
        return 0
    with ReplayLog(path) as log:
        return len(log)
