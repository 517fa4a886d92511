"""The replay log: every answer is stored under its request's key before anyone sees it.

SQLite in WAL mode, so a kill at any moment loses no stored answer and tears none. Failures are
kept apart and never stand for an answer.
"""

import json
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import TypeAdapter

from rupairs.errors import RupairsError
from rupairs.llm.request import Answer, Request
from rupairs.sqlite import faults_of

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, answer TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failures (
    key TEXT PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL
) WITHOUT ROWID;
CREATE TEMP TABLE just_failed (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""


_ANSWER = TypeAdapter(Answer)
_OBJECT: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


class ReplayLog:
    """Answers by request key. One file, safe to read while a run writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._faults():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLES)
        self._has_failures = self._do("SELECT 1 FROM failures") is not None
        self._has_just_failures = False

    def get(self, key: str) -> Answer | None:
        """Return the stored answer, or None if the call has not finished."""
        row = self._do("SELECT answer FROM answers WHERE key = ?", key)
        try:
            return _ANSWER.validate_json(row[0]) if row else None
        except (ValueError, TypeError):
            raise self._damaged(key) from None

    def exchange(self, key: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return the request and the answer of a call as they were stored."""
        row = self._do("SELECT request, answer FROM answers WHERE key = ?", key)
        try:
            return (_OBJECT.validate_json(row[0]), _OBJECT.validate_json(row[1])) if row else None
        except (ValueError, TypeError):
            raise self._damaged(key) from None

    def _damaged(self, key: str) -> RupairsError:
        return RupairsError(
            f"{self.path}: what it holds of the call {key} is damaged; put back a copy of the file,"
            " or delete it to ask everything again"
        )

    def _do(self, query: str, *values: str) -> Any:
        """Carry out a statement; return its first row, None if there is none."""
        with self._faults():
            return self._db.execute(query, values).fetchone()

    def _faults(self) -> AbstractContextManager[None]:
        return faults_of(
            self.path, "replay log", "put back a copy of it, or delete it to ask everything again"
        )

    def has(self, key: str) -> bool:
        """Say whether a call has an answer."""
        return self._holds("answers", key)

    def _holds(self, table: str, key: str) -> bool:
        return self._do(f"SELECT 1 FROM {table} WHERE key = ?", key) is not None

    def put(self, request: Request, answer: Answer) -> None:
        """Store an answer; it is on its way to disk when this returns."""
        self._do(
            "INSERT OR IGNORE INTO answers VALUES (?, ?, ?)",
            request.key,
            request.to_json(),
            json.dumps(vars(answer), ensure_ascii=False),
        )
        if self._has_failures:
            self._do("DELETE FROM failures WHERE key = ?", request.key)

    def fail(self, request: Request, reason: str, detail: str) -> None:
        """Store that a call failed for good in this run."""
        self._do("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", request.key, reason, detail)
        self._do("INSERT OR IGNORE INTO just_failed VALUES (?)", request.key)
        self._has_failures = self._has_just_failures = True

    def has_just_failed(self, key: str) -> bool:
        """Say whether a call failed since `forget_failed`."""
        return self._has_just_failures and self._holds("just_failed", key)

    def forget_failed(self) -> None:
        """From here on, calls that failed before may be sent again."""
        self._do("DELETE FROM just_failed")
        self._has_just_failures = False

    def failure(self, key: str) -> tuple[str, str] | None:
        """Return (reason, detail) of a failed call."""
        row = self._do("SELECT reason, detail FROM failures WHERE key = ?", key)
        return (row[0], row[1]) if row else None

    def tokens(self) -> int:
        """Return the tokens, prompt and completion, of all stored answers."""
        return sum(self.tokens_by_side())

    def tokens_by_side(self) -> tuple[int, int]:
        """Return the tokens of all stored answers: those of prompts, and those generated."""
        sums = ", ".join(
            f"coalesce(sum(answer ->> '{side}_tokens'), 0)" for side in ("prompt", "completion")
        )
        prompt, completion = self._do(f"SELECT {sums} FROM answers")
        return prompt, completion

    def __len__(self) -> int:
        count: int = self._do("SELECT count(*) FROM answers")[0]
        return count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
