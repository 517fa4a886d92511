"""The transfer: faults that may pass, pauses between attempts, checksums, and full disks.

Both ways to a data set's files, the Hub and the original site, go by these rules.
"""

import errno
import random
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha1
from pathlib import Path

from harvest.source import Source
from rupairs.errors import RupairsError
from rupairs.manifest import sha256

ATTEMPTS = 5
"""Failures in a row, with nothing gained in between, after which a download is given up."""
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
LONGEST_WAIT_S = 600.0
"""A server that asks for a longer wait than this is asked again in another run."""

_SHA256, _SHA1 = 64, 40
_BLOCK = 1 << 20

# A file is the same for as long as nothing wrote to it, whatever it is called meanwhile.
_Identity = tuple[int, int, int, int]
_hashes: dict[_Identity, str] = {}
_matched: set[tuple[_Identity, str]] = set()


class DiskFullError(RupairsError):
    """No source can be fetched any more."""


class PassingError(Exception):
    """A fault that may be gone at the next attempt; `wait` are the seconds the server asks for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Attempts:
    """Counts the failures in a row of one download, and waits after each."""

    def __init__(self) -> None:
        self.failures = 0

    def wait_after(self, fault: PassingError, gained: bool = False) -> bool:
        """Wait for the next attempt and return True; return False, at once, if none is left."""
        self.failures = 1 if gained else self.failures + 1
        if self.failures >= ATTEMPTS or (fault.wait or 0) > LONGEST_WAIT_S:
            return False
        ceiling = min(FIRST_PAUSE_S * 2 ** (self.failures - 1), LONGEST_PAUSE_S)
        # A second more than asked: the server's seconds are rounded down.
        asked = 0.0 if fault.wait is None else fault.wait + random.uniform(0, 1)
        time.sleep(max(asked, ceiling * random.uniform(0.5, 1.0)))
        return True


def may_pass(status: int) -> bool:
    """Say whether an HTTP status stands for a fault that may be gone at the next attempt."""
    return status in (408, 425, 429) or status >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date (RFC 9110)."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, worked out once for as long as the file is the same."""
    identity = _identity(path)
    if identity not in _hashes:
        _hashes[identity] = sha256(path)
    return _hashes[identity]


def matches(path: Path, checksum: str) -> bool:
    """Say whether a file has a checksum: a SHA-256, or the SHA-1 that git gives its content."""
    if len(checksum) == _SHA256:
        return sha256_of(path) == checksum
    identity = _identity(path)
    if (identity, checksum) not in _matched:
        if len(checksum) != _SHA1 or _git_sha1(path) != checksum:
            return False
        _matched.add((identity, checksum))
    return True


def remove(path: Path) -> None:
    """Remove a file and what is remembered of it: the next one may get its number and time."""
    if path.exists():
        identity = _identity(path)
        _hashes.pop(identity, None)
        _matched.difference_update([m for m in _matched if m[0] == identity])
    path.unlink(missing_ok=True)


def _identity(path: Path) -> _Identity:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _git_sha1(path: Path) -> str:
    content = sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            content.update(block)
    return content.hexdigest()


def is_full(error: BaseException) -> bool:
    """Say whether an error means that the disk, or one's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(
    source: Source, folder: Path, variable: str, needed: int | None = None
) -> RupairsError:
    """Return the error for a full disk; `variable` moves the folder to another one."""
    standing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(standing).free
    need = "" if needed is None else f" of {needed / 1e6:,.1f} MB needed"
    return DiskFullError(
        f"{source.name}: no space left in {folder}: {free / 1e6:,.1f} MB free{need}; free some or "
        f"set {variable} to a folder on another disk, then run again to go on"
    )


def by_hand(source: Source) -> str:
    """Return what a person can do when nothing fetches the files of a source."""
    return (
        f"put {' or '.join(source.files)} into DIR/{source.name} and run with --from-dir DIR "
        "--fetch-missing (in a recipe: from_dir and fetch_missing of [harvest]), which fetches the "
        "other sources"
    )
