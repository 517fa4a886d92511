"""Scores of pairs of texts, kept on disk by what gave them: other thresholds cost no second pass.

A score is stored under the model's identity and the two texts. A run that is killed has what it
stored, and another run with the same model asks for nothing again.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from rupairs.sqlite import faults_of
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
        with self._open() as db:
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
        with self._open() as db:
            for start in range(0, len(keys), _STORED_AT_ONCE):
                part = keys[start : start + _STORED_AT_ONCE]
                marks = ",".join("?" * len(part))
                found |= dict(db.execute(f"SELECT * FROM scores WHERE key IN ({marks})", part))
        return found

    def store(self, scores: Mapping[str, float]) -> None:
        """Store key → score; they are on their way to disk when this returns."""
        with self._open() as db, db:
            db.executemany("INSERT OR REPLACE INTO scores VALUES (?, ?)", scores.items())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with (
            faults_of(self.path, "store of scores", "delete it"),
            closing(sqlite3.connect(self.path, timeout=30.0)) as db,
        ):
            db.execute("PRAGMA journal_mode=WAL")
            yield db
