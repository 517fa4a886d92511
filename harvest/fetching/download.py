"""The download: one file from a plain address, gone on with where it broke off.

The bytes grow in a part file. It is gone on with only if the server names the version it sends
(ETag or Last-Modified) and sends the same one again; otherwise it starts anew.
"""

import gzip
import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvest.fetching.transfer import (
    Attempts,
    PassingError,
    by_hand,
    disk_full,
    may_pass,
    remove,
    retry_after,
)
from harvest.source import SiteFile, Source
from rupairs import __version__
from rupairs.errors import RupairsError

if TYPE_CHECKING:
    import httpx2

CONNECT_S, SILENCE_S = 15.0, 60.0
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_BLOCK = 1 << 20
# What zipfile says of a directory with odd names, numbers or versions.
_ODD = (ValueError, LookupError, OverflowError, NotImplementedError, struct.error)


class _DamagedError(PassingError):
    """The file came whole and cannot be opened."""


@dataclass(frozen=True)
class Origin:
    """Where a file comes from and which version it is; its SHA-256 once it is whole."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""
    size: int | None = None
    sha256: str = ""

    @property
    def validator(self) -> str:
        """Return what holds for this version alone, byte by byte; "" if nothing does."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


class Download:
    """One download: the part that grows, and the origin of the bytes it holds.

    `note` is told a new origin before the first byte of it is written.
    """

    def __init__(
        self,
        source: Source,
        file: SiteFile,
        part: Path,
        origin: Origin,
        note: Callable[[Origin], None],
    ) -> None:
        self.source = source
        self.file = file
        self.part = part
        self.origin = origin
        self._note = note

    def run(self) -> None:
        """Fetch the file, over as many attempts as it is worth.

        Raises `RupairsError` naming the source, the address and what to do.
        """
        import httpx2

        attempts, damaged, most = Attempts(), 0, size_of(self.part)
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
        headers = {"User-Agent": f"rupairs/{__version__}", "Accept-Encoding": "identity"}
        with httpx2.Client(follow_redirects=True, timeout=timeout, headers=headers) as client:
            while True:
                try:
                    self._receive(client)
                    self._open()
                    return
                except (PassingError, httpx2.HTTPError) as error:
                    damaged += isinstance(error, _DamagedError)
                    gained = size_of(self.part) > most
                    most = max(most, size_of(self.part))
                    fault = _passing(error)
                    if fault is None:
                        raise self._failure(_told(error)) from None
                    if damaged > 1 or not attempts.wait_after(fault, gained):
                        raise self._failure(str(fault), "Run again to go on") from None

    def _receive(self, client: "httpx2.Client") -> None:
        """Write the rest of the file, or all of it."""
        from huggingface_hub.utils import tqdm  # type: ignore[attr-defined]

        begun = self.origin.url == self.file.url and self.origin.validator
        start = size_of(self.part) if begun else 0
        if start and start == self.origin.size:
            return
        asked = {"Range": f"bytes={start}-", "If-Range": self.origin.validator} if start else {}
        with client.stream("GET", self.file.url, headers=asked) as response:
            start = self._admit(response, start)
            if not start:
                self._begin(response)
            self._expect_space(start)
            size, name = self.origin.size, self.file.name
            bar = tqdm(  # type: ignore[no-untyped-call]
                total=size, initial=start, desc=name, unit="B", unit_scale=True, disable=None
            )
            with bar, self.part.open("ab" if start else "wb") as out:
                # Raw: what a server calls an encoding is the content of a file that ends in .gz.
                for block in response.iter_raw():
                    out.write(block)
                    bar.update(len(block))
        if size is not None and (came := size_of(self.part)) != size:
            if came > size:
                remove(self.part)
            raise PassingError(f"{came:,} of {size:,} bytes came")

    def _admit(self, response: "httpx2.Response", start: int) -> int:
        """Return the byte of the file that the answer begins with; raise if it is no answer."""
        status, headers = response.status_code, response.headers
        if may_pass(status):
            wait = retry_after(headers)
            later = f"; it asks to wait {wait:.0f} s" if wait else ""
            raise PassingError(f"HTTP {status}{later}", wait)
        if status in (206, 416):
            if status == 206 and self._goes_on(headers, start):
                return start
            remove(self.part)
            raise PassingError(f"HTTP {status}: not the rest of the file that was begun")
        if status != 200:
            raise self._failure(f"HTTP {status}")
        name = self.file.name
        is_page = headers.get("content-type", "").startswith("text/html")
        if is_page and not name.endswith((".html", ".htm")):
            raise self._failure("a web page comes instead of the file")
        encoded = headers.get("content-encoding", "identity") != "identity"
        if encoded and not name.endswith((".gz", ".tgz")):
            raise self._failure("the server compresses what was asked for as it is")
        return 0

    def _goes_on(self, headers: Mapping[str, str], start: int) -> bool:
        found = _RANGE.fullmatch(headers.get("content-range", ""))
        return (
            found is not None
            and int(found[1]) == start
            and found[2] in ("*", str(self.origin.size))
            and headers.get("etag", self.origin.etag) == self.origin.etag
        )

    def _begin(self, response: "httpx2.Response") -> None:
        """Note the origin of new bytes, once those of another are gone."""
        remove(self.part)
        headers = response.headers
        length = headers.get("content-length", "")
        self.origin = Origin(
            self.file.url,
            headers.get("etag", ""),
            headers.get("last-modified", ""),
            int(length) if length.isdecimal() else None,
        )
        self._note(self.origin)

    def _expect_space(self, start: int) -> None:
        needed = (self.origin.size or 0) - start
        if needed > shutil.disk_usage(self.part.parent).free:
            raise disk_full(self.source, self.part.parent, "RUPAIRS_CACHE", needed)

    def _open(self) -> None:
        """See that an archive can be read: of a zip the directory, of gzip every byte."""
        try:
            if self.file.name.endswith(".zip"):
                zipfile.ZipFile(self.part).close()
            elif self.file.name.endswith((".gz", ".tgz")):
                with gzip.open(self.part) as stream:
                    while stream.read(_BLOCK):
                        pass
        except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, *_ODD) as error:
            remove(self.part)
            raise _DamagedError(f"what comes is a damaged archive ({error})") from None

    def _failure(self, reason: str, remedy: str = "") -> RupairsError:
        return RupairsError(
            f"{self.source.name}: cannot fetch {self.file.name} from {self.file.url}: {reason}. "
            f"{remedy or f'Look at {self.source.url}'}, or {by_hand(self.source)}"
        )


def size_of(path: Path) -> int:
    """Return the size of a file, 0 if there is none."""
    return path.stat().st_size if path.exists() else 0


def _passing(error: Exception) -> PassingError | None:
    import httpx2

    if isinstance(error, PassingError):
        return error
    lasting = isinstance(error, httpx2.ProxyError | httpx2.UnsupportedProtocol)
    if lasting or not isinstance(error, httpx2.TransportError):
        return None
    return PassingError(_told(error))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
