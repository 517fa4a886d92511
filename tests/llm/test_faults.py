"""Many requests, through a server that behaves and through a proxy that spoils what passes."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import language_model
from rupairs.llm.request import Candidate, Request
from rupairs.llm.task import Task
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from tests.llm.proxy import FAULTS
from tests.llm.test_client import section

REPOSITORY = Path(__file__).parents[2]
TASK = Task(
    name="paraphrase",
    version="v1",
    instruction="Перескажи.",
    inputs={"anchor": "Исходное"},
    outputs={"text": "Парафраз"},
    examples=(),
)


@contextmanager
def process(*words: str) -> Iterator[str]:
    """Yield the URL that a server prints when it is up."""
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def resident() -> int:
    """Return the bytes this process has in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Stream:
    """`n` requests made as they are taken; notes the memory at the middle and at the end."""

    def __init__(self, asked: LLMSection, n: int) -> None:
        self.model = language_model(asked)
        self.n = n
        self.memory: list[int] = []

    def __iter__(self) -> Iterator[Request]:
        for number in range(self.n):
            if number in (self.n // 3, self.n - 1):
                self.memory.append(resident())
            anchor = {"anchor": f"Поезд номер {number} ушёл со станции вовремя. " * 8}
            yield self.model.requests(TASK, anchor, 1)[0]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_requests(tmp_path: Path) -> None:
    asked = section(kind="instruct", concurrency=32)
    stream = Stream(asked, 10_000)
    with process("tests.llm_server") as url, ReplayLog(tmp_path / "llm.sqlite") as log:
        spent = Client(asked, [url], log).answer(stream, Progress(), "many", stream.n)
        assert (spent.sent, spent.failed.total(), len(log)) == (stream.n, 0, stream.n)
        again = Client(asked, ["http://127.0.0.1:9/v1"], log).answer(stream, Progress(), "again")
        assert (again.replayed, again.sent) == (stream.n, 0)
    grown = [(b - a) / 1e6 for a, b in zip(stream.memory[::2], stream.memory[1::2], strict=True)]
    print(f"memory grew by {grown} MB")
    assert max(grown) < 8, f"memory grew by {grown} MB"


@pytest.mark.slow
def test_nothing_is_lost_or_counted_twice_through_faults(tmp_path: Path) -> None:
    asked = section(kind="instruct", concurrency=64, attempts=6, timeout_s=3.0)
    stream = Stream(asked, 10_000)
    with (
        process("tests.llm_server") as above,
        process("tests.llm.proxy", above, "1", "0.1") as url,
        ReplayLog(tmp_path / "llm.sqlite") as log,
    ):
        spent = Client(asked, [url], log).answer(stream, Progress(), "faults", stream.n)
        with urllib.request.urlopen(url.removesuffix("/v1") + "/counts") as counts:
            served = Counter(json.load(counts))
        stored = stored_counts(log, asked, stream)
        assert set(FAULTS) <= set(served), "every fault was met"
        assert (spent.replayed, spent.sent + spent.failed.total()) == (0, stream.n)
        assert (stored["answered"], stored["failed"]) == (spent.sent, spent.failed.total())
        assert len(log) == spent.sent and spent.failed["BadRequestError"] > 0
        assert log.tokens() == spent.prompt_tokens + spent.completion_tokens
        # A stalled call may be given up before the proxy has begun it; nothing else is lost.
        assert served.total() == stream.n + spent.retries
        assert stored["only_reasoning"] and stored["empty_answer"] and stored["not_in_schema"]
        assert stored["readable"] > 0.9 * stream.n
        before = resident()
        again = Client(asked, [url], log).answer(stream, Progress(), "again", stream.n)
        assert again.replayed == spent.sent and again.failed.total() == spent.failed.total()
        assert resident() - before < 20e6
    assert (stream.memory[1] - stream.memory[0]) / 1e6 < 30


def stored_counts(log: ReplayLog, asked: LLMSection, stream: Stream) -> Counter[str]:
    """Count what the log holds of the requests; each is there as an answer or as a failure."""
    model, counts = language_model(asked), Counter[str]()
    for request in stream:
        answer, failure = log.get(request.key), log.failure(request.key)
        assert (answer is None) != (failure is None)
        counts["failed" if answer is None else "answered"] += 1
        if answer is not None:
            found = next(model.read(TASK, request, answer))
            counts["readable" if isinstance(found, Candidate) else found.reason] += 1
    return counts
