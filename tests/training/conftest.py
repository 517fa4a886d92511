import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rupairs.store import StageReader
from tests.training import tiny


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> StageReader:
    return tiny.write_stage(tmp_path_factory.mktemp("run"), "harvest.pairs", tiny.training_rows())


@pytest.fixture
def one_thread() -> Iterator[None]:
    """A model of 16 dimensions is many times slower on two threads than on one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail whoever asks for an address or connects: what is local needs nothing else."""

    def refuse(*address: object, **given: object) -> None:
        raise AssertionError(f"reached for the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
