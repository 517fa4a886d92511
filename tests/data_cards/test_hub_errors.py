"""What a person is told of faults, of the library and of hf_xet alike."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from data_cards.hub_errors import MovedError, PassingHubError, told
from rupairs.errors import RupairsError

_URL = "domain: http://anna:hf_secret@hub/api/xet-write-token/main"
STATUS = "HTTP status client error "


def raised(error: Exception) -> RupairsError:
    with pytest.raises(RupairsError) as found, told("datasets/anna/set@main", "sending 3 files"):
        raise error
    return found.value


def caused(cause: Exception) -> RuntimeError:
    error = RuntimeError("Error while uploading 'train.parquet' to the Hub.")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ConnectionError(f"{STATUS}(401 Unauthorized), {_URL}"), RupairsError, "set HF_TOKEN"),
        (ConnectionError(f"{STATUS}(429 Too Many), {_URL}"), PassingHubError, "HTTP 429"),
        (ConnectionError(f"{STATUS}(409 Conflict)"), MovedError, "somebody else"),
        (ConnectionError("Network error: sending request"), PassingHubError, "no answer"),
        (caused(ConnectionResetError("peer")), PassingHubError, "train.parquet"),
        (caused(TimeoutError("too long")), PassingHubError, "no answer"),
        (RuntimeError("Server error: malformed response"), PassingHubError, "malformed"),
        (RuntimeError("hash of the file does not match"), RupairsError, "does not match"),
        (OSError(errno.ENOSPC, "No space left", "/cache"), RupairsError, "/cache: No space left"),
    ],
)
def test_every_fault_is_one_line_with_a_remedy(
    error: Exception, kind: type[RupairsError], said: str
) -> None:
    found = raised(error)
    assert type(found) is kind
    assert str(found).startswith("datasets/anna/set@main: sending 3 files: ")
    assert said in str(found)
    assert "hf_secret" not in str(found)


def test_faults_of_the_storage_that_large_files_go_to(tmp_path: Path) -> None:
    pytest.importorskip("hf_xet")
    quick = {"HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "1", "HF_XET_CLIENT_RETRY_BASE_DELAY": "10ms"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.data_cards.xet_faults", tmp_path],
        env=os.environ | quick | {"HF_HUB_DISABLE_XET": "0", "HF_HOME": str(tmp_path / "hf")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for name, (kind, words) in {
        "token 401": ("RupairsError", "set HF_TOKEN"),
        "token 404": ("RupairsError", "the token may not see it"),
        "token 500": ("PassingHubError", "HTTP 500"),
        "storage dead": ("PassingHubError", "no answer"),
        "storage 403": ("RupairsError", "set HF_TOKEN"),
    }.items():
        assert said[name][0] == kind and words in said[name][1], said[name]
        assert said[name][1].startswith("datasets/anna/ru-hnp@main: sending 3 files: ")
        assert "SecretOf" not in said[name][1]
        assert said[name][2] >= (6 if kind == "PassingHubError" else 1), "tried again"
