import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from rupairs.errors import RupairsError
from rupairs.llm.budget import BudgetSpentError, Clock
from rupairs.llm.client import Client, Spent
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from tests.llm_server import ScriptedServer


def section(**changes: object) -> LLMSection:
    data = {
        "urls": ("http://unused/v1",),
        "model": "tiny",
        "license": "CC0-1.0",
        "concurrency": 4,
        "attempts": 3,
        "timeout_s": 5.0,
    }
    return LLMSection.model_validate(data | changes)


def request(n: int) -> Request:
    return Request(
        endpoint="completions",
        model="tiny",
        revision="1",
        prompt_version="p.v1",
        sample=0,
        parameters={"seed": n},
        prompt=f"Исходное: {n}",
    )


def answer(log: ReplayLog, servers: list[str], n: int = 6, **changes: object) -> Spent:
    client = Client(section(**changes), servers, log)
    return client.answer([request(i) for i in range(n)], Progress(), "test")


@pytest.fixture
def log(tmp_path: Path) -> ReplayLog:
    return ReplayLog(tmp_path / "llm.sqlite")


def test_every_call_is_paid_once(llm_server: ScriptedServer, log: ReplayLog) -> None:
    first = answer(log, [llm_server.url])
    again = answer(log, [llm_server.url], n=8)
    assert (first.sent, again.sent, again.replayed) == (6, 2, 6)
    assert len(llm_server.requests) == 8
    stored = log.get(request(0).key)
    assert stored is not None and stored.completion_tokens == 5 and stored.served_by == "tiny"


@pytest.mark.parametrize("fault", [500, 503, 429, 409, 408, "drop", "garbage", "empty"])
def test_transient_faults_are_tried_again(
    llm_server: ScriptedServer, log: ReplayLog, fault: int | str
) -> None:
    llm_server.faults = [fault]
    spent = answer(log, [llm_server.url])
    assert spent.sent == 6 and spent.retries == 1 and not spent.failed


def test_retry_after_is_obeyed(llm_server: ScriptedServer, log: ReplayLog) -> None:
    llm_server.faults, llm_server.retry_after = [429], "1.2"
    started = time.monotonic()
    answer(log, [llm_server.url], n=1)
    assert time.monotonic() - started > 1.1


@pytest.mark.parametrize("code", [400, 422])
def test_a_fault_of_one_request_fails_that_request(
    llm_server: ScriptedServer, log: ReplayLog, code: int
) -> None:
    llm_server.faults = [code]
    spent = answer(log, [llm_server.url], concurrency=1)
    assert spent.sent == 5 and spent.failed.total() == 1
    assert log.get(request(0).key) is None
    assert log.failure(request(0).key) is not None
    assert answer(log, [llm_server.url]).sent == 1
    assert log.failure(request(0).key) is None


