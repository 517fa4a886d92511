"""Shared fixtures: a real OpenAI-compatible server over HTTP, and runs in a temporary folder."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.llm_server import ScriptedServer

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


def pytest_configure() -> None:
    """Let tests interrupt what they start, and take the time that a busy machine needs.

    A shell's background jobs ignore SIGINT, and what they start ignores it too.
    """
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
