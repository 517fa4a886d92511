"""Archives: the wanted members of .zip and .tar files, read as if they lay beside the rest.

1. They are unpacked into a temporary folder, under the name of their archive, so that an error
   about a line or a row of one says the archive and the member.
2. They join the native files as `ARCHIVE/MEMBER`; a glob such as `ru_train.jsonl` finds them
   wherever they came from, and everything that reads a file reads them.
3. They are gone when the `with` block ends. The folder is made where TMPDIR says.
"""

import errno
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from harvest.reading.lines import AGAIN
from harvest.source import Native
from rupairs.errors import RupairsError

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LZMAError,
    EOFError,
    OSError,
    # So says zipfile that a member needs a password, or was packed in a way it does not know.
    RuntimeError,
    # And so that a name is no text, a number is none, or a place lies beyond any file.
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
)
# Text is packed to a fifth, lists of repeats to a fiftieth: more is made to fill the disk.
_MOST_TIMES, _ALWAYS_FINE = 200, 1 << 24
_BLOCK = 1 << 20


@contextmanager
def unpacked(
    native: Native, archives: tuple[str, ...], wanted: tuple[str, ...]
) -> Iterator[Native]:
    """Give the native files, joined by the members that any of the globs `wanted` matches.

    Where none of the globs `archives` matches a file, the files are what they were. Raises
    `RupairsError` naming an archive that is damaged, or holds nothing wanted (and what it holds).
    """
    packed = {name: path for name, path in native.files.items() if _matches(name, archives)}
    with TemporaryDirectory(prefix="harvest-") as folder:
        files = dict(native.files)
        for name, path in packed.items():
            native.tick(f"{path.name}: unpacking")
            target = Path(folder) / name
            for member in _unpack(path, wanted, target):
                files[f"{name}/{member}"] = target / member
        yield replace(native, files=files)


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    return any(PurePosixPath(name).match(glob) for glob in globs)


def _unpack(archive: Path, wanted: tuple[str, ...], target: Path) -> list[str]:
    """Write the wanted members under `target`; return their names."""
    held: list[str] = []
    room = max(_ALWAYS_FINE, _MOST_TIMES * archive.stat().st_size)
    try:
        for member, stream in _members(archive):
            held.append(member)
            if _matches(member, wanted):
                room -= _write(stream, target / member, room)
                if room < 0:
                    raise RupairsError(
                        f"{archive}: {member} unpacks to over {_MOST_TIMES} times the size of the "
                        "archive, as no text does; do not unpack it"
                    )
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise RupairsError(
                f"{archive}: no room to unpack it in {target.parent}; set TMPDIR to a folder "
                "that has it"
            ) from None
        place = held[-1] if held else "its start"
        raise RupairsError(
            f"{archive}: cannot be read near {place} ({error or type(error).__name__}); {AGAIN}"
        ) from None
    if taken := [member for member in held if _matches(member, wanted)]:
        return taken
    raise RupairsError(
        f"{archive}: holds none of {', '.join(wanted)}; it holds {', '.join(held) or 'nothing'}"
    )


def _write(stream: IO[bytes], path: Path, room: int) -> int:
    """Copy a member until there is no room for it; return how much was copied."""
    path.parent.mkdir(parents=True, exist_ok=True)
    copied = 0
    with path.open("wb") as copy:
        while copied <= room and (block := stream.read(_BLOCK)):
            copied += copy.write(block)
    return copied


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the name and the content of every plain file, in one pass over the archive."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as bundle:
            for entry in bundle.infolist():
                if not entry.is_dir() and _is_ours(archive, entry.filename):
                    with bundle.open(entry) as stream:
                        yield entry.filename, stream
        return
    with tarfile.open(archive) as tape:
        for member in tape:
            content = tape.extractfile(member) if member.isreg() else None
            if content and _is_ours(archive, member.name):
                with content:
                    yield member.name, content


def _is_ours(archive: Path, member: str) -> bool:
    """Say whether a member is a file somebody put there, and not a shadow that macOS adds."""
    path = PurePosixPath(member)
    if path.is_absolute() or ".." in path.parts:
        raise RupairsError(f"{archive}: {member} points outside the archive; do not unpack it")
    return "__MACOSX" not in path.parts and not path.name.startswith("._")
