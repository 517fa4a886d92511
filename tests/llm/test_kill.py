"""Killed at twenty random moments, a step's calls come out as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Answer
from tests.llm.killed import CONCURRENCY, COUNT, ask, requests
from tests.llm_server import ScriptedServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
KILLS = 20
REPOSITORY = Path(__file__).parents[2]


def stored(path: Path) -> dict[str, Answer]:
    """Return the answers of a log by prompt, without the seconds they took."""
    with ReplayLog(path) as log:
        found = {r.prompt: log.get(r.key) for r in requests()}
    return {p: Answer(**{**vars(a), "seconds": 0.0}) for p, a in found.items() if a}


def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    moments = random.Random(20)
    log = tmp_path / "llm.sqlite"
    with ScriptedServer(delay_s=0.005) as server:
        with subprocess.Popen(
            [sys.executable, "-m", "tests.llm.killed", str(log), server.url],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        ) as lives:
            assert lives.stdin and lives.stdout
            for _ in range(KILLS):
                answered, seen = stored(log), len(server.requests)
                lives.stdin.write("go\n")
                child = int(lives.stdout.readline())
                calls = moments.randrange(COUNT // (2 * KILLS))
                while len(server.requests) < seen + calls:
                    time.sleep(0.001)
                time.sleep(moments.uniform(0, 0.02))
                os.kill(child, signal.SIGKILL)
                assert lives.stdout.readline() == "ended\n"
                again = {r["prompt"] for r in server.requests[seen:]} & set(answered)
                assert not again, "what has an answer is not asked for"
                assert answered.items() <= stored(log).items(), "no answer is lost or changed"
            assert len(stored(log)) < COUNT, "every kill has met a life that was not over"
            lives.stdin.write("go\n")
            assert lives.stdout.readline() and lives.stdout.readline() == "ended\n"
            lives.stdin.close()
        times = Counter(r["prompt"] for r in server.requests)
        assert len(times) == COUNT
        assert times.total() <= COUNT + KILLS * CONCURRENCY
        ask(tmp_path / "whole.sqlite", server.url)
    with ReplayLog(log) as replay:
        assert len(replay) == COUNT
    assert stored(log) == stored(tmp_path / "whole.sqlite")
