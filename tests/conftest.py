"""Shared fixtures: a real OpenAI-compatible server over HTTP, and runs in a temporary folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.llm_server import ScriptedServer
from tests.tiny import write_recipe

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture
def llm_server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture(scope="session")
def realdata() -> Path:
    folder = Path(os.environ.get("RUPAIRS_REALDATA", REPOSITORY.parent / "shared" / "realdata"))
    if not folder.is_dir():
        pytest.skip(f"real data is not on this machine ({folder.name}); set RUPAIRS_REALDATA")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here ({done.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.training.tiny import write_encoder

    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    """A whole run of the tiny chain, its recipe beside it; its folder is only read."""
    folder = tmp_path_factory.mktemp("whole")
    with ScriptedServer() as server:
        recipe = write_recipe(folder, server.url, tiny_encoder)
        done = subprocess.run(
            [sys.executable, "-m", "rupairs.cli", "run", str(recipe), "--out", folder / "run"],
            env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    assert done.returncode == 0, done.stderr
    assert "what was made" in done.stdout
    return folder / "run"


# What costs a minute to make is made once, by the one worker that has all the tests of it; those
# that take longest first.
SHARED = ("installed", "house", "finished_run")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in this hook too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a file share what it makes, so one worker runs them; so do users of a shared one.

    Shared ones come first, so that no worker is left with one at the end.
    """

    def rank(item: pytest.Item) -> int:
        used = (n for n, name in enumerate(SHARED) if name in getattr(item, "fixturenames", ()))
        return next(used, len(SHARED))

    items.sort(key=rank)
    for item in items:
        groups = (*SHARED, item.nodeid.partition("::")[0])
        item.add_marker(pytest.mark.xdist_group(groups[rank(item)]))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name no test after bytes: archives hold the second they were made in, another a worker."""
    return "bytes" if isinstance(val, bytes) else None


def pytest_configure() -> None:
    """Let tests interrupt what they start, and take the time that a busy machine needs.

    A shell's background jobs ignore SIGINT, and what they start ignores it too.
    """
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
