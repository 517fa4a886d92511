"""Every benchmark, one after the other: `python -m benchmarks`, or `python -m benchmarks NAME ...`.

Each runs in a process of its own with the machine to itself, and prints its table; together they
stand in `runs/benchmarks/README.md`. What a benchmark needs and has not (real data, vLLM) it says.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUMMARY = ROOT / "runs/benchmarks/README.md"
# In this order: the short ones first.
NAMES = (
    "annotation_push",
    "annotation",
    "neighbours",
    "serving",
    "generation",
    "training",
    "encodechka",
    "harvest",
    "scale",
    "faults",
    "cartography",
    "gain",
)


def main() -> int:
    asked = sys.argv[1:] or list(NAMES)
    if unknown := sorted(set(asked) - set(NAMES)):
        print(f"{unknown[0]}: no such benchmark; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    failed = 0
    parts = []
    for name in asked:
        started = time.monotonic()
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
        minutes = (time.monotonic() - started) / 60
        said = done.stdout.strip() if not done.returncode else f"failed: exit {done.returncode}"
        failed += bool(done.returncode)
        parts.append(f"## {name}\n\n{said}\n\n`python -m benchmarks.{name}`, {minutes:.0f} min\n")
        print(parts[-1], flush=True)
        SUMMARY.parent.mkdir(parents=True, exist_ok=True)
        SUMMARY.write_text("# Measured\n\n" + "\n".join(parts), encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
