"""Faults put to the whole chain at random, and whether anything was lost, doubled or changed.

    python -m benchmarks.faults --points 100 --seed 1

run at the root of the repository with the environment of the project. The chain is the tiny one of
the tests, through the real command line: a scripted LLM server, a random encoder of 16 dimensions,
the shipped sample. One run is not disturbed. Every other begins from an image of it at a random
step, takes a few faults one after another, and is run to its end.

- *kill -9*: all processes at a random moment of one of the next steps.
- *full disk*: less room than the rest of the run needs. Needs the right to mount a small file
  system; without it (`unshare -rm` gives it) this kind is left out, and that is said.
- *server faults*: a number of calls get 429, 500, 503, a cut connection, or garbage.
- *damaged ...*: one bit is flipped, or the end cut off, in a finished file between two lives.

What is drawn follows from the seed; what a life had come to when it was hit, from the clock.
*survived*: no error that a person must act on, and the run ended the same. *clear error*: one line
that names what is wrong, after which the run could be mended by what the line says or `--redo`,
and ended the same. *failed*: anything else. The same means: every file of every step and release
that no clock decides, byte for byte; the replay log; rows in = rows out + rows dropped in every
step. *repeated calls*: the server had answered them, but the answer was not in the log when the
fault came. A call whose answer is in the log is never to be sent. Faults that came too late, when
nothing was left to be hit, are not counted, and others are put in their place.

Prints a table in Markdown, writes it and every point as JSON (`--out`); what failed stays under
`--work`. The exit code is 1 if a point failed.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.faults_damage import damage
from benchmarks.faults_kinds import LIVE, bad_server, full_disk, kill
from benchmarks.faults_reference import Reference, make_reference
from benchmarks.faults_run import Point, Run, cleared
from benchmarks.harvest_measure import machine

ROOT = Path(__file__).resolve().parents[1]
_FAULTS = {"server": bad_server, "disk": full_disk, "kill": kill, "damage": damage}
# A run ends with its damage: what is damaged must be read afterwards.
_PLANS = (("server", "disk", "kill"), ("kill", "damage"), ("disk", "damage"))
_BATCHES = 6


def main() -> int:
    arguments = _arguments()
    began = time.monotonic()
    reference = make_reference(cleared(arguments.work) / "reference", arguments.until)
    _say(f"the undisturbed run took {reference.seconds:.0f} s")
    points = campaign(arguments, reference)
    result = {
        "machine": machine(arguments.at_once),
        "settings": {k: str(v) for k, v in vars(arguments).items()},
        "reference": {
            "seconds": reference.seconds,
            "steps": reference.took,
            "calls": len(reference.bodies),
        },
        "seconds": round(time.monotonic() - began, 1),
        "points": [asdict(point) for point in points],
    }
    table = "\n".join(_table(points, result))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    arguments.out.with_suffix(".md").write_text(table + "\n")
    print(table)
    return 1 if any(point.failures for point in points) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--until", help="the last step of the chain; default: all of it")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/faults.json")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmarks/faults")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="runs")
    arguments = parser.parse_args()
    arguments.work = arguments.work.resolve()
    return arguments


def campaign(arguments: argparse.Namespace, reference: Reference) -> list[Point]:
    """Put the faults to runs, a batch at a time until enough have been met."""
    points: list[Point] = []
    number = 0
    for _ in range(_BATCHES):
        missing = arguments.points - sum(point.met for point in points)
        if missing <= 0:
            break
        plans = list(_plans(missing, number))
        with ThreadPoolExecutor(arguments.at_once) as pool:
            runs = [
                pool.submit(_disturbed, arguments, reference, number + n, plan)
                for n, plan in enumerate(plans)
            ]
            for run in runs:
                points += run.result()
        number += len(plans)
    return points


def _plans(points: int, number: int) -> Iterator[tuple[str, ...]]:
    while points > 0:
        plan = _PLANS[number % len(_PLANS)][-points:]
        yield plan
        points, number = points - len(plan), number + 1


def _disturbed(
    arguments: argparse.Namespace, reference: Reference, number: int, plan: tuple[str, ...]
) -> list[Point]:
    run = Run(number, arguments.seed, arguments.work / f"run-{number:03d}", reference)
    with run.begun(_image(run.rng, reference, plan)):
        for name in plan:
            if name != "damage" and not run.ahead():
                break
            point = _FAULTS[name](run)
            run.points.append(point)
            if strays := run.strays():
                point.failures.append(f"changed: {', '.join(strays)}")
                break
        run.finish()
    for point in run.points:
        state = "; ".join(point.failures) or ("as it should be" if point.met else "came too late")
        _say(f"run {number}: {point.kind} ({point.what}): {state}")
    return run.points


def _image(rng: random.Random, reference: Reference, plan: tuple[str, ...]) -> Path:
    """Return an image to begin from, half by number and half by seconds of the step that began."""
    numbers = list(reference.images)
    if "server" in plan:
        numbers = [n for n in numbers if n <= max(reference.asking)]
    weights = [reference.took[reference.steps[n].name] for n in numbers]
    chosen = rng.choices(numbers, weights)[0] if rng.random() < 0.5 else rng.choice(numbers)
    return reference.images[chosen]


def _table(points: list[Point], result: dict[str, Any]) -> list[str]:
    lines = [
        f"{sum(p.met for p in points)} faults in {len({p.run for p in points})} runs, "
        f"seed {result['settings']['seed']}, {result['seconds'] / 60:.0f} minutes",
        "",
        "| fault | points | survived | clear error, mended | repeated calls | failed | too late |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    damaged = {point.kind for point in points} - set(LIVE)
    for kind in (*LIVE, *sorted(damaged)):
        of = [p for p in points if p.kind == kind]
        met = [p for p in of if p.met]
        failed = sum(bool(p.failures) for p in of)
        clear = sum(p.clear_error and not p.failures for p in met)
        repeated = sum(p.repeated for p in of)
        survived = sum(not p.failures and not p.clear_error for p in met)
        lines.append(
            f"| {kind} | {len(met)} | {survived} | {clear} | {repeated} | {failed} "
            f"| {len(of) - len(met)} |"
        )
    return lines


def _say(message: str) -> None:
    print(f"  {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
