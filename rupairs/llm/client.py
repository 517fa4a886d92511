"""The client: sends what the replay log lacks, with bounded retries, to the least busy server.

1. A request whose key is in the log is never sent.
2. Transient faults (no connection, time-out, 408, 409, 429, 5xx, an unreadable body) are tried
   again after a jittered, growing pause, or after `Retry-After` when the server names one.
3. A fault of one request (400, 413, 422) fails that request; a fault of the setting (401, 403,
   404, every server unreachable) stops the run with one clear line.
"""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import openai

from rupairs.errors import RupairsError
from rupairs.llm.budget import Budget
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Answer, Request
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_REST_S = 5.0
_TRANSIENT = (
    openai.APIConnectionError,
    openai.RateLimitError,
    openai.InternalServerError,
    openai.ConflictError,
    openai.APIResponseValidationError,
    json.JSONDecodeError,
)
_FATAL = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)


class _EmptyAnswerError(Exception):
    """The server answered without a choice."""


@dataclass
class Spent:
    """What a batch of calls came to."""

    replayed: int = 0
    sent: int = 0
    retries: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0


@dataclass
class _Server:
    url: str
    api: openai.AsyncOpenAI
    busy: int = 0
    rests_until: float = 0.0


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
            calls=len(log),
            tokens=log.tokens(),
        )
        self._key = os.environ.get(section.api_key_env, "")
        self._jitter = random.Random()

    def answer(self, requests: list[Request], progress: Progress, label: str) -> Spent:
        """Send every request the log lacks; afterwards each is in the log or a failure.

        Raises `BudgetSpentError` when a limit is reached, `RupairsError` when no server serves.
        """
        todo = self.log.missing(requests)
        spent = Spent(replayed=len(requests) - len(todo))
        if not todo:
            return spent
        started = time.monotonic()
        with progress.bar(label, len(todo)) as advance:

            def done(note: str) -> None:
                seconds = max(time.monotonic() - started, 1e-6)
                advance(1, f"{spent.completion_tokens / seconds:.0f} tok/s {note}")

            stopped = asyncio.run(self._send_all(todo, spent, done))
        if stopped is not None:
            raise stopped
        spent.seconds = time.monotonic() - started
        return spent

    async def _send_all(
        self, todo: list[Request], spent: Spent, done: Callable[[str], None]
    ) -> RupairsError | None:
        """Send all; return why it stopped early, once the calls in flight have been stored."""
        servers = [
            _Server(
                url,
                openai.AsyncOpenAI(
                    base_url=url,
                    api_key=self._key or "none",
                    max_retries=0,
                    timeout=self.section.timeout_s,
                ),
            )
            for url in self.urls
        ]
        queue = iter(todo)
        stopped: list[RupairsError] = []

        async def worker() -> None:
            for request in queue:
                if stopped:
                    return
                try:
                    await self._one(request, servers, spent)
                except RupairsError as error:
                    stopped.append(error)
                    return
                done(f"{spent.failed.total()} failed" if spent.failed else "")

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.section.concurrency, len(todo))):
                    group.create_task(worker())
        finally:
            await asyncio.gather(*(s.api.close() for s in servers))
        return stopped[0] if stopped else None

    async def _one(self, request: Request, servers: list[_Server], spent: Spent) -> None:
        self.budget.reserve()
        for attempt in range(1, self.section.attempts + 1):
            server = min(servers, key=lambda s: (s.rests_until > time.monotonic(), s.busy))
            server.busy += 1
            try:
                answer = await self._call(server, request)
            except _FATAL as error:
                raise RupairsError(f"{server.url}: {self._detail(error)}") from None
            except (*_TRANSIENT, _EmptyAnswerError) as error:
                last = attempt == self.section.attempts
                if isinstance(error, openai.APIConnectionError):
                    server.rests_until = time.monotonic() + _REST_S
                    if last and not isinstance(error, openai.APITimeoutError):
                        raise RupairsError(self._unreachable(server)) from None
                if last:
                    self._failed(request, error, spent)
                    return
                spent.retries += 1
                pause = self._pause(error, attempt)
            except openai.APIStatusError as error:
                self._failed(request, error, spent)
                return
            else:
                self.log.put(request, answer)
                self.budget.settle(answer.prompt_tokens + answer.completion_tokens)
                spent.sent += 1
                spent.prompt_tokens += answer.prompt_tokens
                spent.completion_tokens += answer.completion_tokens
                return
            finally:
                server.busy -= 1
            await asyncio.sleep(pause)

    async def _call(self, server: _Server, request: Request) -> Answer:
        started = time.monotonic()
        parameters: dict[str, Any] = dict(request.parameters)
        if request.endpoint == "completions":
            done = await server.api.completions.create(
                model=request.model, prompt=request.prompt, **parameters
            )
            text = done.choices[0].text if done.choices else None
        else:
            if request.schema is not None:
                parameters["response_format"] = {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": request.schema, "strict": True},
                }
            messages: Any = list(request.messages)
            chat = await server.api.chat.completions.create(
                model=request.model, messages=messages, **parameters
            )
            done = chat
            text = chat.choices[0].message.content if chat.choices else None
        if text is None:
            raise _EmptyAnswerError
        return Answer(
            # Half a surrogate pair is legal in JSON and nowhere else.
            text=text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
            finish_reason=done.choices[0].finish_reason or "",
            prompt_tokens=done.usage.prompt_tokens if done.usage else 0,
            completion_tokens=done.usage.completion_tokens if done.usage else 0,
            served_by=done.model,
            seconds=round(time.monotonic() - started, 3),
        )

    def _failed(self, request: Request, error: Exception, spent: Spent) -> None:
        reason = type(error).__name__.lstrip("_")
        self.log.fail(request, reason, self._detail(error))
        spent.failed[reason] += 1

    def _pause(self, error: Exception, attempt: int) -> float:
        if isinstance(error, openai.APIStatusError):
            try:
                seconds = float(error.response.headers["retry-after"])
                return min(seconds, _LONGEST_PAUSE_S)
            except (KeyError, ValueError):
                pass
        ceiling: float = min(_FIRST_PAUSE_S * 2 ** (attempt - 1), _LONGEST_PAUSE_S)
        return ceiling * self._jitter.uniform(0.5, 1.0)

    def _unreachable(self, server: _Server) -> str:
        return (
            f"{server.url}: no answer after {self.section.attempts} attempts; "
            "start the model server or correct [llm] urls; finished calls are kept"
        )

    def _detail(self, error: Exception) -> str:
        detail = str(error) or type(error).__name__
        if isinstance(error, openai.APIStatusError):
            body = error.body if isinstance(error.body, dict) else {}
            detail = f"HTTP {error.status_code}: {body.get('message') or error.response.text}"
        if self._key:
            detail = detail.replace(self._key, "***")
        return detail[:300]
