"""Curator: python generation_curator.py URL CALLS CONCURRENCY FOLDER, in its environment.

Its limits on requests and tokens a minute are set so high that they do not count. It counts tokens
with tiktoken, which would download its vocabulary; a package that it needs brings the file along.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bespokelabs import curator
from datasets import Dataset
from generation_texts import MAX_TOKENS, MODEL, TEMPERATURE, messages


class Writer(curator.LLM):
    """Asks for one text a row."""

    def prompt(self, row: dict[str, Any]) -> list[dict[str, str]]:
        """Return the messages of a call."""
        return messages(row["number"])

    def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
        """Return the row with the text."""
        return {"number": row["number"], "text": response}


def main(url: str, calls: int, concurrency: int, folder: str) -> None:
    """Make all calls, or those its cache in the folder lacks."""
    litellm = find_spec("litellm")
    assert litellm is not None and litellm.origin is not None
    tokenizers = Path(litellm.origin).parent / "litellm_core_utils/tokenizers"
    os.environ["TIKTOKEN_CACHE_DIR"] = str(tokenizers)
    writer = Writer(
        model_name=MODEL,
        backend="openai",
        generation_params={"temperature": TEMPERATURE, "max_tokens": MAX_TOKENS},
        backend_params={
            "base_url": url,
            "api_key": "none",
            "max_requests_per_minute": 100_000_000,
            "max_tokens_per_minute": 100_000_000_000,
            "max_concurrent_requests": concurrency,
        },
    )
    rows = Dataset.from_list([{"number": number} for number in range(calls)])
    made = writer(rows, working_dir=folder)
    assert len(getattr(made, "dataset", made)) == calls


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
