"""Who makes the calls, each in a process of its own, and the environments of the peers."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_TAIL = 1_500
# No peer may tell anyone, or ask the net for a price.
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TELEMETRY_ENABLED": "0",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENAI_API_KEY": "none",
}


class RunnerError(Exception):
    """An environment or a run failed; the message holds the end of what it wrote."""


@dataclass(frozen=True)
class Runner:
    """A script that makes the calls; `package` is what its own environment needs, '' for ours.

    `forgotten` is what the package needs and does not ask for.
    """

    name: str
    script: str
    package: str = ""
    forgotten: tuple[str, ...] = ()

    def command(self, work: Path) -> list[str]:
        """Return the start of its command; RunnerError if its environment cannot be made."""
        if not self.package:
            return [sys.executable, "-m", f"benchmarks.{self.script}"]
        python = _environment((self.package, *self.forgotten), work / "environments")
        return [python, str(HERE / f"{self.script}.py")]


RUNNERS = (
    Runner("rupairs", "generation_ours"),
    Runner("AsyncOpenAI loop", "generation_bare"),
    Runner("distilabel", "generation_distilabel", "distilabel[openai]==1.5.3", ("requests",)),
    Runner("curator", "generation_curator", "bespokelabs-curator==0.1.31"),
)


def _environment(packages: tuple[str, ...], folder: Path) -> str:
    """Return the Python of a peer's environment, made now unless it is there."""
    home = folder / "".join(c if c.isalnum() else "-" for c in packages[0])
    python, mark = home / "bin/python", home / "complete"
    wanted = " ".join(packages)
    if not mark.is_file() or mark.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(home, ignore_errors=True)
        base = str(Path(getattr(sys, "_base_executable", sys.executable)))
        _do([base, "-m", "venv", str(home)])
        _do([str(python), "-m", "pip", "install", "--quiet", *packages])
        mark.write_text(wanted, encoding="utf-8")
    return str(python)


def _do(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1_800)
    if done.returncode:
        raise RunnerError(f"{' '.join(command)}: {(done.stderr or done.stdout)[-_TAIL:]}")


class Server:
    """The mock server, in a process of its own."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"

    def ask(self, what: str) -> dict[str, Any]:
        """Return the counts, after a reset if asked for."""
        with urllib.request.urlopen(f"{self.root}/{what}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def serving(latency: float) -> Iterator[Server]:
    """Yield the running mock server."""
    command = [sys.executable, "-m", "benchmarks.generation_server", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.kill()


def make_calls(
    command: list[str],
    log: Path,
    timeout: float,
    enough: Callable[[], bool] | None = None,
) -> dict[str, float]:
    """Run a command to its end; return its seconds and those of the CPU, of its children too.

    Killed with everything it started, and without a word, as soon as there is `enough`. RunnerError
    when it fails or takes longer than `timeout` seconds.
    """
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | _QUIET,
            start_new_session=True,
        )
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            late = time.monotonic() - started > timeout
            killed = late or (enough is not None and enough())
            if pid or killed:
                break
            time.sleep(0.01)
        if killed and not pid:
            os.killpg(process.pid, signal.SIGKILL)
            _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    tail = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:]
    if late:
        raise RunnerError(f"killed after {timeout:.0f} s: {tail}")
    if pid and status:
        raise RunnerError(f"ended with {os.waitstatus_to_exitcode(status)}: {tail}")
    return {"whole_s": time.monotonic() - started, "cpu_s": usage.ru_utime + usage.ru_stime}
