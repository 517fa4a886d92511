"""What the harvest of `make real` makes of real sources: `python -m benchmarks.harvested`.

The recipe `real` is run up to its table of pairs. Prints a Markdown table and writes
runs/benchmarks/harvested.json: for each source native rows, kept pairs, and drops by reason.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.harvest_measure import machine
from benchmarks.results import harvested
from rupairs.manifest import read_manifest

ROOT = Path(__file__).resolve().parents[1]
_KEPT = ("source", "title", "license", "native", "kept", "dropped")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--realdata", type=Path, default=ROOT / "../shared/realdata")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmarks/harvested")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/harvested.json")
    asked = parser.parse_args()
    if not asked.realdata.is_dir():
        print(f"skipped: no real data at {asked.realdata}; name its folder with --realdata")
        return 0
    data = asked.realdata.resolve()
    command = [sys.executable, "-m", "rupairs.cli", "run", "real", "--out", str(asked.work)]
    command += ["--until", "harvest.pairs", "--set", f"harvest.from_dir={data}"]
    command += ["--set", f"harvest.pairs.benchmarks={data / 'encodechka'}"]
    # The step measures nothing yet, but its folder must be there.
    command += ["--set", f"training.evaluation.encodechka={data / 'encodechka'}"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    tallies = read_manifest(asked.work / "harvest/pairs").facts["sources"]
    sources = [{name: tally[name] for name in _KEPT} for tally in tallies.values()]
    result = {
        "machine": machine(os.cpu_count() or 1),
        "settings": {"recipe": "real"},
        "sources": sources,
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    asked.out.write_text(text, encoding="utf-8")
    print("\n".join(harvested(result)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
