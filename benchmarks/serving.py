"""Tokens a second from a real vLLM: our client with its log, and vLLM's own benchmark beside it.

    python -m benchmarks.serving

run at the root of the repository with the environment of the project; `make vllm` first. One vLLM
serves a random model made on the spot. Everyone sends it the same number of prompts of the same
kind, as many at a time, and every answer has the same number of tokens (`ignore_eos`); in turns,
each in a process of its own; no prompt is sent twice. Prints a table in Markdown, and writes it and
every figure (`--out`).

- *tokens/s*: generated tokens, as the server counts them, over the seconds from the first request
  to the last answer, as each says itself. Ours are all of `Client.answer`, the log included.
- *vllm bench serve* streams every token. *in one piece* asks the server for the first token and
  then all others at once, which is nearest to answers that are not streamed, as ours are.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harvest_measure import machine
from rupairs.vllm.command import Served, variables
from rupairs.vllm.environment import find_environment
from rupairs.vllm.memory import Limits
from rupairs.vllm.server import VllmServer
from tests.vllm.tiny import write_model

HERE = Path(__file__).parent
ROOT = HERE.parent
OURS = "rupairs"
_IN_ONE_PIECE = '{"stream_interval": 100000}'


@dataclass(frozen=True)
class Load:
    """What is sent: so many prompts, at a time, and tokens of every answer."""

    prompts: int
    concurrency: int
    tokens: int


def main() -> int:
    arguments = _arguments()
    work = arguments.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    load = Load(arguments.prompts, arguments.concurrency, arguments.tokens)
    model = write_model(work / "model", width=arguments.width, layers=arguments.layers)
    served = Served(str(model), max_model_len=1024)
    runs: dict[str, list[dict[str, Any]]] = {}
    with VllmServer(served, work / "vllm.log", say=_say) as server:
        bench = Bench(server, load, work)
        bench.warm_up()
        for number in range(arguments.repeats):
            for name in bench.commands:
                _say(f"{name}: run {number + 1} of {arguments.repeats}")
                runs.setdefault(name, []).append(bench.measure(name, number))
    settings = {k: str(v) for k, v in vars(arguments).items()}
    result = {
        "machine": machine(os.cpu_count() or 1),
        "vllm": find_environment().version,
        "settings": settings,
        "runs": runs,
        "medians": {n: statistics.median(r["tokens_per_s"] for r in rs) for n, rs in runs.items()},
    }
    table = "\n".join(_table(load, result))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    arguments.out.with_suffix(".md").write_text(table + "\n")
    print(table)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/serving.json")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmarks/serving")
    parser.add_argument("--prompts", type=int, default=256)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=96, help="of every answer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--width", type=int, default=512, help="of the random model")
    parser.add_argument("--layers", type=int, default=8)
    return parser.parse_args()


class Bench:
    """The runs against one server."""

    def __init__(self, server: VllmServer, load: Load, work: Path) -> None:
        self._server = server
        self._load = load
        self._work = work
        theirs = [str(find_environment().python), str(HERE / "serving_vllm.py")]
        self.commands: dict[str, tuple[list[str], list[str]]] = {
            OURS: ([sys.executable, "-m", "benchmarks.serving_ours"], []),
            "vllm bench serve": (theirs, []),
            "vllm bench serve, in one piece": (theirs, ["--extra-body", _IN_ONE_PIECE]),
        }

    def warm_up(self) -> None:
        """Send a few prompts, so that the first run is like the others."""
        _say("warming up")
        few = Load(2 * self._load.concurrency, self._load.concurrency, 16)
        self._run(OURS, few, "warm")

    def measure(self, name: str, number: int) -> dict[str, Any]:
        """Send all prompts once, none of which was sent before."""
        before = self._generated()
        found = self._run(name, self._load, f"{number}-{list(self.commands).index(name)}")
        tokens = self._generated() - before
        if tokens != (expected := self._load.prompts * self._load.tokens):
            raise SystemExit(f"{name}: {tokens} tokens were generated instead of {expected}")
        return found | {"tokens": tokens, "tokens_per_s": tokens / found["seconds"]}

    def _generated(self) -> int:
        """Return how many tokens the server has generated, by its own count."""
        with urllib.request.urlopen(f"{self._server.url.removesuffix('/v1')}/metrics") as page:
            found = re.findall(
                r"^vllm:generation_tokens_total{.*} (\S+)$", page.read().decode(), re.M
            )
        return round(sum(map(float, found)))

    def _run(self, name: str, load: Load, salt: str) -> dict[str, Any]:
        folder = self._work / salt
        folder.mkdir()
        prompts = [_prompt(salt, number) for number in range(load.prompts)]
        (folder / "prompts.json").write_text(json.dumps(prompts, ensure_ascii=False))
        words = [self._server.url, self._server.served.model, str(folder)]
        words += [str(load.concurrency), str(load.tokens)]
        command, options = self.commands[name]
        environment = dict(os.environ)
        if name != OURS:
            environment = variables(find_environment(), Limits()) | {"HF_HUB_OFFLINE": "1"}
        with (folder / "log").open("wb") as log:
            subprocess.run(
                [*command, *words, *options],
                stdout=log,
                stderr=log,
                env=environment,
                check=True,
                timeout=1_800,
            )
        result: dict[str, Any] = json.loads((folder / "result.json").read_text())
        return result


def _prompt(salt: str, number: int) -> str:
    return (
        f"Прогон {salt}, предложение {number}. Поезд номер {number} ушёл со станции вовремя, хотя "
        f"всю ночь шёл снег и на {number % 97} километре чинили пути. Другими словами:"
    )


def _table(load: Load, result: dict[str, Any]) -> list[str]:
    medians = result["medians"]
    ours = medians[OURS]
    lines = [
        f"{load.prompts} prompts, {load.concurrency} at a time, {load.tokens} tokens each, vLLM "
        f"{result['vllm']}, medians of {result['settings']['repeats']} runs in turns",
        "",
        "| | tokens/s | lowest to highest | rupairs, of it |",
        "|---|--:|--:|--:|",
    ]
    for name, speed in medians.items():
        speeds = [run["tokens_per_s"] for run in result["runs"][name]]
        spread = f"{min(speeds):.0f} to {max(speeds):.0f}"
        share = "" if name == OURS else f"{100 * ours / speed:.1f} %"
        lines.append(f"| {name} | {speed:.0f} | {spread} | {share} |")
    return lines


def _say(message: str) -> None:
    print(f"  {message}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
