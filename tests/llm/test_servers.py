"""Servers that are sick, absent, slow or too busy: what goes to whom, and when the run ends."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from rupairs.errors import RupairsError
from rupairs.llm.client import Client
from rupairs.llm.faults import named_wait
from rupairs.llm.log import ReplayLog
from rupairs.progress import Progress
from tests.llm.test_client import answer, request, section
from tests.llm_server import ScriptedServer

FOR_EVER = 100_000


@pytest.fixture
def log(tmp_path: Path) -> ReplayLog:
    return ReplayLog(tmp_path / "llm.sqlite")


@pytest.mark.parametrize("fault", [500, 503, 429, 408, "drop", "garbage", "empty", 401, 403, 404])
def test_a_sick_server_beside_a_good_one_costs_no_call(log: ReplayLog, fault: int | str) -> None:
    with ScriptedServer(delay_s=0.05) as good, ScriptedServer() as sick:
        sick.faults = [fault] * FOR_EVER
        spent = answer(log, [sick.url, good.url], n=80, concurrency=8, attempts=3)
        assert (spent.sent, spent.failed.total(), len(good.requests)) == (80, 0, 80)
        assert spent.retries == len(sick.requests) <= 16


def test_a_server_that_is_well_again_gets_its_share(log: ReplayLog) -> None:
    with ScriptedServer(delay_s=0.05) as one, ScriptedServer(delay_s=0.05) as two:
        two.faults = [500] * 4
        answer(log, [one.url, two.url], n=200, concurrency=8)
        assert len(two.requests) > 40


def test_the_run_ends_when_no_server_is_left(log: ReplayLog) -> None:
    with ScriptedServer() as one, ScriptedServer() as two:
        one.faults, two.faults = [401] * FOR_EVER, [404] * FOR_EVER
        with pytest.raises(RupairsError, match=r"HTTP 40[14]"):
            answer(log, [one.url, two.url], n=80)
    assert len(one.requests) <= 4 and len(two.requests) <= 4


def test_a_server_that_answers_nothing_ends_the_run(
    llm_server: ScriptedServer, log: ReplayLog
) -> None:
    llm_server.faults = [500] * FOR_EVER
    with pytest.raises(RupairsError, match=r"last 32 calls have failed .*HTTP 500.* run again"):
        answer(log, [llm_server.url], n=300, attempts=2)
    assert len(llm_server.requests) < 40
    llm_server.faults = []
    assert answer(log, [llm_server.url], n=300).sent == 300


def test_a_server_that_hangs_ends_the_run(llm_server: ScriptedServer, log: ReplayLog) -> None:
    llm_server.delay_s = 20.0
    with pytest.raises(RupairsError, match=r"last 32 calls have failed .*timed out"):
        answer(log, [llm_server.url], n=300, attempts=1, timeout_s=0.1)


def test_failures_between_answers_do_not(llm_server: ScriptedServer, log: ReplayLog) -> None:
    llm_server.faults = [*[500] * 12, 200] * 8
    spent = answer(log, [llm_server.url], n=104, attempts=1)
    assert (spent.sent, dict(spent.failed)) == (8, {"InternalServerError": 96})


@contextmanager
def later(port: int, seconds: float) -> Iterator[None]:
    """A server that comes up on the port after so long."""
    ended = threading.Event()

    def serve() -> None:
        time.sleep(seconds)
        with ScriptedServer(port):
            ended.wait()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_is_away_for_a_while_is_waited_for(log: ReplayLog) -> None:
    port = free_port()
    with later(port, 2.0):
        spent = answer(log, [f"http://127.0.0.1:{port}/v1"], n=20, attempts=1)
    assert (spent.sent, spent.failed.total()) == (20, 0)


class Quota(ScriptedServer):
    """Takes so many calls in a window of time, and refuses all others."""

    def __init__(self, calls: int, window_s: float, says_when: bool) -> None:
        super().__init__()
        self._http.socket.listen(64)  # or connections are cut
        self.calls, self.window_s, self.says_when = calls, window_s, says_when
        self.window = -1
        self.taken = 0

    def _next(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int | str, str]:
        with self._lock:
            self.requests.append(body)
            window, passed = divmod(time.monotonic(), self.window_s)
            if window != self.window:
                self.window, self.taken = int(window), 0
            self.taken += 1
            if self.says_when:
                self.retry_after = f"{self.window_s - passed:.2f}"
            return (200 if self.taken <= self.calls else 429), ""


@pytest.mark.parametrize("says_when", [True, False])
def test_a_quota_is_waited_for_and_fails_nothing(log: ReplayLog, says_when: bool) -> None:
    with Quota(12, 1.0, says_when) as server:
        spent = answer(log, [server.url], n=60, concurrency=32, attempts=1)
        assert (spent.sent, dict(spent.failed)) == (60, {})
        # At 32 at a time, one window would be refused more.
        assert spent.retries == len(server.requests) - 60 < 100


class Refusing(ScriptedServer):
    """Refuses the calls that a function names."""

    def __init__(self, refuses: Callable[[dict[str, Any]], bool]) -> None:
        super().__init__()
        self.refuses = refuses

    def _next(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int | str, str]:
        fault, text = super()._next(body, headers)
        return (429 if self.refuses(body) else fault), text


def test_a_call_that_alone_is_refused_fails_alone(log: ReplayLog) -> None:
    with Refusing(lambda body: body["seed"] == 3) as server:
        spent = answer(log, [server.url], n=12, patience_s=0.6)
    assert (spent.sent, dict(spent.failed)) == (11, {"RateLimitError": 1})


def test_a_server_that_refuses_all_ends_the_run(log: ReplayLog) -> None:
    with Refusing(lambda body: True) as server:
        with pytest.raises(RupairsError, match=r"refused every call for 0.6 s .*patience_s"):
            answer(log, [server.url], n=12, patience_s=0.6)
        assert len(server.requests) < 30, "fewer at a time"


def refusal(retry_after: str) -> openai.APIStatusError:
    asked = httpx2.Request("POST", "http://x/v1")
    reply = httpx2.Response(429, headers={"Retry-After": retry_after}, request=asked)
    return openai.RateLimitError("refused", response=reply, body=None)


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("120", 120, 126), ("0", 0, 0.1), ("1e9", 600, 606), ("inf", 600, 606)],
)
def test_retry_after_in_seconds(value: str, least: float, most: float) -> None:
    waits = [named_wait(refusal(value)) for _ in range(20)]
    assert all(wait is not None and least <= wait <= most for wait in waits)
    assert len(set(waits)) > 1, "not all come back at once"


def test_retry_after_as_a_date() -> None:
    wait = named_wait(refusal(formatdate(time.time() + 90, usegmt=True)))
    assert wait is not None and 85 < wait < 96
    past = named_wait(refusal(formatdate(time.time() - 90, usegmt=True)))
    assert past is not None and past < 0.1


@pytest.mark.parametrize("value", ["nan", "-3", "soon", "", "Mon, 99 Foo 2026 99:99:99 GMT"])
def test_retry_after_that_says_nothing(value: str) -> None:
    assert named_wait(refusal(value)) is None


@contextmanager
def raw(chunk: bytes, pause_s: float) -> Iterator[str]:
    """A server whose body never ends: the chunk again and again."""

    def one(connection: socket.socket) -> None:
        try:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                time.sleep(pause_s)
                connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        except OSError:
            connection.close()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        listening.shutdown(socket.SHUT_RDWR)


def test_a_body_that_trickles_is_given_up_in_time(log: ReplayLog) -> None:
    started = time.monotonic()
    with raw(b" ", 0.1) as url:
        spent = answer(log, [url], n=1, attempts=1, timeout_s=0.5)
    assert dict(spent.failed) == {"APITimeoutError": 1} and time.monotonic() - started < 4


def test_a_body_without_end_is_given_up(log: ReplayLog) -> None:
    with raw(b" " * (1 << 20), 0.0) as url:
        spent = answer(log, [url], n=1, attempts=1, timeout_s=30.0)
    assert dict(spent.failed) == {"UnreadableAnswerError": 1}
    failure = log.failure(request(0).key)
    assert failure and "a body of more than" in failure[1]


def test_an_answer_that_was_broken_off_is_not_kept(
    llm_server: ScriptedServer, log: ReplayLog
) -> None:
    llm_server.finish_reason = "abort"
    spent = answer(log, [llm_server.url], n=2, attempts=2)
    assert (spent.sent, dict(spent.failed)) == (0, {"AbortedAnswerError": 2})
    assert len(llm_server.requests) == 4 and len(log) == 0


@pytest.mark.parametrize("key", ["ключ", "sk-abc\n", " sk-abc"])
def test_a_key_that_http_cannot_carry_is_told(
    llm_server: ScriptedServer, log: ReplayLog, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(RupairsError, match="OPENAI_API_KEY: holds what cannot be a key") as caught:
        Client(section(), [llm_server.url], log).answer([request(0)], Progress(), "test")
    assert key.strip() not in str(caught.value) and not llm_server.requests


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://user:hunter2@host/v1", "holds a user, a password or a query"),
        ("http://hunter2@host/v1", "holds a user, a password or a query"),
        ("http://host/v1?key=hunter2", "holds a user, a password or a query"),
        ("localhost:8000/v1", "is no URL of a server: write http://host:port/v1, not 'localhost"),
        ("ftp://host/v1", "is no URL of a server"),
        ("", "is no URL of a server"),
        ("http:///v1", "is no URL of a server"),
        ("http://host:port/v1", "is no URL: write http://host:port/v1"),
    ],
)
def test_urls_are_checked_and_hold_no_secret(url: str, said: str) -> None:
    with pytest.raises(ValueError, match="urls") as caught:
        section(urls=("http://host/v1", url))
    (error,) = caught.value.errors()  # type: ignore[attr-defined]
    assert f"number 2 {said}" in error["msg"] and "hunter2" not in error["msg"]