def test_a_fault_that_lasts_fails_the_request_not_the_run(
    llm_server: ScriptedServer, log: ReplayLog
) -> None:
    llm_server.faults = [500, 500, 500]
    spent = answer(log, [llm_server.url], concurrency=1)
    assert spent.sent == 5 and dict(spent.failed) == {"InternalServerError": 1}


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_fault_of_the_setting_stops_with_one_line(
    llm_server: ScriptedServer, log: ReplayLog, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-123")
    llm_server.faults = [code] * 6
    with pytest.raises(RupairsError, match=f"HTTP {code}") as caught:
        answer(log, [llm_server.url])
    assert "***" in str(caught.value) and "sk-secret-123" not in str(caught.value)
    assert llm_server.headers[0]["authorization"] == "Bearer sk-secret-123"
    assert b"sk-secret-123" not in log.path.read_bytes()


def test_a_dead_server_is_named(log: ReplayLog) -> None:
    with pytest.raises(RupairsError, match=r"http://127\.0\.0\.1:9/v1: no answer for"):
        answer(log, ["http://127.0.0.1:9/v1"], patience_s=1.0)


def test_a_live_server_takes_over_from_a_dead_one(
    llm_server: ScriptedServer, log: ReplayLog
) -> None:
    spent = answer(log, ["http://127.0.0.1:9/v1", llm_server.url], n=20)
    assert spent.sent == 20


def test_load_is_shared(log: ReplayLog) -> None:
    with ScriptedServer(delay_s=0.05) as one, ScriptedServer(delay_s=0.05) as two:
        answer(log, [one.url, two.url], n=24)
        assert min(len(one.requests), len(two.requests)) >= 8


@pytest.mark.parametrize("limit", [{"max_calls": 4}, {"max_tokens_total": 48}])
def test_a_spent_budget_stops_and_keeps_what_was_paid(
    llm_server: ScriptedServer, log: ReplayLog, limit: dict[str, int]
) -> None:
    with pytest.raises(BudgetSpentError, match="budget of"):
        answer(log, [llm_server.url], n=20, concurrency=1, **limit)
    assert len(log) == len(llm_server.requests) == 4
    with pytest.raises(BudgetSpentError):
        answer(log, [llm_server.url], n=20, **limit)
    assert len(llm_server.requests) == 4, "the budget counts what earlier runs have spent"
    assert answer(log, [llm_server.url], n=20).sent == 16


def test_key_covers_everything_that_decides_the_answer() -> None:
    base = request(0)
    changes: list[dict[str, object]] = [
        {"model": "other"},
        {"revision": "2"},
        {"prompt": "Другое"},
        {"prompt_version": "p.v2"},
        {"sample": 1},
        {"parameters": {"seed": 0, "temperature": 0.5}},
        {"schema": {"type": "object"}},
        {"messages": ({"role": "system", "content": "x"},)},
    ]
    keys = {base.key}
    for change in changes:
        keys.add(Request(**{**vars_of(base), **change}).key)
    assert len(keys) == len(changes) + 1


def vars_of(r: Request) -> dict[str, object]:
    return {name: getattr(r, name) for name in r.__dataclass_fields__}


KILLED = """
import sys
from pathlib import Path
from rupairs.llm.log import ReplayLog
from tests.llm.test_client import answer
answer(ReplayLog(Path(sys.argv[1])), [sys.argv[2]], n=40)
"""


def test_kill_9_repeats_no_finished_call(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    with ScriptedServer(delay_s=0.05) as server:
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(path), server.url])
        while len(server.requests) < 15 and child.poll() is None:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        log = ReplayLog(path)
        finished = len(log)
        assert 0 < finished < 40
        before = len(server.requests)
        spent = answer(log, [server.url], n=40)
        assert spent.replayed == finished
        assert len(server.requests) - before == 40 - finished
        prompts = [r["prompt"] for r in server.requests[before:]]
        assert len(set(prompts)) == len(prompts)


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    path = tmp_path / "llm.sqlite"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(RupairsError, match=r"llm\.sqlite: not a usable replay log"):
        ReplayLog(path)


def chat(n: int) -> Request:
    message = {"role": "user", "content": f"Исходное: {n}"}
    return replace(request(n), endpoint="chat", prompt="", messages=(message,), schema={})


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thinking_aloud_is_noted(llm_server: ScriptedServer, log: ReplayLog, field: str) -> None:
    llm_server.reasoning = {field: "Подумаем."}
    spent = Client(section(), [llm_server.url], log).answer([chat(0)], Progress(), "test")
    stored = log.get(chat(0).key)
    assert spent.sent == 1 and stored is not None
    assert (stored.text, stored.reasoning) == ("", True)


def test_a_schema_that_is_ignored_stops_the_run(llm_server: ScriptedServer, log: ReplayLog) -> None:
    llm_server.texts = ["Конечно! Вот ответ."] * 100
    requests = [chat(n) for n in range(60)]
    with pytest.raises(RupairsError, match=r"20 of the first 20 answers are not JSON: .*_required"):
        Client(section(), [llm_server.url], log).answer(requests, Progress(), "test")
    assert 20 <= len(log) == len(llm_server.requests) < 30
    anyway = section(schema_required=False)
    assert Client(anyway, [llm_server.url], log).answer(requests, Progress(), "test").sent > 30


def test_a_schema_that_mostly_holds_does_not(llm_server: ScriptedServer, log: ReplayLog) -> None:
    llm_server.texts = ["Конечно!"] * 9
    requests = [chat(n) for n in range(40)]
    assert Client(section(), [llm_server.url], log).answer(requests, Progress(), "test").sent == 40


