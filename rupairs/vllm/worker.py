"""A vLLM that serves nobody: a worker process in its environment, asked and heard by lines.

A Unix socket joins them, so that what vLLM prints goes to its log and nowhere else. The worker
connects when the model has made its first token.
"""

import contextlib
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rupairs.llm.request import Request
from rupairs.vllm.cause import find_cause
from rupairs.vllm.environment import VllmError
from rupairs.vllm.processes import Processes

_LOOK_EVERY_S = 0.5
# A worker that is told to end frees the card's memory itself.
_GOODBYE_S = 10.0


class WorkerGoneError(VllmError):
    """The worker ended, fell silent, or said what nobody understands."""


@dataclass(frozen=True)
class Order:
    """How a worker is started: `before` and `after` surround the path of its socket."""

    before: Sequence[str]
    after: Sequence[str]
    variables: Mapping[str, str]
    model: str


class Worker:
    """A worker in a `with` block: every process of it ends with the block, or with this process.

    Entering takes until the model is loaded, `timeout` seconds at most. `log` is appended to.
    Raises VllmError with the line of the log that says what went wrong.
    """

    def __init__(self, order: Order, log: Path, timeout: float) -> None:
        self._order = order
        self._log = log
        self._timeout = timeout

    def __enter__(self) -> Self:
        # Of a short name: a socket's path may have some hundred characters only.
        with tempfile.TemporaryDirectory(prefix="rupairs-") as folder:
            path = str(Path(folder, "line"))
            with socket.socket(socket.AF_UNIX) as door:
                door.bind(path)
                door.listen(1)
                door.settimeout(_LOOK_EVERY_S)
                order = self._order
                words = [*order.before, path, *order.after]
                self._processes = Processes(words, order.variables, self._log)
                try:
                    self._line = self._wait_at(door)
                except BaseException:
                    self._processes.end()
                    raise
        self._lines = self._line.makefile("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._line.close()
        deadline = time.monotonic() + _GOODBYE_S
        while not self._processes.ended() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._processes.end()

    @property
    def group(self) -> int:
        """The process group of all that the worker runs."""
        return self._processes.group

    def _wait_at(self, door: socket.socket) -> socket.socket:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return door.accept()[0]
            except TimeoutError:
                if self._processes.ended():
                    raise self._failure("did not start") from None
                if time.monotonic() > deadline:
                    raise self._failure(f"was not ready after {self._timeout:g} s") from None

    def ask(self, request: Request) -> None:
        """Send a request. Where nobody takes it, `hear` tells, after what was said before."""
        message = {
            "key": request.key,
            "endpoint": request.endpoint,
            "prompt": request.prompt,
            "messages": request.messages,
            "parameters": request.parameters,
            "schema": request.schema,
        }
        with contextlib.suppress(OSError):
            self._line.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, silence: float) -> dict[str, Any]:
        """Return the next message; WorkerGoneError after `silence` seconds, or at its end."""
        self._line.settimeout(silence)
        try:
            line = self._lines.readline()
        except TimeoutError:
            self._processes.kill()
            raise self._failure(f"said nothing for {silence:g} s") from None
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise self._gone()
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self._processes.kill()
            raise self._failure("said what is no message")
        return message

    def _gone(self) -> "WorkerGoneError":
        # Its last words are in the log once it has ended.
        self._processes.end()
        return self._failure("ended")

    def _failure(self, what: str) -> WorkerGoneError:
        try:
            cause = find_cause(self._processes.log())
        except OSError as error:
            cause = f"its log cannot be read: {error}"
        return WorkerGoneError(f"vLLM with {self._order.model} {what}: {cause} (log: {self._log})")


class HeldWorker:
    """A worker in a `with` block that is started when it is first lent, and anew after a failure.

    Whoever borrows it next is spared the loading.
    """

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._worker: Worker | None = None
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @contextlib.contextmanager
    def lent(self) -> Iterator[Worker]:
        """Yield the worker, loaded; an error in the block ends it. Raises what `Worker` does."""
        if self._worker is None:
            self._worker = self._open.enter_context(self._make())
        try:
            yield self._worker
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        self._worker = None
        self._open.close()
