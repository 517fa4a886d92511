"""`rupairs annotate studio`: a server of one's own, its keys in files of their own."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from annotation.studio import KEY_FILE, LOG, PASSWORD_FILE, Studio, credentials, find_studio
from rupairs.errors import RupairsError
from tests.annotation.studio import House


def test_the_keys_are_made_once_and_only_their_owner_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_PASSWORD", "из-окружения")
    monkeypatch.delenv("LABEL_STUDIO_USER_TOKEN", raising=False)
    first = credentials(tmp_path)
    assert first.password == "из-окружения"
    assert len(first.key) == 40
    monkeypatch.setenv("LABEL_STUDIO_PASSWORD", "another")
    assert credentials(tmp_path) == first
    for name in (KEY_FILE, PASSWORD_FILE):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert first.key not in repr(first)


def test_without_label_studio_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUPAIRS_STUDIO", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("annotation.studio.PACKAGE", tmp_path / "rupairs")
    with pytest.raises(RupairsError, match="make studio"):
        find_studio()


def test_a_program_that_does_not_start_is_an_error_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "label-studio"
    program.write_text("#!/bin/sh\necho 'the database is locked' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("RUPAIRS_STUDIO", str(program))
    with pytest.raises(RupairsError, match="the database is locked"), Studio(tmp_path / "data", 0):
        pass


def test_the_verb_says_where_things_are_and_shows_no_key(house: House, tmp_path: Path) -> None:
    data = tmp_path / "studio"
    shutil.copytree(house.studio.data, data)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "rupairs.cli", "annotate", "studio"),
            *("--port", "0", "--data", str(data)),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"RUPAIRS_STUDIO": str(find_studio())},
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "an existing server" in line:
            break
    said = "".join(lines)
    url = next(line.split()[2] for line in lines if line.startswith("Label Studio: "))
    assert url.startswith("http://127.0.0.1:")
    assert f"{url}/user/signup/?token=" in said
    assert 'LABEL_STUDIO_API_KEY="$(cat' in said
    headers = {"Authorization": f"Token {house.key}"}
    who = httpx.get(f"{url}/api/current-user/whoami", headers=headers, trust_env=False)
    assert who.json()["email"] == "admin@localhost"
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=60)[1]
    assert process.returncode == 0
    password = (data / PASSWORD_FILE).read_text().strip()
    log = (data / LOG).read_text(encoding="utf-8", errors="replace")
    for secret in (house.key, password):
        assert secret not in said
        assert secret not in log
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
