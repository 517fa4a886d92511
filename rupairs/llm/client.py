"""The client: sends what the replay log lacks, with bounded retries, to the least busy server.

1. A request whose key is in the log is never sent.
2. Transient faults (no connection, time-out, 408, 409, 429, 5xx, an unreadable body) are tried
   again after a jittered, growing pause, or after `Retry-After` when the server names one.
3. A fault of one request (400, 413, 422) fails that request; a fault of the setting (401, 403,
   404, no server that answers, a schema that is ignored) stops the run with one clear line.
4. Requests are taken one by one as they can be sent, and forgotten when they are answered: memory
   does not grow with their number.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import chain
from typing import Any

import httpx2
import openai

from rupairs.errors import RupairsError
from rupairs.llm.budget import Budget
from rupairs.llm.faults import FATAL, FAULTS, detail, is_refused, is_transient, pause
from rupairs.llm.log import ReplayLog
from rupairs.llm.reply import Enforcement, read_reply
from rupairs.llm.request import Answer, Request
from rupairs.llm.spent import Pace, Spent, shown
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

__all__ = ["Client", "Spent"]

_REST_S = 5.0
# Faults that are not a single call's: of the setting, of the disk, of what is read.
_ENDING = (RupairsError, OSError, sqlite3.Error)
_BREATH = 1_000


@dataclass
class _Server:
    url: str
    api: openai.AsyncOpenAI
    busy: int = 0
    rests_until: float = 0.0
    heard: float = 0.0


class Client:
    """Answers requests through the log. `urls` are OpenAI-compatible bases ending in /v1."""

    def __init__(self, section: LLMSection, urls: Iterable[str], log: ReplayLog) -> None:
        self.section = section
        self.urls = tuple(urls)
        self.log = log
        self.budget = Budget(
            section.max_calls,
            section.max_tokens_total,
            section.max_hours,
            calls=len(log) if section.max_calls else 0,
            tokens=log.tokens() if section.max_tokens_total else 0,
        )
        self._enforcement = Enforcement(section.schema_required)
        self._key = os.environ.get(section.api_key_env, "")
        self._under_way: set[str] = set()
        self.spent = Spent()

    def answer(
        self,
        requests: Iterable[Request],
        progress: Progress,
        label: str,
        total: int | None = None,
    ) -> Spent:
        """Send every request the log lacks; afterwards each is in the log or a failure.

        `total` is how many requests there are, for the time that is left; unknown if None and they
        have no length. One that is there twice is sent once. Raises `BudgetSpentError` when a limit
        is reached, `RupairsError` when no server serves.
        """
        if total is None and isinstance(requests, Sized):
            total = len(requests)
        self.spent = spent = Spent()
        pace = Pace()
        started = time.monotonic()
        self.log.forget_failed()
        with progress.bar(label, total) as advance:

            def done(units: int = 1) -> None:
                advance(units, shown(spent, pace.speed(spent.completion_tokens)))

            todo = self._lacking(requests, spent, done)
            first = next((request for request in todo if request), None)
            if first:
                stopped = asyncio.run(self._send_all(chain([first], todo), spent, done))
                if stopped is not None:
                    raise stopped
        spent.seconds = time.monotonic() - started
        return spent

    def _lacking(
        self, requests: Iterable[Request], spent: Spent, done: Callable[[int], None]
    ) -> Iterator[Request | None]:
        """Yield the requests to be sent, and None now and then where there are none for long."""
        passed = 0
        for request in requests:
            key = request.key
            if key in self._under_way or self.log.has(key) or self.log.has_just_failed(key):
                spent.replayed += 1
                passed += 1
                if passed == _BREATH:
                    done(passed)
                    passed = 0
                    yield None
                continue
            self._under_way.add(key)
            yield request
        if passed:
            done(passed)

    async def _send_all(
        self, todo: Iterator[Request | None], spent: Spent, done: Callable[[], None]
    ) -> Exception | None:
        """Send all; return why it stopped early, once the calls in flight have been stored."""
        servers = [self._server(url) for url in self.urls]
        stopped: list[Exception] = []

        async def worker() -> None:
            try:
                for request in todo:
                    if stopped:
                        return
                    if request is None:
                        await asyncio.sleep(0)
                        continue
                    await self._one(request, servers, spent)
                    self._under_way.discard(request.key)
                    done()
            except _ENDING as error:
                stopped.append(error)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.section.concurrency):
                    group.create_task(worker())
        finally:
            self._under_way.clear()
            await asyncio.gather(*(s.api.close() for s in servers))
        return stopped[0] if stopped else None

    def _server(self, url: str) -> _Server:
        at_once = self.section.concurrency
        limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        api = openai.AsyncOpenAI(
            base_url=url,
            api_key=self._key or "none",
            max_retries=0,
            timeout=self.section.timeout_s,
            http_client=openai.DefaultAsyncHttpxClient(limits=limits),
        )
        return _Server(url, api)

    async def _one(self, request: Request, servers: list[_Server], spent: Spent) -> None:
        self.budget.reserve()
        began = time.monotonic()
        for attempt in range(1, self.section.attempts + 1):
            server = min(servers, key=lambda s: (s.rests_until > time.monotonic(), s.busy))
            server.busy += 1
            try:
                answer = await self._call(server, request)
            except FATAL as error:
                raise RupairsError(f"{server.url}: {detail(error, self._key)}") from None
            except FAULTS as error:
                self._note(server, error)
                if attempt == self.section.attempts or not is_transient(error):
                    if is_refused(error) and all(s.heard < began for s in servers):
                        raise RupairsError(self._unreachable(server)) from None
                    self._failed(request, error, spent)
                    return
                spent.retries += 1
                seconds = pause(error, attempt)
            else:
                server.heard = time.monotonic()
                self._store(request, answer, spent)
                self._enforcement.see(request, answer, server.url)
                return
            finally:
                server.busy -= 1
            await asyncio.sleep(seconds)

    def _store(self, request: Request, answer: Answer, spent: Spent) -> None:
        self.log.put(request, answer)
        self.budget.settle(answer.prompt_tokens + answer.completion_tokens)
        spent.sent += 1
        spent.prompt_tokens += answer.prompt_tokens
        spent.completion_tokens += answer.completion_tokens

    def _note(self, server: _Server, error: Exception) -> None:
        """Note whether a server that failed is there at all."""
        if isinstance(error, openai.APIConnectionError):
            server.rests_until = time.monotonic() + _REST_S
        else:
            server.heard = time.monotonic()

    async def _call(self, server: _Server, request: Request) -> Answer:
        started = time.monotonic()
        body: dict[str, Any] = {"model": request.model, **request.parameters}
        if request.endpoint == "completions":
            path = "/completions"
            body["prompt"] = request.prompt
        else:
            path = "/chat/completions"
            body["messages"] = request.messages
            if request.schema is not None:
                body["response_format"] = {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": request.schema, "strict": True},
                }
        # `chat.completions.create` takes as long as all the rest to check what we have just put
        # together, and to make objects of the answer.
        raw = await server.api.post(path, cast_to=bytes, body=body)
        return read_reply(raw, time.monotonic() - started)

    def _failed(self, request: Request, error: Exception, spent: Spent) -> None:
        reason = type(error).__name__
        self.log.fail(request, reason, detail(error, self._key))
        spent.failed[reason] += 1

    def _unreachable(self, server: _Server) -> str:
        return (
            f"{server.url}: no answer after {self.section.attempts} attempts; "
            "start the model server or correct [llm] urls; finished calls are kept"
        )
