"""The fault campaign: a few of its points, and that it sees what a fault may do to a run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults_compare import differing, unbalanced
from rupairs.manifest import NAME
from rupairs.steps import Step, load_stages
from tests.training.tiny import training_rows, write_stage

REPOSITORY = Path(__file__).parent.parent


@pytest.mark.slow
def test_faults_of_every_kind_change_nothing(tmp_path: Path) -> None:
    words = ["--points", "4", "--seed", "1", "--until", "ruhnp.release"]
    where = ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "faults.json")]
    command = [sys.executable, "-m", "benchmarks.faults", *words, *where]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    points = json.loads((tmp_path / "faults.json").read_text())["points"]
    met = [point for point in points if point["met"]]
    assert len(met) >= 4 and not any(point["failures"] for point in points)
    assert {"kill -9", "server faults"} <= {point["kind"] for point in points}
    assert all(point["step"] and point["what"] for point in met)


@pytest.fixture
def pairs() -> Step:
    return next(s for s in load_stages()["harvest"].steps if s.name == "harvest.pairs")


def test_a_row_more_a_row_less_and_another_byte_are_seen(tmp_path: Path, pairs: Step) -> None:
    rows = training_rows()
    for name, of in {
        "whole": rows,
        "same": rows,
        "more": [*rows, rows[0]],
        "less": rows[1:],
    }.items():
        write_stage(tmp_path / name, "harvest.pairs", of)

    def found(name: str) -> list[str]:
        return differing(tmp_path / name, tmp_path / "whole", [pairs])

    part = "harvest/pairs/part-00000.parquet"
    assert found("same") == []
    assert found("more") == found("less") == [part]
    data = bytearray((tmp_path / "same" / part).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "same" / part).write_bytes(data)
    assert found("same") == [part]


def test_rows_that_do_not_add_up_are_seen(tmp_path: Path, pairs: Step) -> None:
    folder = write_stage(tmp_path, "harvest.pairs", training_rows()).directory
    assert unbalanced(tmp_path, [pairs]) == []
    manifest = json.loads((folder / NAME).read_text())
    manifest["counts"]["rows_out"] -= 1
    (folder / NAME).write_text(json.dumps(manifest))
    assert len(unbalanced(tmp_path, [pairs])) == 1
    (folder / NAME).unlink()
    assert len(unbalanced(tmp_path, [pairs])) == 1
