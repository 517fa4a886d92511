"""SQLite files: what is said of a damaged one, or of a full disk, as an error with its name."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rupairs.errors import RupairsError

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


@contextmanager
def faults_of(path: Path, what: str, advice: str) -> Iterator[None]:
    """Raise `RupairsError` for faults of the file; `what` it is, `advice` if it is damaged."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # Messages that quote a damaged page may be no UTF-8.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_ROOM:
            raise RupairsError(
                f"{path}: the disk is full or fails ({error}); free some space and run the same "
                "command to go on"
            ) from None
        raise RupairsError(f"{path}: not a usable {what} ({error}); {advice}") from None
