"""`vllm bench serve` in vLLM's environment: serving_vllm.py URL MODEL FOLDER CONCURRENCY TOKENS….

FOLDER holds `prompts.json`; `result.json` is written there. What follows TOKENS are options of that
command, which the CPU build cannot start by its name.
"""

import asyncio
import json
import sys
from pathlib import Path

from vllm.benchmarks.serve import add_cli_args, main_async
from vllm.utils.argparse_utils import FlexibleArgumentParser


def main(url: str, model: str, folder: Path, concurrency: str, rest: list[str]) -> None:
    """Send all prompts, by the one kind of file that takes texts as they are."""
    prompts = json.loads((folder / "prompts.json").read_text(encoding="utf-8"))
    talks = [{"conversations": [{"value": p}, {"value": ""}]} for p in prompts]
    (folder / "sharegpt.json").write_text(json.dumps(talks), encoding="utf-8")
    tokens, *options = rest
    parser = FlexibleArgumentParser()
    add_cli_args(parser)
    words = ["--backend", "openai", "--base-url", url.removesuffix("/v1"), "--model", model]
    words += ["--endpoint", "/v1/completions", "--max-concurrency", concurrency]
    words += ["--dataset-name", "sharegpt", "--dataset-path", str(folder / "sharegpt.json")]
    words += ["--num-prompts", str(len(prompts)), "--sharegpt-output-len", tokens]
    words += ["--ignore-eos", "--temperature", "1.0", "--disable-tqdm"]
    words += ["--ready-check-timeout-sec", "0"]
    words += ["--save-result", "--result-dir", str(folder), "--result-filename", "vllm.json"]
    asyncio.run(main_async(parser.parse_args([*words, *options])))
    found = json.loads((folder / "vllm.json").read_text(encoding="utf-8"))
    assert found["completed"] == len(prompts), found
    (folder / "result.json").write_text(json.dumps({"seconds": found["duration"]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4], sys.argv[5:])
