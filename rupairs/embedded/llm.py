"""Gemma 3 270M behind an OpenAI-compatible HTTP server on loopback, by llama.cpp in-process.

`python -m rupairs.embedded.llm --port 8080` serves until it is stopped; `EmbeddedServer` runs that
module as a child for the length of a `with` block. Ready means that a completion has come back.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from rupairs.embedded.assets import GEMMA_270M, locate
from rupairs.errors import RupairsError

MODEL_ID = GEMMA_270M.name
MODEL_REVISION = GEMMA_270M.sha256[:12]
LICENSE_NOTE = (
    "Texts written by google/gemma-3-270m (Q4_K_M, 4-bit GGUF), a pretrained base model of 270 "
    "million parameters without instruction tuning: they show that the pipeline works and are poor "
    "as Russian and as data. The model is provided under and subject to the Gemma Terms of Use "
    f"found at {GEMMA_270M.license_url}, with its Prohibited Use Policy. Google claims no rights "
    "in the texts; by section 1.1(e) of the terms a model trained on them to perform like Gemma "
    "is a Model Derivative."
)

_HOST = "127.0.0.1"
_READY = "rupairs embedded llm ready: "
_ERRORS_ONLY = 1
_PROMPT_CACHE_MIB = 256
_TAIL_LINES = 15


class ServerError(RupairsError):
    """The embedded LLM server did not start or did not answer."""


def serve(port: int = 0, slots: int = 8, context: int = 2048, threads: int | None = None) -> None:
    """Serve until the process ends; prints one line with the URL once a completion works.

    `port` 0 lets the system choose; `context` is in tokens for each of `slots` parallel requests.
    Raises ServerError for a busy port or a failed start, AssetError for a missing model.
    """
    model = locate(GEMMA_270M)
    _require_free(port)
    # OpenMP threads that spin for each other lose the CPU to any busy neighbour: measured 3 to 6
    # times slower on two shared cores. Read once, when the library loads.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    import xllamacpp

    params = _parameters(model, port, slots, context, threads or _cpus())

    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        raise ServerError(f"llama.cpp did not start on port {port}: {error}") from error
    url = f"{server.listening_address}/v1"
    _complete_one_token(url, timeout=60)
    print(f"{_READY}{url}", flush=True)
    threading.Event().wait()


def _parameters(model: Path, port: int, slots: int, context: int, threads: int) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {MODEL_ID}
    params.hostnames = [_HOST]
    params.port = port
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    # A full cache keeps a few-shot prefix reusable, about twice the throughput; one cache for all
    # slots takes less memory than one each.
    params.swa_full = True
    params.kv_unified = True
    params.cache_ram_mib = _PROMPT_CACHE_MIB  # the default may take 8 GB
    params.fit_params = False  # it would shrink the context silently to fit the memory
    params.ui = False
    params.verbosity = _ERRORS_ONLY
    return params


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            message = f"port {port} on {_HOST} cannot be used ({error.strerror}): choose another"
            raise ServerError(f"{message} or 0 for any free one") from error


def _complete_one_token(url: str, timeout: float) -> None:
    """Ask for one token; /health answers before the model can, so it proves nothing."""
    body = json.dumps({"model": MODEL_ID, "prompt": "Привет", "max_tokens": 1}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/completions", body, headers)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never by http_proxy
    try:
        with direct.open(request, timeout=timeout) as response:
            if json.load(response)["usage"]["completion_tokens"] < 1:
                raise ServerError(f"{url} completed nothing")
    except (OSError, ValueError, LookupError) as error:
        raise ServerError(f"{url} did not complete one token: {error}") from error


class EmbeddedServer:
    """The server as a child process that ends with the `with` block, or with this process.

    `log` is overwritten and receives what the server prints. Entering raises ServerError, with the
    last log lines, when the child ends or `timeout` seconds pass before a completion works.

    A seed repeats a text only with `slots=1` and `"cache_prompt": false` in the request: batches
    of another shape round differently, and a sampled text soon takes another way.
    """

    model = MODEL_ID

    def __init__(
        self,
        log: Path,
        *,
        slots: int = 8,
        context: int = 2048,
        threads: int | None = None,
        port: int = 0,
        timeout: float = 120.0,
    ) -> None:
        self.log = log
        self.url = ""
        self._timeout = timeout
        options = {"port": port, "slots": slots, "context": context, "threads": threads}
        given = {name: value for name, value in options.items() if value is not None}
        self._arguments = [f"--{name}={value}" for name, value in given.items()]
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        module = [sys.executable, "-m", __spec__.name, "--exit-on-stdin-eof", *self._arguments]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            # The system closes the child's stdin however this process ends, kill -9 included. A
            # session of its own keeps Ctrl-C from it, so requests in flight can still finish.
            self._child = subprocess.Popen(
                module,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.url = self._wait_until_ready(self._child)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None outside the `with` block."""
        return self._child.pid if self._child else None

    def _wait_until_ready(self, child: subprocess.Popen[bytes]) -> str:
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            for line in self._log_lines():
                if line.startswith(_READY):
                    url = line.removeprefix(_READY)
                    _complete_one_token(url, max(1.0, deadline - time.monotonic()))
                    return url
            if (code := child.poll()) is not None:
                raise self._failure(f"ended with exit code {code}")
            time.sleep(0.05)
        raise self._failure(f"was not ready after {self._timeout:g} s")

    def _failure(self, what: str) -> ServerError:
        tail = "\n".join(self._log_lines()[-_TAIL_LINES:]) or "(empty)"
        return ServerError(f"the embedded LLM server {what}; end of {self.log}:\n{tail}")

    def _log_lines(self) -> list[str]:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        # A line still being written is not one yet.
        return text[: text.rfind("\n") + 1].splitlines()

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin:
            child.stdin.close()


def _exit_on_stdin_eof() -> None:
    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        os._exit(0)  # the main thread waits in C++ or for ever: nobody is left to tell

    threading.Thread(target=watch, name="stdin-eof", daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """Run the server from the command line; the exit code is 1 with one line on a failure."""
    parser = argparse.ArgumentParser(prog="python -m rupairs.embedded.llm", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default: any free port")
    parser.add_argument("--slots", type=int, default=8, help="requests served in parallel")
    parser.add_argument("--context", type=int, default=2048, help="tokens for each slot")
    parser.add_argument("--threads", type=int, help="default: the CPUs this process may use")
    parser.add_argument(
        "--exit-on-stdin-eof", action="store_true", help="end when the parent's pipe closes"
    )
    chosen = parser.parse_args(arguments)
    if chosen.exit_on_stdin_eof:
        _exit_on_stdin_eof()
    try:
        serve(chosen.port, chosen.slots, chosen.context, chosen.threads)
    except RupairsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
