"""Asks a server again and again, each time in a process of its own that may be killed.

`python -m tests.llm.killed LOG URL` reads a line, forks, prints the new process's id, and prints
`ended` once that is gone; so a life costs no imports. Each life asks what the log lacks.
"""

import os
import sys
from pathlib import Path

from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

COUNT = 300
CONCURRENCY = 8


def requests() -> list[Request]:
    """Return what is asked: every prompt is another one."""
    return [
        Request("completions", "tiny", "1", "p.v1", 0, {"seed": n}, prompt=f"Исходное: {n}")
        for n in range(COUNT)
    ]


def ask(log: Path, url: str) -> None:
    """Ask everything that the log lacks."""
    section = LLMSection(urls=(url,), model="tiny", license="CC0-1.0", concurrency=CONCURRENCY)
    with ReplayLog(log) as replay:
        Client(section, [url], replay).answer(requests(), Progress(), "test")


def main(log: Path, url: str) -> None:
    """Live as often as a line comes."""
    for _ in sys.stdin:
        if (child := os.fork()) == 0:
            ask(log, url)
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
