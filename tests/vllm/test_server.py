"""A real vLLM on the CPU: asked as the stages ask, killed, restarted, and gone when it should be.

The tests run in order: the last ones break the server that the first ones ask.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from rupairs.llm.client import Client, Spent
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import language_model
from rupairs.llm.request import Candidate, Rejected, Request
from rupairs.llm.rounds import answer_in_rounds
from rupairs.llm.task import load_task
from rupairs.manifest import read_manifest
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm.server import VllmServer
from tests.vllm.conftest import TIMEOUT_S
from tests.vllm.processes import children, members, named, wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
REPOSITORY = Path(__file__).parents[2]
TASK = load_task(REPOSITORY / "ruhnp" / "prompts" / "hard_negative.v1.toml", count=2)
ANCHORS = [f"Мост номер {n} через реку построили по проекту Белова." for n in range(8)]
RECIPE = """
[llm]
server = "vllm"
model = "{model}"
license = "CC0-1.0"
kind = "instruct"
concurrency = 8
max_tokens = 400
max_model_len = 4096
vllm_args = ['--default-chat-template-kwargs={{"enable_thinking": false}}']

[harvest]
from_dir = "package:sample"
[harvest.texts]
sources = ["wikipedia"]
[ruhnp.anchors]
limit = 4
[ruhnp.generate]
positives = 1
negatives = 1
"""


def section(model: Path, **changes: object) -> LLMSection:
    data = {"server": "vllm", "model": str(model), "license": "CC0-1.0", "concurrency": 8}
    return LLMSection.model_validate(data | {"max_tokens": 400} | changes)


def ask(
    server: VllmServer, asked: LLMSection, folder: Path
) -> tuple[Spent, list[Candidate | Rejected]]:
    """Put the task on every anchor; return what came of it."""
    model = language_model(asked)
    requests = [r for anchor in ANCHORS for r in model.requests(TASK, {"anchor": anchor}, 2)]
    with ReplayLog(folder / "llm.sqlite") as log:
        spent = Client(asked, [server.url], log).answer(requests, Progress(), "test")
        answers = [(r, log.get(r.key)) for r in requests]
        assert all(answer is not None for _, answer in answers)
        return spent, [f for r, a in answers if a for f in model.read(TASK, r, a)]


def metric(server: VllmServer, name: str) -> float:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(server.url.removesuffix("/v1") + "/metrics") as response:
        (value,) = re.findall(rf"^vllm:{name}{{.*}} (\S+)$", response.read().decode(), re.MULTILINE)
    return float(value)


def test_chat_is_held_to_the_schema(server: VllmServer, model: Path, tmp_path: Path) -> None:
    """The weights are random: that every answer parses is the grammar's doing."""
    spent, found = ask(server, section(model), tmp_path)
    assert spent.sent == len(ANCHORS) and not spent.failed
    reasons = {f.reason for f in found if isinstance(f, Rejected)}
    assert reasons <= {"cut_at_max_tokens", "empty_field"}, found
    assert sum(isinstance(f, Candidate) for f in found) >= len(ANCHORS) // 2


def test_a_cut_answer_is_told_apart(server: VllmServer, model: Path, tmp_path: Path) -> None:
    _, found = ask(server, section(model, max_tokens=8), tmp_path)
    assert {f.reason for f in found if isinstance(f, Rejected)} == {"cut_at_max_tokens"}


def test_a_base_model_is_asked_by_example(server: VllmServer, model: Path, tmp_path: Path) -> None:
    spent, found = ask(server, section(model, kind="base"), tmp_path)
    assert spent.sent == len(found) == 2 * len(ANCHORS)
    lines = [f.fields["text"] for f in found if isinstance(f, Candidate)]
    assert lines and all("\n" not in line for line in lines)


def test_the_shared_prefix_is_computed_once(server: VllmServer) -> None:
    assert metric(server, "prefix_cache_hits_total") > 0.5 * metric(
        server, "prefix_cache_queries_total"
    )


def test_the_log_tells_no_request(server: VllmServer) -> None:
    log = server.log.read_text(encoding="utf-8")
    assert "Белова" not in log and "POST /v1" not in log


