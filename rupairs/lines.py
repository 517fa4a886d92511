"""Lines of text files, plain or compressed; whatever is wrong is said with its place."""

import bz2
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from rupairs.errors import RupairsError

AGAIN = "fetch the file again"
_BOM = "\ufeff"
# A small archive may hold a line that does not fit into memory.
_LONGEST = 256 << 20


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line with its end); only a line feed ends a line.

    Raises `RupairsError` naming the file when it is missing, empty, cut short, has a line of over
    256 MiB, or is not UTF-8 (with the line and the byte offset in the decompressed text).
    """
    number = offset = 0
    try:
        with _open(path) as stream:
            for number, raw in enumerate(iter(lambda: stream.readline(_LONGEST + 1), b""), 1):
                if len(raw) > _LONGEST:
                    raise RupairsError(
                        f"{path}: line {number} is longer than {_LONGEST >> 20} MiB: this is no "
                        "file of one row a line"
                    )
                line = _decode(path, number, offset, raw)
                offset += len(raw)
                yield number, line.removeprefix(_BOM) if number == 1 else line
    except FileNotFoundError:
        raise RupairsError(f"{path}: no such file") from None
    except (EOFError, OSError, zlib.error) as error:
        raise RupairsError(
            f"{path}: cannot be read after line {number} ({error}); {AGAIN}"
        ) from None
    if not number:
        raise RupairsError(f"{path}: the file is empty; {AGAIN}")


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    if path.suffix == ".bz2":
        return bz2.open(path, "rb")
    return path.open("rb")


def _decode(path: Path, number: int, offset: int, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RupairsError(
            f"{path}: line {number}: byte {offset + error.start} is not UTF-8; "
            f"save the file as UTF-8 or {AGAIN}"
        ) from None
