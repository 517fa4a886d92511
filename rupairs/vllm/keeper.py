"""Keeps one vLLM: nothing of it outlives the server, this process, or the parent.

Run as a script, by path, with vLLM's command as its arguments; it leads a process group that holds
vLLM and the engine processes vLLM starts. Its stdin is a pipe that nobody writes to: the system
closes it however the parent ends, `kill -9` included.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

GRACE_S = 10.0
_SET_CHILD_SUBREAPER = 36


def keep(command: list[str]) -> None:
    """Run vLLM until it ends or stdin closes; then end what it has left, and this process."""
    _adopt_orphans()
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while server.poll() is None:
        ready, _, _ = select.select([sys.stdin.fileno()], [], [], 0.2)
        if ready and not os.read(sys.stdin.fileno(), 1):
            server.terminate()
            break
    else:
        print(f"vLLM ended with exit code {server.returncode}", flush=True)
    # In an orderly end the engine frees its shared memory; whoever has not left by then is killed.
    _reap(time.monotonic() + GRACE_S)
    os.killpg(0, signal.SIGKILL)


def _adopt_orphans() -> None:
    """Become the parent of engine processes whose own parent dies, to see them end (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _reap(deadline: float) -> None:
    while time.monotonic() < deadline:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not ended:
            time.sleep(0.05)


if __name__ == "__main__":
    keep(sys.argv[1:])
