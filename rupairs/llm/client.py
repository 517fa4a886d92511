"""The client: sends what the replay log lacks, with bounded retries, to the least busy server.

1. A request whose key is in the log is never sent.
2. Transient faults (no connection, time-out, 408, 409, 429, 5xx, an unreadable body) are tried
   again after a jittered, growing pause, or after `Retry-After` when the server names one.
3. A fault of one request (400, 413, 422) fails that request; a fault of the setting (401, 403,
   404, no server that answers, a schema that is ignored) stops the run with one clear line.
"""

import asyncio
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import httpx2
import openai

from rupairs.errors import RupairsError
from rupairs.llm.budget import Budget
from rupairs.llm.faults import FATAL, FAULTS, detail, is_refused, is_transient, pause
from rupairs.llm.ledger import Ledger, Todo
from rupairs.llm.log import ReplayLog
from rupairs.llm.reply import read_reply
from rupairs.llm.request import Answer, Request
from rupairs.llm.spent import Spent
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

__all__ = ["Client", "Spent"]

_REST_S = 5.0
# Faults that are not a single call's: of the setting, of the disk, of what is read.
_ENDING = (RupairsError, OSError)


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
        self._ledger = Ledger(section, log)
        self._key = os.environ.get(section.api_key_env, "")

    @property
    def budget(self) -> Budget:
        """What may be spent, and what has been."""
        return self._ledger.budget

    @property
    def spent(self) -> Spent:
        """What the calls of the last `answer` came to so far."""
        return self._ledger.spent

    def answer(
        self,
        requests: Iterable[Request],
        progress: Progress,
        label: str,
        total: int | None = None,
    ) -> Spent:
        """Send every request the log lacks; afterwards each is in the log or a failure.

        `total` as for `Ledger.opened`. One that is there twice is sent once. Raises
        `BudgetSpentError` when a limit is reached, `RupairsError` when no server serves.
        """
        with self._ledger.opened(requests, progress, label, total) as todo:
            first = next((request for request in todo if request), None)
            if first:
                stopped = asyncio.run(self._send_all(chain([first], todo)))
                if stopped is not None:
                    raise stopped
        return self.spent

    async def _send_all(self, todo: Todo) -> Exception | None:
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
                    await self._one(request, servers)
            except _ENDING as error:
                stopped.append(error)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.section.concurrency):
                    group.create_task(worker())
        finally:
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

    async def _one(self, request: Request, servers: list[_Server]) -> None:
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
                    said = detail(error, self._key)
                    self._ledger.failed(request, type(error).__name__, said)
                    return
                self.spent.retries += 1
                seconds = pause(error, attempt)
            else:
                server.heard = time.monotonic()
                self._ledger.answered(request, answer, server.url)
                return
            finally:
                server.busy -= 1
            await asyncio.sleep(seconds)

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

    def _unreachable(self, server: _Server) -> str:
        return (
            f"{server.url}: no answer after {self.section.attempts} attempts; "
            "start the model server or correct [llm] urls; finished calls are kept"
        )