def long_requests(model: Path, count: int) -> list[Request]:
    """Requests that take a while: nothing but the limit ends a random chat."""
    message = {"role": "user", "content": "Расскажи о мосте."}
    return [
        Request(
            endpoint="chat",
            model=str(model),
            revision="",
            prompt_version="bridge.v1",
            sample=n,
            parameters={"seed": n, "max_tokens": 100},
            messages=(message,),
        )
        for n in range(count)
    ]


def test_calls_outlive_a_killed_engine(
    server: VllmServer, model: Path, said: list[str], tmp_path: Path
) -> None:
    requests = long_requests(model, 50)
    group, starts = server.group, server.starts
    assert group is not None
    with ReplayLog(tmp_path / "llm.sqlite") as log:

        def kill_when_some_are_answered() -> None:
            with ReplayLog(tmp_path / "llm.sqlite") as seen:
                assert wait_for(lambda: len(seen) >= 5, 120)
            os.kill(named(group, "EngineCore"), signal.SIGKILL)

        killer = threading.Thread(target=kill_when_some_are_answered)
        killer.start()
        spent = answer_in_rounds(
            lambda: Client(section(model), [server.url], log),
            server,
            lambda: requests,
            Progress(),
            "test",
        )
        killer.join()
        assert (spent.sent, spent.failed.total()) == (len(requests), 0)
        assert len(log) == len(requests)
    assert server.starts == starts + 1 and server.group != group
    assert wait_for(lambda: not members(group), 10), "nothing of the first life is left"
    assert any("starting it again (1 of 3)" in line for line in said)


def test_nothing_is_left_when_the_block_ends(server: VllmServer) -> None:
    group = server.group
    assert group is not None and len(members(group)) >= 3
    server.close()
    assert wait_for(lambda: not members(group), 10)
    assert server.group is None


def rupairs(folder: Path, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "rupairs.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(REPOSITORY)},
    )


def test_the_command_serves_until_it_is_killed(model: Path, tmp_path: Path) -> None:
    arguments = ("serve", "vllm", "--model", model, "--port", 0, "--max-model-len", 1024)
    with rupairs(tmp_path, *arguments, "--", "--max-num-seqs", 5) as command:
        assert command.stdout is not None
        line = command.stdout.readline()
        assert re.fullmatch(r"rupairs vllm ready: http://127\.0\.0\.1:\d+/v1\n", line)
        log = (tmp_path / "runs" / "vllm.log").read_text(encoding="utf-8")
        assert "'max_num_seqs': 5" in log and "'max_model_len': 1024" in log
        (group,) = children(command.pid)
        assert len(members(group)) >= 3
        os.kill(command.pid, signal.SIGKILL)
    assert wait_for(lambda: not members(group), 30)


def test_a_model_that_is_nowhere_is_one_line(installed: None, tmp_path: Path) -> None:
    with rupairs(tmp_path, "serve", "vllm", "--model", "no/such-model", "--port", 0) as command:
        out, err = command.communicate(timeout=TIMEOUT_S)
    assert (command.returncode, out) == (1, "")
    *_, error = err.strip().splitlines()
    assert error.startswith("error: vLLM with no/such-model did not start: "), err
    assert "check the model's id" in error or "HF_HUB_OFFLINE is set" in error
    assert "Traceback" not in err


def test_a_recipe_starts_the_server_only_for_what_the_log_lacks(
    model: Path, tmp_path: Path
) -> None:
    recipe, run = tmp_path / "recipe.toml", tmp_path / "run"
    recipe.write_text(RECIPE.format(model=model), encoding="utf-8")
    arguments = ("run", recipe, "--out", run, "--until", "ruhnp.generate")
    with rupairs(tmp_path, *arguments) as command:
        _, err = command.communicate(timeout=TIMEOUT_S)
    assert command.returncode == 0, err
    assert "starting vLLM on the cpu" in err
    facts = read_manifest(run / "ruhnp" / "generate").facts
    assert facts["calls"] == 8 and not facts["failed_calls"]
    with rupairs(tmp_path, *arguments, "--redo", "ruhnp.generate") as command:
        _, err = command.communicate(timeout=60)
    assert command.returncode == 0, err
    assert "8 replayed" in err and "starting vLLM" not in err
