"""A small Hugging Face Hub over real HTTP: enough of it to download data sets, and to fail."""

import hashlib
import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

_API = re.compile(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree)/(.+))?")
_RESOLVE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)")


class Hub:
    """Serves the data sets given to `add`; `requests` lists the paths it was asked for."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.cut_short = False
        self._files: dict[str, dict[str, bytes]] = {}
        self._commits: dict[tuple[str, str], str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def add(self, repo: str, files: dict[str, bytes], revision: str = "main") -> str:
        """Publish files as the head of a branch; returns the commit."""
        commit = hashlib.sha1(repr((repo, revision, sorted(files.items()))).encode()).hexdigest()
        self._commits[repo, revision] = self._commits[repo, commit] = commit
        self._files[commit] = files
        return commit

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
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
        files = self._files[commit]
        listed = [
            {"type": "file", "path": n, "size": len(b), "oid": hashlib.sha1(b).hexdigest()}
            for n, b in files.items()
        ]
        info = {"_id": "1", "id": repo, "sha": commit, "private": False, "tags": [], "siblings": []}
        return 200, {}, json.dumps(listed if kind == "tree" else info).encode()

    def _resolve(self, commit: str, name: str) -> tuple[int, dict[str, str], bytes]:
        body = self._files.get(commit, {}).get(name)
        if body is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        tag = hashlib.sha1(body).hexdigest()
        return 200, {"ETag": f'"{tag}"', "X-Repo-Commit": commit}, body

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            hub.requests.append(f"{self.command} {path}")
            status, headers, body = hub.answer(path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                cut = hub.cut_short and "/resolve/" in path
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.close_connection = cut

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
