"""Answers: every version of every annotation that was ever read from a server, in one file.

The votes are a pure function of it, as generated rows are of the replay log. A version is known by
its project, its id and the time of its last change, so that reading it twice adds nothing; SQLite
lets two programs write at once. What vanished from the server stays, marked `deleted`.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from annotation.export import Annotation, Data, Entry
from rupairs.sqlite import faults_of

NAME = "answers.sqlite"
_TABLES = """
create table if not exists versions (
  project text, annotation text, moment text, number integer not null, task text not null,
  body text not null, deleted integer not null default 0,
  primary key (project, annotation, moment)
);
create index if not exists numbers on versions (project, number);
create table if not exists projects (project text primary key, read_until text not null);
create table if not exists homes (project text primary key, home text not null);
"""


class Answers:
    """The file of answers of one run."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._guard = self._faults(path)
        with self._faults(path):
            self._file = sqlite3.connect(path, timeout=60)
            # What a power cut takes from the end is read again: the note of how far goes with it.
            self._file.execute("pragma journal_mode=wal")
            self._file.execute("pragma synchronous=normal")
            self._file.executescript(_TABLES)

    @staticmethod
    def _faults(path: Path) -> AbstractContextManager[None]:
        return faults_of(
            path, "store of answers", "put back a copy of it, or delete it to read the server again"
        )

    def __enter__(self) -> Self:
        self._guard.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._guard.__exit__(kind, error, trace)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make what is written inside one transaction, or part of the one that is open."""
        if self._file.in_transaction:
            yield
            return
        with self._file:
            self._file.execute("begin immediate")
            yield

    def add(self, project: str, number: int, task: str, annotations: Iterable[Annotation]) -> int:
        """Keep the versions of a task's annotations; return how many are new.

        `number` is the server's of the task. What is seen again is no longer deleted.
        """
        new = 0
        with self.together():
            for a in annotations:
                known = (project, str(a.id), a.moment)
                body = a.model_dump_json()
                new += self._file.execute(
                    "insert or ignore into versions values (?, ?, ?, ?, ?, ?, 0)",
                    (*known, number, task, body),
                ).rowcount
                self._file.execute(
                    "update versions set deleted = 0 "
                    "where project = ? and annotation = ? and deleted",
                    known[:2],
                )
        return new

    def mark_deleted(self, project: str, annotations: Iterable[str]) -> None:
        """Mark annotations that the server no longer has."""
        with self.together():
            self._file.executemany(
                "update versions set deleted = 1 "
                "where project = ? and annotation = ? and not deleted",
                [(project, a) for a in annotations],
            )

    def present(self, project: str, number: int | None = None) -> set[str]:
        """Return the annotations of a project, or of a task of it, that are not deleted."""
        if number is None:
            query = "select distinct annotation from versions where project = ? and not deleted"
            found = self._file.execute(query, (project,))
        else:
            # `distinct` would make SQLite walk the whole project in the order of the first index.
            query = (
                "select annotation from versions where project = ? and number = ? and not deleted"
            )
            found = self._file.execute(query, (project, number))
        return {annotation for (annotation,) in found}

    def count(self, project: str) -> int:
        """Return how many annotations of a project are not deleted."""
        query = "select count(distinct annotation) from versions where project = ? and not deleted"
        with closing(self._file.execute(query, (project,))) as found:
            return int(found.fetchone()[0])

    def read_until(self, project: str) -> str | None:
        """Return the moment, by the server's clock, up to which a project was read."""
        query = "select read_until from projects where project = ?"
        with closing(self._file.execute(query, (project,))) as found:
            row = found.fetchone()
        return row[0] if row else None

    def note(self, project: str, read_until: str, home: str) -> None:
        """Note up to which moment a project was read, and of which push on which server it is."""
        with self.together():
            self._file.execute(
                "insert or replace into projects values (?, ?)", (project, read_until)
            )
            self._file.execute("insert or replace into homes values (?, ?)", (project, home))

    def known(self, home: str) -> set[str]:
        """Return the projects that were ever read of a push on a server."""
        found = self._file.execute("select project from homes where home = ?", (home,))
        return {project for (project,) in found}

    def entries(self) -> Iterator[Entry]:
        """Yield the tasks with the versions of their annotations, in an order of their own."""
        query = (
            "select project, task, body, deleted from versions "
            "order by task, project, annotation, moment"
        )
        for project, task, body, deleted in self._file.execute(query):
            annotation = Annotation.model_validate_json(body)
            if deleted:
                annotation = annotation.model_copy(update={"deleted": True})
            yield Entry(data=Data(task=task), annotations=[annotation], project=project)
