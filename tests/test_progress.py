import io

import pytest
from rich.console import Console

from rupairs.progress import Progress


def lines_of(monkeypatch: pytest.MonkeyPatch, *steps: tuple[int, str]) -> list[str]:
    monkeypatch.setattr("rupairs.progress._LINE_EVERY_S", 0.0)
    out = io.StringIO()
    with Progress(Console(file=out, width=200)).bar("harvest.rows", 4) as advance:
        for units, note in steps:
            advance(units, note)
    return out.getvalue().splitlines()


def test_a_note_without_progress_is_said_and_promises_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = lines_of(monkeypatch, (0, "terra: 8192 rows"), (0, "terra: 16384 rows"))
    assert first == "  harvest.rows: 0/4 terra: 8192 rows"
    assert second == "  harvest.rows: 0/4 terra: 16384 rows"


def test_what_is_done_says_how_long_the_rest_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = lines_of(monkeypatch, (2, ""))
    assert line == "  harvest.rows: 2/4, 0:00:00 left"
