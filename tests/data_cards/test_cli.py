"""The verbs of the stage as people type them, in processes of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rupairs.store import read_table


def rupairs(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rupairs.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"} | environment,
    )


@pytest.fixture(scope="module")
def cut(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the run, whose releases may be made again."""
    folder = tmp_path_factory.mktemp("cut") / "run"
    shutil.copytree(finished_run, folder)
    return folder


def test_a_card_of_what_may_be_passed_on_alone(finished_run: Path, cut: Path) -> None:
    recipe = finished_run.parent / "tiny.toml"
    done = rupairs(*("card", "pairs", "--recipe", recipe, "--out", cut, "--only-redistributable"))
    assert done.returncode == 0, done.stderr
    left_out = read_table(cut / "release" / "pairs" / "left_out.parquet")
    assert set(left_out["source"].to_pylist()) == {"lenta"}
    manifest: dict[str, Any] = json.loads(
        (cut / "release" / "pairs" / "manifest.json").read_text("utf-8")
    )
    assert manifest["facts"]["refusals"] == []
    assert manifest["facts"]["left_out"] == {"not_redistributable": left_out.num_rows}
