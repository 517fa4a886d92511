"""A small Hugging Face Hub over real HTTP: enough of it to download data sets, and to fail."""

import hashlib
import json
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.faulty import Answer, FaultyServer

_API = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree)/(.+))?")
_RESOLVE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)")


class Hub(FaultyServer):
    """Serves the data sets given to `add`; `requests` lists the paths it was asked for.

    Files that match `large` are served as the Hub serves those of git LFS. `faults` says what goes
    wrong, `cut_short` that every file breaks off.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cut_short = False
        self.large = "*.parquet"
        self._files: dict[str, dict[str, bytes]] = {}
        self._commits: dict[tuple[str, str], str] = {}

    def add(self, repo: str, files: dict[str, bytes], revision: str = "main") -> str:
        """Publish files as the head of a branch, or as a commit; returns the commit."""
        digest = hashlib.sha1(repr((repo, revision, sorted(files.items()))).encode()).hexdigest()
        commit = revision if re.fullmatch("[0-9a-f]{40}", revision) else digest
        self._commits[repo, revision] = self._commits[repo, commit] = commit
        self._files[commit] = files
        return commit

    def stand_in(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        """Take the place of the real Hub in this process, which has read HF_ENDPOINT long ago."""
        from huggingface_hub import constants

        template = self.url + "/{repo_id}/resolve/{revision}/{filename}"
        for name, value in {
            "ENDPOINT": self.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": template,
            "HF_HUB_CACHE": str(cache),
            "HF_TOKEN_PATH": f"{cache}.token",
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_OFFLINE": False,
        }.items():
            monkeypatch.setattr(constants, name, value)
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("harvest.fetching.hub._commits", {})

    def checksum(self, name: str, body: bytes) -> str:
        """Return what the Hub takes for the ETag of a file."""
        return hashlib.sha256(body).hexdigest() if self._is_large(name) else _git_sha1(body)

    def answer(self, path: str) -> Answer:
        """Return status, headers and body for a path."""
        if found := _RESOLVE.fullmatch(path):
            return self._resolve(found[2], found[3])
        if not (found := _API.fullmatch(path)):
            return 404, {}, b""
        repo, kind, revision = found[1], found[2], found[3] or "main"
        if not any(name == repo for name, _ in self._commits):
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        commit = self._commits.get((repo, revision))
        if commit is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        listed = [self._entry(name, body) for name, body in self._files[commit].items()]
        info = {"_id": "1", "id": repo, "sha": commit, "private": False, "tags": [], "siblings": []}
        return 200, {}, json.dumps(listed if kind == "tree" else info).encode()

    def breaks_off(self, request: str) -> bool:
        """Say whether the body of this answer is cut short."""
        return (self.cut_short and "/resolve/" in request) or super().breaks_off(request)

    def _is_large(self, name: str) -> bool:
        return fnmatch(name, self.large)

    def _entry(self, name: str, body: bytes) -> dict[str, object]:
        entry = {"type": "file", "path": name, "size": len(body), "oid": _git_sha1(body)}
        if self._is_large(name):
            pointer = {"oid": self.checksum(name, body), "size": len(body), "pointerSize": 130}
            return entry | {"oid": _git_sha1(repr(pointer).encode()), "lfs": pointer}
        return entry

    def _resolve(self, commit: str, name: str) -> Answer:
        body = self._files.get(commit, {}).get(name)
        if body is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        tag = f'"{self.checksum(name, body)}"'
        headers = {"ETag": tag, "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if self._is_large(name):
            # What lies behind has an ETag of its own making.
            headers |= {"ETag": '"storage"', "X-Linked-Etag": tag, "X-Linked-Size": str(len(body))}
        return 200, headers, body


def _git_sha1(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
