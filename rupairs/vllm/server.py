"""vLLM behind an OpenAI-compatible HTTP server on loopback, kept up while it is needed.

1. `VllmServer` starts it, waits until one token comes back, and starts it again on the same port
   when it dies, so that a client that goes on trying is served in the end.
2. Now and then it looks whether tokens are made; where none are, it asks for one, and what does not
   answer then is hung: it is killed and started again.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from rupairs.vllm.cause import find_cause
from rupairs.vllm.command import HOST, Served, choose_limits, command, variables
from rupairs.vllm.environment import VllmError, find_environment
from rupairs.vllm.probe import answers, free_port, tokens_seen
from rupairs.vllm.processes import Processes

_LOOK_EVERY_S = 0.5
_PROBE_S = 120.0
_ASK_EVERY_S = 60.0
# After so long in good health, earlier deaths are no reason to give up.
_HEALTHY_S = 900.0


class VllmServer:
    """vLLM in a `with` block: every process of it ends with the block, or with this process.

    Every start appends to `log`. A server that dies or hangs is started again, `restarts` times in
    a row; then it is given up. `timeout`, in seconds, is for one start, in which a model may have
    to be downloaded. Entering raises VllmError with the line of the log that says what went wrong.
    """

    def __init__(
        self,
        served: Served,
        log: Path,
        *,
        restarts: int = 3,
        timeout: float = 3600.0,
        say: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.served = served
        self.log = log
        self.url = ""
        self.starts = 0
        self._restarts = restarts
        self._timeout = timeout
        self._say = say
        self._launch: Callable[[], Processes] | None = None
        self._processes: Processes | None = None
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._up = threading.Event()
        self._lost: VllmError | None = None
        self._supervisor = threading.Thread(target=self._guarded, daemon=True)

    def __enter__(self) -> Self:
        environment = find_environment()
        port = free_port(self.served.port)
        limits = choose_limits(self.served, environment)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.url = f"http://{HOST}:{port}/v1"
        words, settings = (
            command(self.served, environment, limits, port),
            variables(environment, limits),
        )
        self._launch = lambda: Processes(words, settings, self.log)
        self._say(f"starting vLLM on the {environment.device} with {self.served.model}: {self.log}")
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        self._supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def group(self) -> int | None:
        """The process group of all that vLLM runs; None when nothing does."""
        return self._processes.group if self._processes else None

    def close(self) -> None:
        """End every process of the server."""
        with self._guard:
            self._closing.set()
            processes = self._processes
        if processes:
            processes.end()
        if self._supervisor.is_alive():
            self._supervisor.join()
        self._processes = None

    def wait(self) -> None:
        """Wait until the server is given up, then raise VllmError."""
        while self._lost is None:
            time.sleep(_LOOK_EVERY_S)
        raise self._lost

    def steady(self) -> int:
        """Wait until it answers, through a restart if need be; return how often it has started.

        Raises VllmError when it is given up. One that is up and silent for long is killed, for the
        supervisor to start it again.
        """
        silent_since = time.monotonic()
        while self._lost is None:
            if not self._up.wait(_LOOK_EVERY_S):
                silent_since = time.monotonic()
                continue
            starts = self.starts
            if answers(self.url, self.served, _PROBE_S):
                return starts
            if time.monotonic() - silent_since > _PROBE_S and self._processes:
                self._processes.kill()
            time.sleep(_LOOK_EVERY_S)
        raise self._lost

    def _start(self) -> None:
        """Launch vLLM and wait until it answers; VllmError with nothing left running if not."""
        with self._guard:
            if self._closing.is_set() or self._launch is None:
                return
            self._processes = processes = self._launch()
        deadline = time.monotonic() + self._timeout
        try:
            while not answers(self.url, self.served, _PROBE_S):
                if processes.ended():
                    raise self._failure(processes, "did not start")
                if time.monotonic() > deadline:
                    raise self._failure(processes, f"was not ready after {self._timeout:g} s")
                time.sleep(_LOOK_EVERY_S)
        except BaseException:
            processes.end()
            raise
        self.starts += 1
        self._up.set()

    def _guarded(self) -> None:
        """Supervise; nobody may wait for a server that nobody looks after."""
        try:
            self._supervise()
        finally:
            if self._lost is None and not self._closing.is_set():
                self._lost = VllmError(
                    f"vLLM with {self.served.model} is looked after no more, by a fault of the "
                    f"toolkit (log: {self.log})"
                )

    def _supervise(self) -> None:
        deaths = 0
        while self._processes and not self._closing.is_set():
            began = time.monotonic()
            try:
                if deaths:
                    self._start()
                error = self._failure(self._processes, self._watch(self._processes))
            except VllmError as failed:
                error = failed
            except OSError as failed:
                # No log, no room, no process to be had: a restart may find it otherwise.
                error = VllmError(f"vLLM with {self.served.model}: {failed}")
            self._up.clear()
            if self._closing.is_set():
                return
            deaths = 1 if time.monotonic() - began > _HEALTHY_S else deaths + 1
            if deaths > self._restarts:
                self._lost = VllmError(f"{error}; given up after {self._restarts} restarts")
                return
            with contextlib.suppress(OSError):  # nobody may be there to hear it
                self._say(f"{error}; starting it again ({deaths} of {self._restarts})")
            self._closing.wait(deaths)  # a card takes a moment to have its memory back

    def _watch(self, processes: Processes) -> str:
        """Wait until it has ended, or kill it when it hangs; return which."""
        seen = tokens_seen(self.url)
        while not processes.wait(_ASK_EVERY_S):
            before, seen = seen, tokens_seen(self.url)
            if (seen is None or seen == before) and not self._answers():
                # One with a long queue answers late, and makes tokens meanwhile.
                if processes.ended() or self._closing.is_set():
                    continue
                if (now := tokens_seen(self.url)) is None or now == seen:
                    processes.kill()
                    return f"answered nothing for {_PROBE_S:g} s"
        return "ended"

    def _answers(self) -> bool:
        try:
            return answers(self.url, self.served, _PROBE_S)
        except VllmError:  # it refuses, so it is there
            return True

    def _failure(self, processes: Processes, what: str) -> VllmError:
        try:
            cause = find_cause(processes.log())
        except OSError as error:
            cause = f"its log cannot be read: {error}"
        return VllmError(f"vLLM with {self.served.model} {what}: {cause} (log: {self.log})")


def serve(served: Served, log: Path, say: Callable[[str], None]) -> None:
    """Serve until interrupted; prints one line with the URL once a completion has come back."""
    with VllmServer(served, log, say=say) as server:
        print(f"rupairs vllm ready: {server.url}", flush=True)
        server.wait()
