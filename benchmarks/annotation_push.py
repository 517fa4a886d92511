"""How long 100,000 tasks take to prepare: `python -m benchmarks.annotation_push`.

Times the step `annotation.push` up to its files: three annotators an item, batches of 500, a tenth
repeated. Prints seconds and peak memory, and writes runs/benchmarks/annotation_push.json.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import pyarrow as pa

from annotation.push import push
from annotation.stage import CANDIDATES, STAGE
from rupairs.progress import Progress
from rupairs.recipe import validate
from rupairs.steps import Context
from rupairs.text import digest

RESULT = Path("runs/benchmarks/annotation_push.json")
SETTINGS = {"push": {"overlap": 3, "annotators": 6, "batch_size": 500, "repeats": 0.1}}


class Candidates:
    """So many candidates of ordinary length in one table, as a finished step gives them."""

    directory = Path("candidates")

    def __init__(self, rows: int) -> None:
        premise = "Вечером {} числа на станции {} отменили пригородный поезд до города."
        self._columns = {
            "pair_id": [digest((str(n),)) for n in range(rows)],
            "premise": [premise.format(n % 31 + 1, n) for n in range(rows)],
            "hypothesis": [f"Поезд со станции {n} не ушёл." for n in range(rows)],
        }

    def table(self, names: list[str]) -> pa.Table:
        return pa.table({name: self._columns[name] for name in names})


def measure(rows: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        recipe = validate(
            run / "recipe.toml", {"annotation": SETTINGS}, {"annotation": STAGE.section}
        )
        step = next(s for s in STAGE.steps if s.name == "annotation.push")
        inputs = {CANDIDATES: cast(Any, Candidates(rows))}
        out = run / "out"
        out.mkdir()
        section = recipe.sections["annotation"]
        context = Context(step, run, out, recipe, section, Progress(), inputs)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        push(context)
        seconds = time.monotonic() - started
        files = len(list((out / "tasks").iterdir()))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "items": rows,
        "tasks": context.counts.rows_out,
        "files": files,
        "seconds": round(seconds, 1),
        "peak_mib": round(after / 1024),
        "peak_mib_before": round(before / 1024),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    found = measure(parser.parse_args().rows)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("| " + " | ".join(found) + " |")
    print("|" + "--:|" * len(found))
    print("| " + " | ".join(f"{v:,}" for v in found.values()) + " |")


if __name__ == "__main__":
    main()
