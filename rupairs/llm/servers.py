"""The servers of a client: which of them takes a call, which rest, and when waiting is in vain.

1. A call goes to the least busy server that does not rest; a retry to another one than failed it.
2. A fault lets its server rest, longer each time in a row; an answer ends that. One that rests is
   still asked where there is no other, unless it refused (429, `Retry-After`) or was not there.
3. A server that refuses gets half as many calls at a time, and one more with each answer.
4. One whose setting is wrong (401, 403, 404) is left out.
5. The run ends when none is left, when nobody was there for `patience_s`, when two calls were
   refused for so long, or when many calls in a row have failed and none was answered.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import openai

from rupairs.errors import RupairsError
from rupairs.llm.faults import is_absent, is_cut, is_rate_limit, named_wait, pause
from rupairs.recipe import LLMSection

_LEAST_FAULTS = 32
_LONGEST_LOOK_S = 0.5
_SHORTEST_LOOK_S = 0.02


class RunEndedError(RupairsError):
    """The run is ending: what was not yet answered is left for another one."""


@dataclass
class Server:
    """A server: calls at a time, faults in a row, and until when it rests.

    `waits` says that nothing is sent to it meanwhile, `refuses` that this is for too many calls.
    """

    url: str
    api: openai.AsyncOpenAI
    limit: float
    busy: int = 0
    faults: int = 0
    failed_at: float = 0.0
    rests_until: float = 0.0
    tried_at: float = -1.0
    waits: bool = False
    refuses: bool = False

    def rests(self, now: float) -> bool:
        """Say whether it rests, or has not yet answered the one call that ended its rest."""
        if not self.faults:
            return False
        return now < self.rests_until or (self.tried_at >= self.rests_until and not self.refuses)


class Servers:
    """What a client knows of its servers; `say` tells a person what changes."""

    def __init__(
        self, section: LLMSection, servers: list[Server], say: Callable[[str], None]
    ) -> None:
        self.all = servers
        self.ended: Exception | None = None
        self._left = list(servers)
        self._say = say
        self._most = section.concurrency
        self._patience = section.patience_s
        self._enough = max(_LEAST_FAULTS, 2 * section.concurrency)
        self._line = asyncio.Lock()
        self._heard = time.monotonic()
        self._faults = 0
        self._refused = 0
        self._told_absent: set[str] = set()
        self._told_refusing: set[str] = set()

    async def take(self, avoid: Server | None, check: Callable[[], None]) -> Server:
        """Return the server for a call, which counts as busy; wait in line for one if need be.

        `check` is asked while waiting, and what it raises is raised. Raises RunEndedError.
        """
        if self.ended:
            raise RunEndedError
        if not self._line.locked() and (server := self._choose(avoid)):
            return server
        async with self._line:
            while not (server := self._choose(avoid)):
                check()
                await asyncio.sleep(self._until_next())
                if self.ended:
                    raise RunEndedError
        return server

    def _choose(self, avoid: Server | None) -> Server | None:
        now = time.monotonic()
        best, least = None, None
        for server in self._left:
            rests = server.rests(now)
            if server.busy >= max(1, int(server.limit)) or (rests and server.waits):
                continue
            rank = (rests, server.faults if rests else 0, server is avoid, server.busy)
            if least is None or rank < least:
                best, least = server, rank
        if best:
            best.busy += 1
            best.tried_at = now
        return best

    def _until_next(self) -> float:
        now = time.monotonic()
        waits = [s.rests_until - now for s in self._left if s.waits and s.rests_until > now]
        return min(_LONGEST_LOOK_S, max(_SHORTEST_LOOK_S, min(waits, default=0.0)))

    def has_other(self, server: Server) -> bool:
        """Say whether a server other than this one could take a call now."""
        now = time.monotonic()
        return any(s is not server and not s.rests(now) for s in self._left)

    def answered(self, server: Server, began: float) -> None:
        """Note that a call has been dealt with, be it that it was at fault itself."""
        self._heard = time.monotonic()
        self._faults = self._refused = 0
        self._told_absent.clear()
        if server.faults and (began >= server.failed_at or not server.waits):
            # One that waits has said so since; what was under way then does not end it.
            server.faults, server.rests_until = 0, 0.0
            server.waits = server.refuses = False
        server.limit = min(self._most, server.limit + 1)

    def failed(self, server: Server, error: Exception, began: float, said: str) -> bool:
        """Note a fault that may pass; return whether it counts as an attempt of the call.

        `RupairsError` when the run is to end.
        """
        now = time.monotonic()
        refused, absent = is_rate_limit(error), self._is_absent(error, began)
        named = named_wait(error)
        waits = refused or absent or named is not None
        first = waits and not server.waits
        if first or began >= server.failed_at:
            # What fails together is one fault.
            server.faults = 1 if first else server.faults + 1
            server.failed_at = now
            server.limit = max(1.0, server.limit / 2) if refused else server.limit
            server.rests_until = now + (pause(server.faults) if named is None else named)
        elif named is not None:
            server.rests_until = max(server.rests_until, now + named)
        server.waits, server.refuses = server.waits or waits, server.refuses or refused
        if absent:
            self._wait_for_absent(server, now)
        elif refused:
            self._heard = now
            self._tell(self._told_refusing, server, "refuses calls: it gets fewer at a time")
        else:
            if not is_cut(error):
                self._heard = now
            self._count(server, said)
        return not (absent or refused)

    def _is_absent(self, error: Exception, began: float) -> bool:
        """Say whether nobody was there, which is no call's own fault."""
        return is_absent(error) or (is_cut(error) and self._heard < began)

    def _wait_for_absent(self, server: Server, now: float) -> None:
        waited = now - self._heard
        if waited > self._patience:
            raise RupairsError(
                f"{server.url}: no answer for {waited:.0f} s; start the model server or correct "
                "[llm] urls; finished calls are kept"
            )
        said = f"does not answer: it is tried for {self._patience:g} s"
        self._tell(self._told_absent, server, said)

    def _count(self, server: Server, said: str) -> None:
        self._faults += 1
        if self._faults >= self._enough:
            raise RupairsError(
                f"{server.url}: the last {self._faults} calls have failed and none was answered "
                f"({said}); see to the server and run again to go on; finished calls are kept"
            )

    def refused_for_long(self, server: Server, since: float, said: str) -> bool:
        """Say whether a call refused since then is given up; `RupairsError` if all would be.

        One may be too large for the limit; the second without an answer in between is not alone.
        """
        if time.monotonic() - since < self._patience:
            return False
        self._refused += 1
        if self._refused > 1:
            raise RupairsError(
                f"{server.url}: refused every call for {self._patience:g} s ({said}); wait, or "
                "raise patience_s in [llm], and run again to go on; finished calls are kept"
            )
        return True

    def leave_out(self, server: Server, said: str) -> None:
        """Ask a server no more; `RupairsError` if it was the last one."""
        if server in self._left:
            self._left.remove(server)
            if self._left:
                self._say(f"{server.url} is left out: {said}")
        if not self._left:
            raise RupairsError(f"{server.url}: {said}")

    def _tell(self, told: set[str], server: Server, message: str) -> None:
        if server.url not in told:
            told.add(server.url)
            self._say(f"{server.url} {message}")
