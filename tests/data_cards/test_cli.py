"""The verbs of the stage as people type them, in processes of their own."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rupairs.store import read_table
from tests.data_cards.hub import WritableHub
from tests.data_cards.test_publish import release

SECRET = "hf_SecretSecretSecret"


def rupairs(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rupairs.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"} | environment,
    )


def usage(hub: WritableHub, home: Path, card: str) -> "subprocess.CompletedProcess[str]":
    """Run what a card on the Hub says to run, as somebody who has nothing of it yet."""
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert '"anna/' in code
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ
        | {"HF_ENDPOINT": hub.url, "HF_TOKEN": SECRET, "HF_HOME": str(home / "their home")}
        | {"HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"},
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


@pytest.fixture
def hub() -> Iterator[WritableHub]:
    """A Hub that lets nobody in but who has the secret."""
    with WritableHub() as found:
        found.token = SECRET
        yield found


def at(hub: WritableHub, home: Path, *arguments: object, token: str = SECRET) -> Any:
    """Run a verb against a Hub; whatever it says, it must not say the secret."""
    done = rupairs(
        *arguments,
        HF_ENDPOINT=hub.url,
        HF_TOKEN=token,
        HF_HOME=str(home / "hf"),
        HF_HUB_OFFLINE="0",
        HF_HUB_DISABLE_XET="1",
    )
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_data_set_goes_to_the_hub_and_is_verified_there(
    hub: WritableHub, finished_run: Path, tmp_path: Path
) -> None:
    folder = finished_run / "release" / "ruwanli"
    shown = at(hub, tmp_path, "publish", folder, "anna/nli", "--simulated")
    assert shown.returncode == 0, shown.stderr
    assert "nothing was sent" in shown.stdout and "is to be made" in shown.stdout
    assert not hub.repositories
    refused = at(hub, tmp_path, "publish", folder, "anna/nli", "--yes")
    assert refused.returncode == 1 and "--simulated" in refused.stderr
    done = at(
        *(hub, tmp_path, "publish", folder, "anna/nli", "--yes", "--simulated"),
        *("--tag", "v1", "--json"),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    repository = hub.repositories["datasets", "anna/nli"]
    assert (told["commit"], told["tag"]) == (repository.tags["v1"], "v1")
    assert told["opened"]["default/test"] == 3 and told["opened"]["annotations/train"] > 3
    assert repository.private
    ran = usage(hub, tmp_path, repository.files()["README.md"].decode())
    assert ran.returncode == 0, ran.stderr
    verified = at(hub, tmp_path, "verify", "anna/nli", "--json")
    found = json.loads(verified.stdout)
    assert verified.returncode == 0, [f for f in found["findings"] if f["severity"] == "fault"]
    assert found["rows"]["default/test"] == 3


def test_a_model_goes_to_the_hub_and_opens(
    hub: WritableHub, finished_run: Path, tmp_path: Path
) -> None:
    folder = finished_run / "release" / "encoder"
    done = at(hub, tmp_path, "publish", folder, "anna/encoder", "--yes", "--simulated", "--public")
    assert done.returncode == 0, done.stderr
    assert "opened from there" in done.stdout and "vectors 1" in done.stdout
    repository = hub.repositories["models", "anna/encoder"]
    assert not repository.private
    files = repository.files()
    assert {"model.safetensors", "modules.json", "README.ru.md"} <= set(files)
    ran = usage(hub, tmp_path, files["README.md"].decode())
    assert ran.returncode == 0 and "tensor([[" in ran.stdout, ran.stderr


def test_who_may_not_write_is_told_what_to_do(hub: WritableHub, tmp_path: Path) -> None:
    folder = release(tmp_path / "a", ["Лена поёт."])
    wrong = at(hub, tmp_path, "publish", folder, "anna/set", "--yes", token="hf_another")
    assert wrong.returncode == 1 and "set HF_TOKEN to one that may write" in wrong.stderr
    hub.add("datasets", "anna/set", {"README.md": b"x"})
    hub.fail("POST */commit/*", 409, times=999)
    moved = at(hub, tmp_path, "publish", folder, "anna/set", "--yes")
    assert moved.returncode == 1 and "somebody else changed it" in moved.stderr
    hub.fail("PUT /upload/*", 403, times=999)
    hub.large.clear()
    barred = at(hub, tmp_path, "publish", folder, "anna/set", "--yes", "--json")
    assert barred.returncode == 1 and "this token may not do that" in barred.stderr


@pytest.mark.parametrize("name", ["justname", "anna/with space"])
def test_a_name_that_is_none_is_refused_before_anything_is_asked(
    hub: WritableHub, tmp_path: Path, name: str
) -> None:
    done = at(hub, tmp_path, "publish", tmp_path / "not there", name)
    assert done.returncode == 2 and done.stderr.startswith(f"error: {name}: ")
    assert hub.requests == []
