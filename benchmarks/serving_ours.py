"""Our client with its log: python -m benchmarks.serving_ours URL MODEL FOLDER CONCURRENCY TOKENS.

FOLDER holds `prompts.json`; the log and `result.json` are written there.
"""

import json
import sys
from pathlib import Path

from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.progress import Progress
from rupairs.recipe import LLMSection


def main(url: str, model: str, folder: Path, concurrency: int, tokens: int) -> None:
    """Send all prompts and hold every answer in the log."""
    parameters = {"temperature": 1.0, "max_tokens": tokens, "ignore_eos": True}
    requests = [
        Request("completions", model, "", "benchmark.v1", 0, parameters, prompt=prompt)
        for prompt in json.loads((folder / "prompts.json").read_text(encoding="utf-8"))
    ]
    section = LLMSection(urls=(url,), model=model, license="none", concurrency=concurrency)
    with ReplayLog(folder / "llm.sqlite") as log:
        spent = Client(section, [url], log).answer(requests, Progress(), "prompts")
        assert spent.sent == len(requests) == len(log) and not spent.retries
    (folder / "result.json").write_text(json.dumps({"seconds": spent.seconds}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
