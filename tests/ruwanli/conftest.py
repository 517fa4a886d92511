from collections.abc import Iterator
from pathlib import Path

import pytest

from rupairs.steps import Context
from rupairs.store import StageReader
from ruwanli.cartography import chart
from tests.ruwanli import tiny


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> StageReader:
    return tiny.write_pairs(tmp_path_factory.mktemp("run"), tiny.rows())


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """A model of 16 dimensions is many times slower on two threads than on one."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def charted(
    one_thread: None, encoder: Path, pairs: StageReader, tmp_path_factory: pytest.TempPathFactory
) -> Context:
    """A finished cartography of `pairs`; its folder is only read."""
    run = tmp_path_factory.mktemp("charted")
    context = tiny.context(
        run, "ruwanli.cartography", encoder, {"harvest.pairs": pairs}, **tiny.SETTINGS
    )
    chart(context)
    return context
