"""One life of a run: `rupairs run` as a group of processes that is watched and can be killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST_S = 600.0
LOOK_S = 0.005
_STEP = re.compile(r"^\[\d+/\d+\] ([\w.]+): ", re.MULTILINE)
_SAID = 4_000
# No Hub is asked for anything: it would be one that nobody listens at.
_VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "HF_ENDPOINT": "http://127.0.0.1:9",
    "OMP_NUM_THREADS": "1",
    "COLUMNS": "500",
}


@dataclass(frozen=True)
class Ended:
    """How a life ended: exit code (negative: the signal), the step it was in, what it said."""

    code: int
    step: str
    seconds: float
    said: str
    hung: bool = False

    @property
    def last(self) -> str:
        """Return the last line it said."""
        return next((line for line in reversed(self.said.splitlines()) if line.strip()), "")

    @property
    def shown(self) -> str:
        """Return what it said for the report: one line, or the end of a traceback."""
        return self.said[-_SAID:] if "Traceback" in self.said else self.last

    def disorder(self) -> str:
        """Return why nobody should be shown such an end, '' if it is in order."""
        if self.hung:
            return f"hung for {LONGEST_S:.0f} s in {self.step}"
        if "Traceback" in self.said:
            return f"traceback in {self.step}: {self.last}"
        if self.code not in (0, 1, 2, 3, -signal.SIGKILL):
            return f"ended with {self.code} in {self.step}"
        if self.code in (1, 2) and not self.last.startswith("error: "):
            return f"exit code {self.code} in {self.step} without an error: {self.last}"
        return ""


class Life:
    """A command of rupairs; what it says goes to `log`."""

    def __init__(self, words: Sequence[object], log: Path) -> None:
        self._log = log
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "rupairs.cli", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stream,
                env=os.environ | _VARIABLES,
                start_new_session=True,
            )
        self._began = time.monotonic()

    def alive(self) -> bool:
        """Say whether it goes on."""
        return self._process.poll() is None

    def steps(self) -> list[str]:
        """Return the steps it has come to."""
        return _STEP.findall(self._said())

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        os.killpg(self._process.pid, number)

    def wait_for(self, step: str) -> bool:
        """Wait until it comes to a step ('': any state will do); return whether it lives then."""
        while self.alive() and step and step not in self.steps():
            if time.monotonic() - self._began > LONGEST_S:
                break
            time.sleep(LOOK_S)
        return self.alive()

    def kill(self) -> Ended:
        """End all of its processes as a lost machine would."""
        if self.alive():
            self.send(signal.SIGKILL)
        return self.end()

    def end(self) -> Ended:
        """Wait for its end."""
        hung = False
        try:
            self._process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            hung = True
            self.send(signal.SIGKILL)
            self._process.wait()
        seconds = round(time.monotonic() - self._began, 2)
        step = next(reversed(self.steps()), "start")
        return Ended(self._process.returncode, step, seconds, self._said(), hung)
