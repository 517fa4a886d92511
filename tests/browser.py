"""The browser of tests: Debian's Chromium (`apt-get install chromium`), driven by playwright.

RUPAIRS_CHROMIUM names another program. Where either is missing, the test is skipped and says so.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def opened_browser() -> Iterator[Any]:
    """Yield a headless browser."""
    program = os.environ.get("RUPAIRS_CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium, or set RUPAIRS_CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=program, args=_FLAGS)
        yield found
        found.close()
