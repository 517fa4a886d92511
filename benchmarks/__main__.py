"""Every benchmark, one after the other: `python -m benchmarks`, or `python -m benchmarks NAME ...`.

Each runs in a process of its own with the machine to itself, prints its table and writes
`runs/benchmarks/NAME.json`; the tables together stand in `runs/benchmarks/README.md`. What a
benchmark needs and has not (real data, vLLM) it says.

`python -m benchmarks tables` prints the tables of the project's README from the results that are
kept in `benchmarks/results`; with `--write` it keeps those named, and writes all into the README.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.results import TABLES, shown, take, write_readme

ROOT = Path(__file__).resolve().parents[1]
SUMMARY = ROOT / "runs/benchmarks/README.md"
_REAL = str(ROOT / "../shared/realdata")
_MEASURE = ("ruhnp", "measure")
# Verbs of rupairs that measure: their figures stand in docs/ruhnp.md and docs/quality.md.
VERBS = {
    "ruhnp_measure": [
        "ruhnp",
        "measure",
        "--data",
        _REAL,
        "--out",
        "runs/benchmarks/ruhnp_measure",
    ],
    "annotate_measure": ["annotate", "measure", _REAL],
}
# In this order: the short ones first.
NAMES = (
    "annotation_push",
    "annotation_pull",
    "annotation",
    "neighbours",
    "harvested",
    "annotate_measure",
    "serving",
    "generation",
    "training",
    "training_peak",
    "encodechka",
    "ruhnp_measure",
    "harvest",
    "scale",
    "faults",
    "cartography",
    "development",
    "gain",
    "ablation",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = f"{', '.join(NAMES)}; or tables"
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {known}")
    parser.add_argument("--write", action="store_true", help="tables: into the README")
    asked = parser.parse_intermixed_args()
    if asked.names[:1] == ["tables"]:
        return tables(asked.names[1:], asked.write)
    if unknown := sorted(set(asked.names) - set(NAMES)):
        parser.error(f"{unknown[0]}: no such benchmark; there are {', '.join(NAMES)}")
    return measure(asked.names or list(NAMES))


def command(name: str) -> list[str]:
    """Return the command that a benchmark is run with."""
    return ["rupairs.cli", *VERBS[name]] if name in VERBS else [f"benchmarks.{name}"]


def measure(names: list[str]) -> int:
    """Run benchmarks; 1 if one failed."""
    failed = 0
    parts = []
    for name in names:
        started = time.monotonic()
        words = [sys.executable, "-m", *command(name)]
        done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        minutes = (time.monotonic() - started) / 60
        said = done.stdout.strip() if not done.returncode else f"failed: exit {done.returncode}"
        failed += bool(done.returncode)
        parts.append(f"## {name}\n\n{said}\n\n`python -m benchmarks {name}`, {minutes:.0f} min\n")
        print(parts[-1], flush=True)
        SUMMARY.parent.mkdir(parents=True, exist_ok=True)
        SUMMARY.write_text("# Measured\n\n" + "\n".join(parts), encoding="utf-8")
    return 1 if failed else 0


def tables(names: list[str], write: bool) -> int:
    """Print the tables whose results are kept; or keep those named, and write the README."""
    if unknown := sorted(set(names) - set(TABLES)):
        raise SystemExit(f"{unknown[0]}: the README has no table of it; it has {', '.join(TABLES)}")
    if write:
        for name in names:
            take(name)
        print(f"README.md: {', '.join(write_readme()) or 'no result is kept'}")
        return 0
    for name in names or TABLES:
        print(f"{name}\n\n{shown(name) or 'no result is kept'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
