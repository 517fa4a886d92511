"""Our client with its log: python -m benchmarks.generation_ours URL CALLS CONCURRENCY FOLDER."""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generation_texts import MAX_TOKENS, MODEL, TEMPERATURE, messages
from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.progress import Progress
from rupairs.recipe import LLMSection


def requests(calls: int) -> Iterator[Request]:
    """Yield the calls."""
    for number in range(calls):
        yield Request(
            endpoint="chat",
            model=MODEL,
            revision="",
            prompt_version="benchmark.v1",
            sample=0,
            parameters={"temperature": TEMPERATURE, "max_tokens": MAX_TOKENS},
            messages=tuple(messages(number)),
        )


def main(url: str, calls: int, concurrency: int, folder: Path) -> None:
    """Make all calls that the log in the folder lacks."""
    section = LLMSection(urls=(url,), model=MODEL, license="none", concurrency=concurrency)
    with ReplayLog(folder / "llm.sqlite") as log:
        spent = Client(section, [url], log).answer(requests(calls), Progress(), "calls", calls)
        assert spent.sent + spent.replayed == calls == len(log)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
