"""Training in several processes, one a GPU: torchrun starts them, the first one reports.

`python -m training.processes PLAN` is one of them. It prints a JSON line a step, and the result.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError
from training.fit import FIT, fit
from training.plan import Fit, Plan


def fit_in_processes(plan: Plan, tell: Any) -> Fit:
    """Train in as many processes as the plan says; `RupairsError` if one of them fails."""
    result = plan.folder / FIT
    result.unlink(missing_ok=True)
    count = plan.config.processes
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={count}", "-m", "training.processes", str(plan.write())]
    threads = str(max(1, (os.cpu_count() or 1) // count))
    told = plan.folder / "processes.log"
    with told.open("w", encoding="utf-8") as log:
        running = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"OMP_NUM_THREADS": threads, **os.environ},
        )
        failure = follow(running, tell)
    if not result.is_file():
        raise RupairsError(failure or f"training in {count} processes failed: see {told}")
    return Fit(**json.loads(result.read_text(encoding="utf-8")))


def follow(running: Any, tell: Any) -> str:
    """Tell of the steps a process prints; return the error it prints, if any."""
    failure = ""
    try:
        for line in running.stdout:
            if line.startswith("{"):
                said = json.loads(line)
                failure = said.get("error", failure)
                if "steps" in said:
                    tell(said["steps"], said["loss"])
        running.wait()
    finally:
        if running.poll() is None:
            running.terminate()
            running.wait()
    return failure


def main(path: str) -> None:
    """Train as one of several processes."""
    plan = Plan.read(Path(path))
    first = os.environ.get("RANK", "0") == "0"

    def say(**values: Any) -> None:
        if first:
            sys.stdout.write(json.dumps(values) + "\n")
            sys.stdout.flush()

    def tell(steps: int, loss: float | None) -> None:
        say(steps=steps, loss=loss)

    try:
        done = fit(plan, tell)
    except RupairsError as error:
        say(error=str(error))
        sys.exit(1)
    if first:
        unfinished = plan.folder / f"{FIT}.tmp"
        unfinished.write_text(json.dumps(asdict(done)), encoding="utf-8")
        unfinished.rename(plan.folder / FIT)


if __name__ == "__main__":
    main(sys.argv[1])
