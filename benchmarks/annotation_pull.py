"""How long a first pull and the votes after it take: `python -m benchmarks.annotation_pull`.

Answers of three annotators to 100,000 items are put into the run's file of answers in pages of 200
tasks, one project an annotator, as a pull from a server does (without the server). Then the steps
`annotation.pull`, `annotation.adjudication`, `annotation.quality` and `annotation.decisions` run on
them. Prints CPU seconds and peak memory after each, and writes
runs/benchmarks/annotation_pull.json.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotation.answers import NAME, Answers
from annotation.export import Annotation
from annotation.page import LABELS
from annotation.stage import CANDIDATES, STAGE
from annotation.tasks import ITEM, task_id
from benchmarks.finished_step import write_finished
from rupairs.execution import run_step
from rupairs.progress import Progress
from rupairs.recipe import validate
from rupairs.text import digest, share

RESULT = Path("runs/benchmarks/annotation_pull.json")
PEOPLE, _PAGE = 3, 200
_STEPS = ("push", "pull", "adjudication", "quality", "decisions")
_SCHEMA = pa.schema([(name, pa.string()) for name in ("pair_id", "premise", "hypothesis")])


def write_candidates(run: Path, rows: int) -> list[str]:
    """Write so many candidates as the finished step before annotation; return their ids."""
    ids = [digest((str(n),)) for n in range(rows)]
    candidates = (
        {
            "pair_id": pair,
            "premise": f"Вечером {number % 31 + 1} числа на станции {number} отменили поезд.",
            "hypothesis": f"Поезд со станции {number} не ушёл.",
        }
        for number, pair in enumerate(ids)
    )
    write_finished(CANDIDATES, run, _SCHEMA, candidates)
    return ids


def fill(run: Path, ids: list[str]) -> None:
    """Put everybody's answers into the file of answers, page by page."""
    with Answers(run / "annotation" / NAME) as answers:
        for person in range(1, PEOPLE + 1):
            project = f"{person} 2026-03-01T09:00:00.000000Z"
            for start in range(0, len(ids), _PAGE):
                with answers.together():
                    for number, answer in _answers(ids[start : start + _PAGE], start, person):
                        task = task_id(ids[number], ITEM, 0, 0)
                        answers.add(project, number, task, [answer])
                        there = answers.present(project, number)
                        answers.mark_deleted(project, there - {str(answer.id)})


def _answers(ids: list[str], start: int, person: int) -> Iterator[tuple[int, Annotation]]:
    for number, pair in enumerate(ids, start):
        label = LABELS[int(share(f"{pair} {person}", 0, "label") * len(LABELS))]
        moment = f"2026-03-{number % 28 + 1:02d}T09:00:00.{number:06d}Z"
        yield (
            number,
            Annotation.model_validate(
                {
                    "id": number * PEOPLE + person,
                    "completed_by": person,
                    "result": [
                        {"from_name": "nli", "value": {"choices": [label]}},
                        {"from_name": "premise_revised", "value": {"text": ["Поезд отменили."]}},
                    ],
                    "lead_time": 7.5,
                    "created_at": moment,
                    "updated_at": moment,
                }
            ),
        )


def measure(rows: int) -> list[dict[str, Any]]:
    """Return a row a step: what it took and the most memory up to its end."""
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        ids = write_candidates(run, rows)
        began = time.process_time()
        fill(run, ids)
        found.append(_row("first pull, without the server", began, rows * PEOPLE))
        found += [_step(verb, run, rows) for verb in _STEPS]
    return found


def _step(verb: str, run: Path, rows: int) -> dict[str, Any]:
    step = next(s for s in STAGE.steps if s.name == f"annotation.{verb}")
    # The tasks are only written; what was read from a server before stands.
    push = {"overlap": PEOPLE} | ({} if verb == "push" else {"url": "http://127.0.0.1:1"})
    tables = {"annotation": {"push": push, "pull": {"refresh": False}}}
    recipe = validate(run / "recipe.toml", tables, {"annotation": STAGE.section})
    began = time.process_time()
    run_step(step, run, recipe, {step.name}, Progress())
    return _row(step.name, began, rows * PEOPLE)


def _row(what: str, began: float, votes: int) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "what": what,
        "votes": votes,
        "cpu_seconds": round(time.process_time() - began, 1),
        "peak_mib": round(peak / 1024),
    }


def main() -> None:
    """Print a table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    found = measure(parser.parse_args().rows)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print("| " + " | ".join(found[0]) + " |")
    print("|---" + "|--:" * (len(found[0]) - 1) + "|")
    for row in found:
        print("| " + " | ".join(map(str, row.values())) + " |")


if __name__ == "__main__":
    main()
