"""Shared fixtures: a real OpenAI-compatible server over HTTP, and runs in a temporary folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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