def test_one_that_is_there_twice_is_sent_once(llm_server: ScriptedServer, log: ReplayLog) -> None:
    llm_server.faults = [400]
    twice = (request(n) for n in (0, 0, 1, 0, 1, 2, 2))
    spent = Client(section(), [llm_server.url], log).answer(twice, Progress(), "test")
    assert (spent.sent, spent.failed.total(), spent.replayed) == (2, 1, 4)
    assert len(llm_server.requests) == 3


def test_what_cannot_be_read_ends_the_run_after_calls_in_flight(
    llm_server: ScriptedServer, log: ReplayLog
) -> None:
    def broken() -> Iterator[Request]:
        yield from (request(n) for n in range(6))
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        Client(section(), [llm_server.url], log).answer(broken(), Progress(), "test")
    assert len(log) == len(llm_server.requests) == 6


def test_progress_says_what_matters(
    llm_server: ScriptedServer, log: ReplayLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rupairs.progress._LINE_EVERY_S", 0.0)
    llm_server.faults = [400]
    said = StringIO()
    progress = Progress(Console(file=said, width=200))
    requests = (request(n) for n in range(6))
    Client(section(), [llm_server.url], log).answer(requests, progress, "test", 6)
    last = said.getvalue().splitlines()[-1]
    assert re.fullmatch(r"  test: 6/6 \d+ tok/s, failed: BadRequestError 1", last)
    assert re.search(r"  test: 5/6, 0:00:0\d left \d+ tok/s", said.getvalue())


SCHEMA = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"type": "object", "required": ["text"]}}},
}


@pytest.mark.parametrize("text", ['{"paraphrases": ["Дом."]}', '{"items": [{"t": 1}]}', "[]"])
def test_json_of_another_shape_is_a_schema_ignored(
    llm_server: ScriptedServer, log: ReplayLog, text: str
) -> None:
    llm_server.texts = [text] * 100
    requests = [replace(chat(n), schema=SCHEMA) for n in range(60)]
    with pytest.raises(RupairsError, match=r"20 of the first 20 answers .* the keys that were"):
        Client(section(), [llm_server.url], log).answer(requests, Progress(), "test")
    assert len(llm_server.requests) < 30


def test_one_of_two_servers_that_ignores_the_schema_is_found(log: ReplayLog) -> None:
    with ScriptedServer() as good, ScriptedServer() as other:
        other.texts = ["Конечно!"] * 100
        requests = [replace(chat(n), schema=SCHEMA) for n in range(200)]
        with pytest.raises(RupairsError, match=f"{other.url}: 20 of the first 20 answers are not"):
            Client(section(), [good.url, other.url], log).answer(requests, Progress(), "test")


def test_hours_are_those_of_all_clients_of_a_run(
    llm_server: ScriptedServer, log: ReplayLog
) -> None:
    llm_server.delay_s = 0.1
    clock, limited = Clock(), section(max_hours=0.8 / 3600, concurrency=1)
    for first in (0, 4):
        requests = [request(n) for n in range(first, first + 4)]
        client = Client(limited, [llm_server.url], log, clock)
        if first:
            with pytest.raises(BudgetSpentError, match="hours"):
                client.answer(requests, Progress(), "test")
        else:
            client.answer(requests, Progress(), "test")
            time.sleep(0.5)


def test_hours_end_the_waiting_too(log: ReplayLog) -> None:
    started = time.monotonic()
    with pytest.raises(BudgetSpentError, match="hours"):
        answer(log, ["http://127.0.0.1:9/v1"], max_hours=1.0 / 3600)
    assert time.monotonic() - started < 5


def test_money_is_a_budget(llm_server: ScriptedServer, log: ReplayLog) -> None:
    # An answer takes 7 and 5 tokens.
    prices = {"price_prompt": 1_000_000.0, "price_completion": 2_000_000.0}
    for _ in range(2):
        with pytest.raises(BudgetSpentError, match=r"budget of 60.0 money"):
            answer(log, [llm_server.url], n=20, concurrency=1, max_money=60.0, **prices)
        assert len(llm_server.requests) == 4, "17 each, and it counts what earlier runs have spent"
    with pytest.raises(ValueError, match="max_money needs price_prompt"):
        section(max_money=1.0)
