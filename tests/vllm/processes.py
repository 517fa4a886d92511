"""Looking at processes through /proc: who is in a group, and whether anyone is left."""

import time
from collections.abc import Callable
from pathlib import Path


def members(group: int) -> dict[int, str]:
    """Return the command of every live process of a process group, by process id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, _, its_group = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:3]
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # An orphan in a container without init stays a zombie: dead for every purpose here.
            if int(its_group) == group and state != "Z":
                found[int(entry.name)] = command
    return found


def named(group: int, part: str) -> int:
    """Return the id of the one process of a group whose command has `part` in it."""
    (process,) = (pid for pid, command in members(group).items() if part in command)
    return process


def children(parent: int) -> list[int]:
    """Return the ids of the processes that a process has started."""
    listed = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds; return whether it came to."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()
