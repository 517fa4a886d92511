"""The harvest against time, against `datasets.map`, and its near-duplicate search against peers.

    python -m benchmarks.harvest

run at the root of the repository with the environment of the project; `--help` shows sizes and
parts. Prints one Markdown table and writes every figure, setting and example of a mistake as JSON.
`benchmarks/README.md` says what is measured.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.harvest_data import Data, open_data
from benchmarks.harvest_measure import CommandError, Measured, machine, run
from benchmarks.harvest_peers import PEERS, compare_peers
from benchmarks.harvest_table import table
from benchmarks.harvest_texts import Pool, open_pool
from benchmarks.harvest_truth import (
    Gone,
    Place,
    Truth,
    check_places,
    dropped_rows,
    examples,
    score,
)

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("stage", "baseline", "peers")


def main() -> int:
    arguments = _arguments()
    if not arguments.realdata.is_dir():
        print(f"skipped: no real data at {arguments.realdata}; name its folder with --realdata")
        return 0
    if not arguments.benchmarks.is_dir():
        print(f"skipped: no benchmark texts at {arguments.benchmarks}; name them with --benchmarks")
        return 0
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[: arguments.processes]
        os.sched_setaffinity(0, cores)
        arguments.processes = len(cores)
    pool = open_pool(arguments.realdata, arguments.benchmarks, arguments.work)
    bench = Bench(arguments, pool)
    bench.result["machine"] = machine(arguments.processes)
    for part in PARTS:
        if part in arguments.parts:
            getattr(bench, part)()
            bench.save()
    print("\n".join(table(bench.result)))
    return 0


def _arguments() -> argparse.Namespace:
    def names(text: str) -> tuple[str, ...]:
        return tuple(filter(None, text.split(",")))

    def number(text: str) -> int:
        return int(text.replace("_", ""))

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/harvest.json")
    parser.add_argument("--pairs", type=number, default=3_350_000, help="the largest table")
    parser.add_argument(
        "--sizes",
        type=lambda text: tuple(map(number, names(text))),
        default=(200_000, 800_000),
        help="smaller tables, for how the time grows",
    )
    parser.add_argument("--baseline-pairs", type=number, default=200_000)
    parser.add_argument("--repeats", type=number, default=2, help="of ours and the baseline")
    parser.add_argument("--parts", type=names, default=PARTS, help=",".join(PARTS))
    parser.add_argument("--peers", type=names, default=tuple(p.name for p in PEERS))
    parser.add_argument("--processes", type=number, default=os.cpu_count())
    parser.add_argument("--realdata", type=_path, default=_path(ROOT / "../shared/realdata"))
    parser.add_argument("--benchmarks", type=_path, help="default: encodechka in --realdata")
    parser.add_argument("--work", type=_path, default=_path(ROOT / "runs/benchmarks/harvest"))
    parser.add_argument("--seed", type=number, default=1)
    arguments = parser.parse_args()
    arguments.benchmarks = arguments.benchmarks or arguments.realdata / "encodechka"
    return arguments


def _path(text: str | Path) -> Path:
    return Path(text).resolve()


class Bench:
    """The parts of the benchmark; `result` grows by each."""

    def __init__(self, arguments: argparse.Namespace, pool: Pool) -> None:
        self.arguments = arguments
        self.pool = pool
        self.result: dict[str, Any] = {
            "settings": {k: _plain(v) for k, v in vars(arguments).items()},
            "data": {},
        }

    def stage(self) -> None:
        """Measure the whole stage at every size."""
        sizes = sorted({s for s in self.arguments.sizes if s < self.arguments.pairs})
        self.result["stage"] = []
        for size in (*sizes, self.arguments.pairs):
            found = self._ours(self._data(size))
            self.result["stage"].append(found)
            self.save()
            self._clear(size)

    def baseline(self) -> None:
        """Measure ours and the baseline in turns."""
        data = self._data(self.arguments.baseline_pairs)
        ours, theirs = [], []
        for _ in range(self.arguments.repeats):
            ours.append(self._ours(data))
            theirs.append(self._theirs(data))
        self.result["baseline"] = {
            "rupairs": _middle(ours),
            "datasets.map": _middle(theirs),
            "ratio_of_pairs_a_second": round(
                statistics.median(t["seconds"] for t in theirs)
                / statistics.median(o["seconds"] for o in ours),
                2,
            ),
        }

    def peers(self) -> None:
        """Compare the search for near-duplicates on the rows that the single-row checks keep."""
        size = self.arguments.baseline_pairs
        data, rows = self._data(size), self._out(size) / "harvest/rows"
        if not rows.is_dir():
            self._ours(data)
        work = self.arguments.work / "peers"
        processes = self.arguments.processes
        truth = Truth.read(data.truth)
        self.result["peers"] = compare_peers(self.arguments.peers, rows, truth, work, processes)

    def save(self) -> None:
        """Write what there is."""
        self.arguments.out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.result, ensure_ascii=False, indent=1)
        self.arguments.out.write_text(text + "\n", encoding="utf-8")

    def _data(self, size: int) -> Data:
        data = open_data(self.pool, size, self.arguments.seed, self.arguments.work)
        self.result["data"][str(size)] = data.facts
        return data

    def _out(self, size: int) -> Path:
        folder: Path = self.arguments.work / f"out-{size}"
        return folder

    def _clear(self, size: int) -> None:
        """Take away the rows of a run, unless the peers are given them."""
        if size != self.arguments.baseline_pairs:
            shutil.rmtree(self._out(size), ignore_errors=True)

    def _ours(self, data: Data) -> dict[str, Any]:
        size = int(data.facts["pairs"])
        out = self._out(size)
        shutil.rmtree(out, ignore_errors=True)
        _say(f"rupairs harvest run: {size} pairs")
        command = [str(Path(sys.executable).with_name("rupairs")), "harvest", "run", "--json"]
        command += ["--from-dir", str(data.native), "--out", str(out)]
        command += ["--benchmarks", str(self.arguments.benchmarks)]
        took = run(command, self.arguments.work / f"stage-{size}.log", ROOT)
        harvest = out / "harvest"
        steps = {s["step"]: s["seconds"] for s in json.loads(took.output)}
        gone = dropped_rows(harvest / "rows/dropped.parquet", harvest / "pairs/dropped.parquet")
        kept = sorted((harvest / "pairs").glob("part-*.parquet"))
        texts = sorted((harvest / "rows").glob("part-*.parquet"))
        return self._figures(data, took, gone, kept, texts) | {"steps": steps}

    def _theirs(self, data: Data) -> dict[str, Any]:
        size = int(data.facts["pairs"])
        out, cache = self.arguments.work / "baseline", self.arguments.work / "cache"
        shutil.rmtree(out, ignore_errors=True)
        _say(f"datasets.map: {size} pairs")
        command = [sys.executable, "-m", "benchmarks.harvest_datasets", str(data.native)]
        command += [str(self.arguments.benchmarks), str(out), str(self.arguments.processes)]
        try:
            # What datasets finds in its cache it does not compute again.
            took = run(
                command,
                self.arguments.work / "baseline.log",
                ROOT,
                {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"},
            )
        finally:
            shutil.rmtree(cache, ignore_errors=True)
        gone = dict(_baseline_gone(out / "gone.parquet"))
        kept = [out / "kept.parquet"]
        figures = self._figures(data, took, gone, kept, [*kept, out / "gone.parquet"])
        return figures | {"steps": json.loads(took.output)}

    def _figures(
        self,
        data: Data,
        took: Measured,
        gone: dict[Place, Gone],
        kept: list[Path],
        texts: list[Path],
    ) -> dict[str, Any]:
        truth = Truth.read(data.truth)
        check_places(truth, gone, kept)
        scores = score(truth, gone)
        size = int(data.facts["pairs"])
        return took.figures() | {
            "pairs": size,
            "pairs_per_second": round(size / took.seconds, 1),
            "kept": sum(pq.read_metadata(p).num_rows for p in kept),
            "mistakes": examples(scores, texts, self.arguments.seed),
            "scores": scores,
        }


def _say(line: str) -> None:
    print(f"benchmark: {line}", file=sys.stderr)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _baseline_gone(path: Path) -> Iterator[tuple[Place, Gone]]:
    names = ("source", "source_row", "reason", "evidence")
    columns = pq.read_table(path, columns=list(names)).to_pydict()
    for source, row, *said in zip(*(columns[n] for n in names), strict=True):
        yield (source, row), Gone(*said)


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the last of several runs with the medians of what differs between them."""
    measured = ("seconds", "rss", "pss", "pairs_per_second")
    middle = {n: statistics.median(r[n] for r in runs) for n in measured}
    return runs[-1] | middle | {"runs": [{n: r[n] for n in measured} for r in runs]}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandError as error:
        sys.exit(f"benchmark: {error}")
