"""Shared by the tests of fetching: attempts that follow each other at once."""

import pytest

from tests.waits import pass_over


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pass over every wait between attempts; returns what they would have been, in seconds."""
    return pass_over(monkeypatch)
