"""vLLM's processes as one thing: started together, ended together, their output in one log."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rupairs.vllm import keeper

_TAIL_BYTES = 1 << 20


class Processes:
    """The keeper (see there), vLLM and its engine, in a process group and session of their own.

    Ctrl-C in a terminal therefore does not reach them. The log is appended to.
    """

    def __init__(self, command: Sequence[str], variables: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._killed = False
        self._log_begins = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=variables,
                start_new_session=True,
            )

    @property
    def group(self) -> int:
        """The process group they are all in."""
        return self._keeper.pid

    def ended(self) -> bool:
        """Return whether the server has ended, and with it everything it had started."""
        return self._keeper.poll() is not None

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the server has ended, for so long at most; return whether it has."""
        try:
            self._keeper.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._kill_group()
        return True

    def end(self) -> None:
        """Ask the server to end, wait for that, and kill what has not."""
        if self._keeper.stdin and not self._keeper.stdin.closed:
            self._keeper.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._keeper.wait(2 * keeper.GRACE_S)
        self.kill()

    def kill(self) -> None:
        """Kill them all at once."""
        self._kill_group()
        self._keeper.wait()

    def log(self) -> str:
        """Return what they have written, the last megabyte of it."""
        with self._log.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(self._log_begins, size - _TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")

    def _kill_group(self) -> None:
        # The keeper does this as its last act; here it is for a keeper that was killed itself. Once
        # only: later the number may be that of another group.
        if not self._killed:
            self._killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.group, signal.SIGKILL)
