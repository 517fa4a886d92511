"""A small site over real HTTP that offers files, as a publisher of data sets does."""

import hashlib
from email.utils import formatdate

from tests.faulty import Answer, FaultyServer


class Site(FaultyServer):
    """Serves the files given to `add`; `faults` says what goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, Answer] = {}

    def add(self, name: str, body: bytes, **headers: str) -> str:
        """Offer a file, with more headers, or without those given as ""; returns its address."""
        told = {
            "ETag": f'"{hashlib.md5(body).hexdigest()}"',
            "Last-Modified": formatdate(1_700_000_000, usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
        } | {key.replace("_", "-"): value for key, value in headers.items()}
        self._files[f"/{name}"] = 200, told, body
        return f"{self.url}/{name}"

    def answer(self, path: str) -> Answer:
        """Return status, headers and body for a path."""
        return self._files.get(path, (404, {}, b""))
