"""Shared by the tests of fetching: a small Hub and a small site, and attempts without waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import close_session, constants

from tests.hub import Hub
from tests.site import Site
from tests.waits import pass_over


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pass over every wait between attempts; returns what they would have been, in seconds."""
    return pass_over(monkeypatch)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> Iterator[Hub]:
    """Return a Hub in the place of the real one, with nothing on it; its cache is empty."""
    with Hub() as running:
        running.stand_in(monkeypatch, tmp_path / "hub")
        yield running
    close_session()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> Iterator[Site]:
    """Return a site with nothing on it; what was fetched from sites is forgotten."""
    monkeypatch.setenv("RUPAIRS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with Site() as running:
        yield running
