"""Scores of pairs of texts, kept on disk by what gave them: other thresholds cost no second pass.

A score is stored under the model's identity and the two texts. A run that is killed has what it
stored, and another run with the same model asks for nothing again.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from rupairs.errors import RupairsError
from rupairs.text import digest

Texts = tuple[str, str]
"""Two texts in the order in which they were scored."""

_STORED_AT_ONCE = 500


class ScoreStore:
    """One SQLite file; `model` is everything that decides a score but the texts."""

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS scores (key TEXT PRIMARY KEY, score REAL NOT NULL)"
                " WITHOUT ROWID"
            )

    def key(self, pair: Texts) -> str:
        """Return the key of a pair."""
        return digest((self.model, *pair))

    def known(self, keys: Sequence[str]) -> dict[str, float]:
        """Return key → score of the keys that are there."""
        found: dict[str, float] = {}
        with closing(self._connect()) as db:
            for start in range(0, len(keys), _STORED_AT_ONCE):
                part = keys[start : start + _STORED_AT_ONCE]
                marks = ",".join("?" * len(part))
                found |= dict(db.execute(f"SELECT * FROM scores WHERE key IN ({marks})", part))
        return found

    def store(self, scores: Mapping[str, float]) -> None:
        """Store key → score; they are on their way to disk when this returns."""
        with closing(self._connect()) as db, db:
            db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?)", scores.items())

    def _connect(self) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(self.path, timeout=30.0)
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.DatabaseError as error:
            raise RupairsError(
                f"{self.path}: not a usable store of scores ({error}); delete it"
            ) from None
        return db
