"""The client: sends what the replay log lacks, with bounded retries, to the server that is best.

1. A request whose key is in the log is never sent.
2. Transient faults (no connection, time-out, 408, 409, 429, 5xx, an unreadable body, an answer
   that the server broke off) are tried again, up to `attempts` times; a call that was refused
   (429) or met nobody has not been tried at all. `rupairs.llm.servers` says where and when.
3. A fault of one request (400, 413, 422) fails that request; a fault of the setting leaves its
   server out, and stops the run with one clear line when no server is left or none works.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from rupairs.errors import RupairsError
from rupairs.llm.budget import Budget, Clock
from rupairs.llm.faults import FATAL, FAULTS, detail, is_rate_limit, is_transient, pause
from rupairs.llm.ledger import Ledger, Todo
from rupairs.llm.log import ReplayLog
from rupairs.llm.reply import read_reply
from rupairs.llm.request import Request
from rupairs.llm.servers import Server, Servers
from rupairs.llm.spent import Spent
from rupairs.llm.transport import open_api, post, read_key
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

__all__ = ["Client", "Spent"]

# Faults that are not a single call's: of the setting, of the disk, of what is read.
_ENDING = (RupairsError, OSError)


@dataclass
class _Tries:
    """What became of a call so far: attempts, when it was first refused, and who failed it last."""

    attempts: int = 0
    refused_since: float | None = None
    avoid: Server | None = None


class Client:
    """Answers requests through the log. `urls` are OpenAI-compatible bases ending in /v1.

    `clock` is that of the run, if the hours of its budget began before. Raises `RupairsError` for
    a key that HTTP cannot carry.
    """

    def __init__(
        self,
        section: LLMSection,
        urls: Iterable[str],
        log: ReplayLog,
        clock: Clock | None = None,
    ) -> None:
        self.section = section
        self.urls = tuple(urls)
        self._ledger = Ledger(section, log, clock)
        self._key = read_key(section.api_key_env)

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
                stopped = asyncio.run(self._send_all(chain([first], todo), progress))
                if stopped is not None:
                    raise stopped
        return self.spent

    async def _send_all(self, todo: Todo, progress: Progress) -> Exception | None:
        """Send all; return why it stopped early, once the calls in flight have been stored."""
        servers = Servers(
            self.section,
            [self._server(url) for url in self.urls],
            lambda message: progress.say(f"  {message}"),
        )

        async def worker() -> None:
            try:
                for request in todo:
                    if servers.ended:
                        return
                    if request is None:
                        await asyncio.sleep(0)
                        continue
                    await self._one(request, servers)
            except _ENDING as error:
                servers.ended = servers.ended or error

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.section.concurrency):
                    group.create_task(worker())
        finally:
            await asyncio.gather(*(s.api.close() for s in servers.all))
        return servers.ended

    def _server(self, url: str) -> Server:
        at_once = self.section.concurrency
        return Server(url, open_api(url, self._key, at_once), limit=at_once)

    async def _one(self, request: Request, servers: Servers) -> None:
        """Have one request answered, or failed, or left for another run when this one ends."""
        self.budget.reserve()
        tries = _Tries()
        while True:
            server = await servers.take(tries.avoid, self.budget.require_time)
            began = time.monotonic()
            try:
                raw = await post(server.api, request, self.section.timeout_s)
                answer = read_reply(raw, time.monotonic() - began)
            except FATAL as error:
                servers.leave_out(server, detail(error, self._key))
            except FAULTS as error:
                if not self._is_worth_more(request, servers, server, error, tries, began):
                    return
            else:
                servers.answered(server, began)
                self._ledger.answered(request, answer, server.url)
                return
            finally:
                server.busy -= 1
            self.spent.retries += 1
            tries.avoid = server
            if tries.attempts and not servers.has_other(server):
                await asyncio.sleep(pause(tries.attempts))
            self.budget.require_time()

    def _is_worth_more(
        self,
        request: Request,
        servers: Servers,
        server: Server,
        error: Exception,
        tries: _Tries,
        began: float,
    ) -> bool:
        """Note a fault; say whether the request is tried again, and store its failure if not."""
        said = detail(error, self._key)
        if not is_transient(error):
            servers.answered(server, began)
        else:
            if servers.failed(server, error, began, said):
                tries.attempts += 1
            given_up = tries.attempts >= self.section.attempts
            if is_rate_limit(error):
                tries.refused_since = tries.refused_since or began
                given_up = servers.refused_for_long(server, tries.refused_since, said)
            if not given_up:
                return True
        self._ledger.failed(request, type(error).__name__, said)
        return False
