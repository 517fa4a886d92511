"""What Ray costs a harvest on one machine: the same folder with `--engine ray` and without."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rupairs.store import StageReader

ROOT = Path(__file__).resolve().parents[1]
# In turns, so that what else the machine does meets both.
_TURNS = ("local", "ray", "ray", "local")


def ray_ratio(native: Path, work: Path) -> dict[str, float]:
    """Return how many times as long a harvest takes on Ray, starts included.

    Raises SystemExit if the two do not write the same bytes.
    """
    seconds = dict.fromkeys(_TURNS, 0.0)
    hashes: dict[str, list[str]] = {}
    for engine in _TURNS:
        out = work / f"scale-{engine}"
        shutil.rmtree(out, ignore_errors=True)
        started = time.monotonic()
        _harvest(native, out, engine)
        seconds[engine] += time.monotonic() - started
        reader = StageReader(out / "harvest/pairs")
        hashes[engine] = [reader.manifest.files[part.name].sha256 for part in reader.parts()]
        shutil.rmtree(out)
    if hashes["local"] != hashes["ray"]:
        raise SystemExit("benchmark: the harvest on Ray wrote other bytes than the one without")
    return {"ray_ratio": seconds["ray"] / seconds["local"]}


def _harvest(native: Path, out: Path, engine: str) -> None:
    words = ["harvest", "run", "--from-dir", str(native), "--out", str(out), "--engine", engine]
    command = [sys.executable, "-m", "rupairs.cli", *words]
    # Ray sends what it counts to its makers unless told not to.
    quiet = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=quiet)
