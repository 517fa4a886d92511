"""One real vLLM on the CPU for the whole session, serving a random model made on the spot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rupairs.vllm.command import Served
from rupairs.vllm.environment import VllmError, find_environment
from rupairs.vllm.server import VllmServer
from tests.vllm.tiny import write_model

# A start takes half a minute on two cores that do nothing else, and some when they do.
TIMEOUT_S = 300.0


@pytest.fixture(scope="session")
def installed() -> None:
    try:
        environment = find_environment()
    except VllmError as error:
        pytest.skip(f"a real vLLM is not here: {error}")
    if environment.device != "cpu":
        pytest.skip(f"{environment.package} is for a GPU: these tests are sized for the CPU build")


@pytest.fixture(scope="session")
def model(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("vllm") / "tiny")


@pytest.fixture(scope="session")
def said() -> list[str]:
    """What the server has said of itself."""
    return []


@pytest.fixture(scope="session")
def server(
    model: Path, said: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VllmServer]:
    log = tmp_path_factory.mktemp("vllm-log") / "vllm.log"
    served = Served(str(model), max_model_len=2048)
    with VllmServer(served, log, timeout=TIMEOUT_S, say=said.append) as running:
        yield running
