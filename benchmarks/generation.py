"""Calls a second: our client with its log, a bare loop, and peers, against one mock server.

    python -m benchmarks.generation

run at the root of the repository with the environment of the project. Prints a table in Markdown,
and writes it and every figure (`--out`). All make the same calls, differing only in the number in
the user message, in a process of its own for each run, in turns. Environments of peers are made
with pip under `--work` and reused; where that or a run fails, the error is the result.

- *calls/s*: calls over the seconds from the first call's arrival at the server to its last answer,
  so that neither imports nor the start of a peer's own processes count.
- *whole process*, *CPU*: from start to end, imports included; CPU of child processes too, as far as
  they were waited for.
- *after a kill at half*: the process and all it started get SIGKILL when half of `--resume-calls`
  have reached the server; then it is run again on the same folder. The tokens of all calls that
  came in both runs, over those of one pass: 1 plus what was in flight, if nothing is forgotten.
  Every call that came counts as answered, whether or not somebody was left to hear it.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.generation_runners import (
    RUNNERS,
    Runner,
    RunnerError,
    Server,
    make_calls,
    serving,
)
from benchmarks.harvest_measure import machine

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    arguments = _arguments()
    names = {name for name in arguments.runners.split(",") if name}
    runners = [r for r in RUNNERS if not names or r.name in names]
    arguments.work.mkdir(parents=True, exist_ok=True)
    with serving(arguments.latency) as server:
        bench = Bench(arguments, server)
        bench.prepare(runners)
        for number in range(arguments.repeats):
            for runner in runners:
                bench.measure(runner, number)
        for runner in runners:
            bench.resume(runner)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    bench.summarise()
    table = "\n".join(bench.table())
    arguments.out.write_text(json.dumps(bench.result, ensure_ascii=False, indent=2) + "\n")
    arguments.out.with_suffix(".md").write_text(table + "\n")
    print(table)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/generation.json")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmarks/generation")
    parser.add_argument("--calls", type=int, default=4_000)
    parser.add_argument("--resume-calls", type=int, default=10_000, help="of the killed run")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of the server")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds of one run")
    parser.add_argument("--runners", default="", help="by name, with commas; default: all")
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    return arguments


class Bench:
    """The runs; `result` grows by each."""

    def __init__(self, arguments: argparse.Namespace, server: Server) -> None:
        self.arguments = arguments
        self.server = server
        self.commands: dict[str, list[str]] = {}
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.result: dict[str, Any] = {
            "machine": machine(os.cpu_count() or 1),
            "settings": {k: str(v) for k, v in vars(arguments).items()},
            "runners": {},
        }

    def prepare(self, runners: list[Runner]) -> None:
        """Make the environments of the peers."""
        for runner in runners:
            self.result["runners"][runner.name] = {"package": runner.package}
            try:
                self.commands[runner.name] = runner.command(self.arguments.work)
            except (RunnerError, OSError) as error:
                self._failed(runner, error)

    def measure(self, runner: Runner, number: int) -> None:
        """Make all calls once, from nothing."""
        if runner.name not in self.commands:
            return
        self._say(f"{runner.name}: run {number + 1} of {self.arguments.repeats}")
        folder = self._folder(runner)
        self.server.ask("reset")
        try:
            took = self._make(runner, folder, self.arguments.calls)
        except RunnerError as error:
            self._failed(runner, error)
            return
        counts = self.server.ask("counts")
        took |= {"window_s": counts["seconds"], "calls": counts["calls"]}
        took["calls_per_s"] = self.arguments.calls / counts["seconds"]
        self.runs.setdefault(runner.name, []).append(took)

    def resume(self, runner: Runner) -> None:
        """Kill a run when half of the calls have come, run again; count the calls of both."""
        if runner.name not in self.commands:
            return
        self._say(f"{runner.name}: killed at half, resumed")
        folder = self._folder(runner)
        wanted: int = self.arguments.resume_calls

        def enough() -> bool:
            return bool(self.server.ask("counts")["calls"] >= wanted // 2)

        self.server.ask("reset")
        found = self.result["runners"][runner.name]
        try:
            began = self._make(runner, folder, wanted, enough)
            killed_at = self.server.ask("counts")["calls"]
            went_on = self._make(runner, folder, wanted)
        except RunnerError as error:
            found["resume_error"] = str(error)
            return
        counts = self.server.ask("counts")
        found["killed_at"] = killed_at
        found["resumed_calls"] = counts["calls"]
        found["resumed_tokens"] = counts["tokens"]
        found["resumed_over_one_pass"] = counts["tokens"] / (wanted * counts["tokens_a_call"])
        found["resumed_cpu_s"] = began["cpu_s"] + went_on["cpu_s"]

    def summarise(self) -> None:
        """Put medians and ratios into the result."""
        found = self.result["runners"]
        for name, runs in self.runs.items():
            keys = ("calls_per_s", "window_s", "whole_s", "cpu_s", "calls")
            found[name]["runs"] = runs
            found[name] |= {k: statistics.median(r[k] for r in runs) for k in keys}
        ours = found.get("rupairs", {}).get("calls_per_s")
        for figures in found.values():
            if ours and "calls_per_s" in figures:
                figures["rupairs_is_times_as_fast"] = ours / figures["calls_per_s"]

    def table(self) -> list[str]:
        """Return the result as Markdown."""
        a, found = self.arguments, self.result["machine"]
        lines = [
            f"{a.calls} calls, {a.concurrency} at a time, a server that takes {a.latency:g} s, "
            f"medians of {a.repeats} runs in turns",
            "",
            f"after a kill at half: {a.resume_calls} calls; {found['cores']} cores, {found['cpu']}",
            "",
            "| | calls/s | rupairs is times as fast | whole process, s | CPU, s | CPU, ms a call "
            "| tokens after a kill at half, over one pass |",
            "|---|--:|--:|--:|--:|--:|--:|",
        ]
        for name, f in self.result["runners"].items():
            title = f["package"] or name
            if "calls_per_s" not in f:
                error = " ".join(f.get("error", "not run").split()).replace("|", "/")
                lines.append(f"| {title} | {error[-300:]} | | | | | |")
                continue
            times = f.get("rupairs_is_times_as_fast")
            cells = [f"{f['calls_per_s']:.0f}", f"{times:.2f}" if times else ""]
            cells += [f"{f['whole_s']:.1f}", f"{f['cpu_s']:.1f}"]
            cells.append(f"{1000 * f['cpu_s'] / a.calls:.2f}")
            again = f.get("resumed_over_one_pass")
            cells.append(f"{again:.4f}" if again else self._not_resumed(f))
            lines.append(f"| {title} | {' | '.join(cells)} |")
        return lines

    def _not_resumed(self, figures: dict[str, Any]) -> str:
        error: str = figures.get("resume_error", "not tried")
        return f"did not go on: {' '.join(error.split())[:60]}".replace("|", "/")

    def _make(
        self, runner: Runner, folder: Path, calls: int, enough: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        a = self.arguments
        words = [self.server.url, str(calls), str(a.concurrency), str(folder)]
        log = a.work / f"{runner.script}.log"
        return {**make_calls([*self.commands[runner.name], *words], log, a.timeout, enough)}

    def _folder(self, runner: Runner) -> Path:
        folder: Path = self.arguments.work / runner.script
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _failed(self, runner: Runner, error: Exception) -> None:
        self._say(f"{runner.name}: {error}")
        self.result["runners"][runner.name]["error"] = str(error)
        self.commands.pop(runner.name, None)

    def _say(self, message: str) -> None:
        print(f"  {message}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
