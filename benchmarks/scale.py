"""Bytes, memory and shares that `rupairs scale` computes with: `python -m benchmarks.scale`.

1. A harvest of made-up pairs of real texts (`benchmarks/README.md`): how much of its processor
   time is that of the one process that does not get faster with more cores; bytes on disk.
2. From its sentences, anchors and texts as RuHNP has them, a text being its anchor with two words
   exchanged: bytes of the replay log, with the very requests of a recipe, and of all tables;
   memory of what is held whole; texts a second through the plain checks.
3. The training table of the harvested pairs: bytes on disk, memory of its views.
4. Memory of RuWANLI's items, made of the same sentences, where its release holds them all.
5. A small harvest with `--engine ray` beside the same without: seconds, in turns.

Times are processor times, but for Ray's: other work on the machine hardly changes them. Memory is
what Python and numpy have allocated at most. Writes runs/benchmarks/scale.json, which
`rupairs scale --measured` reads.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.harvest_data import open_data
from benchmarks.harvest_measure import machine
from benchmarks.harvest_texts import Pool, open_pool
from benchmarks.scale_ray import ray_ratio
from benchmarks.scale_ruhnp import log, sentences, tables, texts_of
from benchmarks.scale_ruwanli import memory as ruwanli_memory
from ruhnp.anchors import ANCHOR_SCHEMA
from ruhnp.generated import Row, judged
from ruhnp.stage import VerifySection
from ruhnp.survey import survey
from rupairs.runs import open_recipe
from rupairs.store import StageReader
from training.settings import ModelTraining
from training.table import Choice
from training.table import write_table as write_training
from training.views import build_views

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("harvest", "ruhnp", "ruwanli", "training", "ray")
_HARVEST = """
import json, resource, sys
from rupairs.cli import main
sys.argv = ["rupairs", *sys.argv[1:]]
try:
    main()
finally:
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    sys.stderr.write("\\n" + json.dumps([u.ru_utime + u.ru_stime for u in of]) + "\\n")
"""


def main() -> int:
    arguments = _arguments()
    if not arguments.realdata.is_dir():
        print(f"skipped: no real data at {arguments.realdata}; name its folder with --realdata")
        return 0
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    found: dict[str, float] = {}
    for part in _parts(arguments, work):
        found |= part
        _write(arguments, found)
    print("| rate | value |\n|---|--:|")
    print("\n".join(f"| {name} | {value:,.4g} |" for name, value in found.items()))
    return 0


def _write(arguments: argparse.Namespace, found: dict[str, float]) -> None:
    """Write what there is, so that a run that is stopped leaves it."""
    settings = {name: str(value) for name, value in vars(arguments).items()}
    result = {"machine": machine(os.cpu_count() or 1), "settings": settings, "scale": found}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")


def _parts(arguments: argparse.Namespace, work: Path) -> Iterator[dict[str, float]]:
    """Yield the rates of each part that is asked for; all but Ray's read what the harvest wrote."""
    known = arguments.realdata / "encodechka"
    pool = open_pool(arguments.realdata, known, work)
    parts = set(arguments.parts)
    if "ray" in parts:
        yield ray_ratio(open_data(pool, arguments.ray_pairs, arguments.seed, work).native, work)
    if parts == {"ray"}:
        return
    of_harvest = harvest(arguments, pool, known)
    if "harvest" in parts:
        yield of_harvest
    reader = StageReader(work / "scale-harvest/harvest/pairs")
    anchors = sentences(reader, arguments.anchors)
    if "ruwanli" in parts:
        yield ruwanli_memory(anchors, _peak)
    if "ruhnp" in parts:
        recipe = open_recipe(arguments.recipe, [])
        rows = list(texts_of(anchors, recipe))
        yield log(anchors, recipe, work) | tables(anchors, rows, recipe, work)
        yield memory(anchors, rows) | checks(rows)
    if "training" in parts:
        yield training(reader, work)


def _arguments() -> argparse.Namespace:
    def path(text: str | Path) -> Path:
        return Path(text).resolve()

    def parts(text: str) -> list[str]:
        if unknown := sorted(set(text.split(",")) - set(PARTS)):
            raise argparse.ArgumentTypeError(f"{unknown[0]}: parts are {', '.join(PARTS)}")
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/scale.json")
    parser.add_argument("--pairs", type=int, default=800_000, help="of the harvest")
    parser.add_argument("--ray-pairs", type=int, default=50_000, help="of the harvests beside Ray")
    parser.add_argument("--parts", type=parts, default=list(PARTS))
    parser.add_argument("--anchors", type=int, default=20_000)
    parser.add_argument("--recipe", default="full", help="whose requests are logged")
    parser.add_argument("--realdata", type=path, default=path(ROOT / "../shared/realdata"))
    parser.add_argument("--work", type=path, default=path(ROOT / "runs/benchmarks/harvest"))
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def harvest(arguments: argparse.Namespace, pool: Pool, known: Path) -> dict[str, float]:
    """Harvest in a process of its own, and return whose the processor time was."""
    data = open_data(pool, arguments.pairs, arguments.seed, arguments.work)
    out = arguments.work / "scale-harvest"
    shutil.rmtree(out, ignore_errors=True)
    words = ["harvest", "run", "--from-dir", str(data.native), "--out", str(out)]
    command = [sys.executable, "-c", _HARVEST, *words, "--benchmarks", str(known)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    alone, workers = json.loads(done.stderr.splitlines()[-1])
    steps = [StageReader(out / "harvest" / name).manifest for name in ("rows", "pairs")]
    written = sum(facts.bytes for step in steps for facts in step.files.values())
    return {
        "harvest_main_share": alone / (alone + workers),
        "harvest_bytes": written / arguments.pairs,
    }


def memory(anchors: list[Row], rows: list[Row]) -> dict[str, float]:
    """Return the memory an anchor takes as `ruhnp.generate` holds it, and a text as `survey`."""
    table = pa.Table.from_pylist(anchors, schema=ANCHOR_SCHEMA)

    def held() -> Any:
        read = table.to_pylist()
        return read, {row["text_id"]: [(8, 8)] for row in read}

    def numbered() -> Iterator[Row]:
        return ({**row, "number": number} for number, row in enumerate(rows))

    return {
        "anchor_memory_bytes": _peak(held) / len(anchors),
        "text_memory_bytes": _peak(lambda: survey(numbered)) / len(rows),
    }


def _peak(work: Callable[[], Any]) -> int:
    """Return the bytes that were allocated at once, at most, while something worked."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def checks(rows: list[Row]) -> dict[str, float]:
    """Return how many texts go through the plain checks in a second of processor time."""
    started = time.process_time()
    for _ in judged(rows, VerifySection()):
        pass
    return {"checks_per_second": len(rows) / (time.process_time() - started)}


def training(reader: StageReader, work: Path) -> dict[str, float]:
    """Write the training table of pairs; return its bytes and those of its views a pair."""
    folder = work / "scale-training"
    shutil.rmtree(folder, ignore_errors=True)
    table = write_training([reader], Choice(), folder)
    rows = len(table.rows)
    used = sum(path.stat().st_size for path in folder.iterdir())
    peak = _peak(lambda: build_views(table, ModelTraining(), 0))
    shutil.rmtree(folder)
    return {"training_bytes": used / rows, "training_memory_bytes": peak / rows}


if __name__ == "__main__":
    sys.exit(main())
