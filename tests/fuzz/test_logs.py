"""The replay log, torn or written over: an answer, no answer, or an error that names the file."""

import json
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rupairs.errors import RupairsError
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Answer, Request
from tests.fuzz.damage import FUZZED, JUNK, damaged, promptly, spelled, twisted

ANSWER = Answer("Дом стоит.", "stop", 3, 5, "m", 0.25, False)
REQUESTS = [Request("completions", "m", "r", "paraphrase.v1", n, {}, f"Дом {n}:") for n in range(4)]


def written(path: Path) -> bytes:
    """Write a log of a few answers and a failure; return its bytes."""
    with ReplayLog(path) as log:
        for request in REQUESTS[:-1]:
            log.put(request, ANSWER)
        log.fail(REQUESTS[-1], "BadRequestError", "слишком длинно")
    return path.read_bytes()


def reads(path: Path) -> list[Answer | None] | None:
    """Read everything a log holds; None where it was refused by its name."""
    with promptly():
        try:
            with ReplayLog(path) as log:
                found = [log.get(request.key) for request in REQUESTS]
                known = [log.has(request.key) for request in REQUESTS]
                for request in REQUESTS:
                    log.exchange(request.key)
                    log.failure(request.key)
                assert isinstance(len(log), int) and isinstance(log.tokens(), int | float)
        except RupairsError as error:
            assert str(error).startswith(f"{path}: ")
            return None
    assert [answer is not None for answer in found] == known
    return found


def test_a_log_is_whole_to_begin_with(tmp_path: Path) -> None:
    written(tmp_path / "llm.sqlite")
    assert reads(tmp_path / "llm.sqlite") == [ANSWER] * 3 + [None]


@cache
def whole() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return written(Path(folder) / "llm.sqlite")


@FUZZED
@given(st.data())
def test_a_torn_log_gives_its_answers_or_is_named(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "llm.sqlite"
        path.write_bytes(data.draw(damaged(whole())))
        reads(path)


@FUZZED
@example(0, b"r\x80", 3_989)
@given(st.integers(0, 6), st.binary(min_size=1, max_size=40), st.integers(0, 4_095))
def test_pages_written_over_are_named(page: int, new: bytes, at: int) -> None:
    """SQLite has 4,096 bytes a page; whatever is not in them is text of the answers."""
    log = whole()
    place = (page * 4_096 + at) % len(log)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "llm.sqlite"
        path.write_bytes(log[:place] + new + log[place + len(new) :])
        reads(path)


STORED = json.loads(json.dumps(vars(ANSWER)))


@FUZZED
@example('{"text": "Дом сто')
@example("[]")
@example("")
@example(b"\xff")
@example(5)
@given(twisted(STORED).map(spelled) | JUNK.map(spelled) | st.binary(max_size=9) | st.integers(0, 9))
def test_garbage_in_place_of_an_answer(garbage: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "llm.sqlite"
        path.write_bytes(whole())
        with closing(sqlite3.connect(path, isolation_level=None)) as base:
            base.execute("UPDATE answers SET answer = ? WHERE key = ?", (garbage, REQUESTS[0].key))
        found = reads(path)
    if found is not None:
        assert found[0] is not None and isinstance(found[0].text, str)
        assert found[1:] == [ANSWER, ANSWER, None]


@pytest.mark.parametrize("content", [b"", b"\0", b"garbage\n", b"SQLite format 3\0" + b"\1" * 99])
def test_a_file_that_is_no_log(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "llm.sqlite"
    path.write_bytes(content)
    assert reads(path) in (None, [None] * 4)
