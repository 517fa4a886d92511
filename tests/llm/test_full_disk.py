"""No room for what is to be kept: one line that names the file."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from rupairs.encoder import faults_of_files
from rupairs.errors import RupairsError
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request

OPEN = """
import resource, sys
from pathlib import Path
from rupairs.llm.log import ReplayLog
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
ReplayLog(Path(sys.argv[1]))
"""


def test_a_replay_log_that_cannot_be_written_names_the_disk(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "llm.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert "llm.sqlite: the disk is full or fails" in last
    assert "run the same command to go on" in last


def test_a_replay_log_that_finds_no_more_room_names_it(small_disk: Path) -> None:
    path = small_disk / "llm.sqlite"
    with ReplayLog(path) as log:
        request = Request("completions", "m", "r", "paraphrase.v1", 1, {}, "Дом" * 999_000)
        with pytest.raises(RupairsError, match=r"llm.sqlite: the disk is full .* run the same"):
            log.fail(request, "BadRequestError", "слишком длинно" * 99_000)


# The second is so large that torch finds no room for the last bytes alone.
@pytest.mark.parametrize("size", [1_000_000, 261_900])
@pytest.mark.parametrize("library", ["torch", "safetensors.torch"])
def test_weights_that_find_no_room_are_an_error_of_the_file(
    small_disk: Path, library: str, size: int
) -> None:
    weights = {"weights": pytest.importorskip("torch").zeros(size)}
    if library != "torch":
        (small_disk / "other").write_bytes(bytes(10_000))
    module = pytest.importorskip(library)
    save = module.save if library == "torch" else module.save_file
    with pytest.raises(OSError) as raised, faults_of_files(small_disk):
        save(weights, str(small_disk / "model"))
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(small_disk)


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), faults_of_files(Path("model")):
        raise RuntimeError("shapes differ")
