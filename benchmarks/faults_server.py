"""The LLM server of a run and the weather before it: a proxy that spoils calls when told to."""

import asyncio
import json
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.llm.proxy import BODIES, REFUSALS, Proxy
from tests.llm_server import ScriptedServer

SPOILS = (*REFUSALS, "cut-before", "cut-middle", *BODIES)
_DELAY_S = 0.02


@dataclass(frozen=True)
class Call:
    """A call as it came: its body with sorted keys, and how it was spoilt ('' if it was not)."""

    body: str
    fault: str


class _Weather(Proxy):
    """Spoils the calls that come after `calm` ones by what is `due`, one fault a call."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream, seed=0, rate=1.0)
        self.calls: list[Call] = []
        self.calm = 0
        self.due: list[str] = []

    def fault(self, body: str) -> str:
        fault = ""
        if self.calm > 0:
            self.calm -= 1
        elif self.due:
            fault = self.due.pop(0)
        self.calls.append(Call(json.dumps(json.loads(body), sort_keys=True), fault))
        return fault


class WeatheredServer:
    """A scripted server behind the proxy, until the `with` block ends."""

    def __init__(self) -> None:
        self._server = ScriptedServer(delay_s=_DELAY_S)
        self._weather = _Weather(self._server.url)
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.url = ""

    @property
    def calls(self) -> list[Call]:
        """Return all calls so far."""
        return self._weather.calls

    def spoil(self, calm: int, faults: list[str]) -> None:
        """Let so many calls pass, then spoil one a fault."""
        self._weather.calm, self._weather.due = calm, list(faults)

    def clear(self) -> None:
        """Let all calls pass."""
        self.spoil(0, [])

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._weather.serve, "127.0.0.1", 0, limit=1 << 20)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._up.set()
        await self._over.wait()
        server.close()

    def __enter__(self) -> Self:
        self._server.__enter__()
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._server.__exit__(kind, error, trace)
