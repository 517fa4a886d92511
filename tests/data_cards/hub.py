"""A Hub that can be written to, over real HTTP, and that can be told to fail."""

import base64
import hashlib
import json
import re
import threading
import urllib.parse
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+?)(?:/(.+))?")
_BATCH = re.compile(r"/(?:datasets/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch")
_RESOLVE = re.compile(r"/(?:(datasets)/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_PR = "refs/pr/"
_XET = {"Cas-Url": "casUrl", "Token-Expiration": "exp", "Access-Token": "accessToken"}
Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Repository:
    """Branches by name, the files of every commit, tags, and how often somebody asked to merge."""

    private: bool
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def files(self, revision: str = "main") -> dict[str, bytes]:
        return self.commits[self.branches.get(revision, self.tags.get(revision, revision))]

    def commit(self, files: dict[str, bytes], branch: str, message: str) -> str:
        told = repr((sorted(files.items()), len(self.commits), message)).encode()
        commit = hashlib.sha1(told).hexdigest()
        self.commits[commit] = files
        self.branches[branch] = commit
        self.messages.append(message)
        return commit


class WritableHub:
    """`repositories` by (kind, name); `faults` are (pattern, status, times, after it was done).

    Given a `token`, requests without it are answered 401. `xet` is where the storage of hf_xet is
    said to be; there is none, so that large files go there in vain.
    """

    def __init__(self) -> None:
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.large: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: list[list[Any]] = []
        self.token = ""
        self.xet = ""
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, match: str, status: int, times: int = 1, done: bool = False) -> None:
        """Answer with a status, 0 for no answer; `done`: only after doing what was asked."""
        self.faults.append([match, status, times, done])

    def add(self, kind: str, name: str, files: dict[str, bytes], private: bool = False) -> str:
        """Put files there as somebody else would."""
        found = self.repositories.setdefault((kind, name), Repository(private))
        before = found.files() if found.branches else {}
        return found.commit({**before, **files}, "main", "by somebody else")

    def handle(self, method: str, path: str, body: bytes, bearer: str) -> Answer | None:
        with self._lock:
            self.requests.append(f"{method} {path}")
            # The address of an upload is signed, and takes no token.
            if self.token and bearer != self.token and not path.startswith("/upload/"):
                return 401, {"error": "Invalid credentials in Authorization header"}, {}
            fault = self._due(f"{method} {path}")
            if fault is not None and not fault[3]:
                return (fault[1], {"error": "no"}, {}) if fault[1] else None
            answer = self._answer(method, path.removesuffix("?create_pr"), body)
            if fault is not None:
                return (fault[1], {"error": "no"}, {}) if fault[1] else None
            return answer

    def _due(self, request: str) -> list[Any] | None:
        for fault in self.faults:
            if fault[2] and fnmatch(request, fault[0]):
                fault[2] -= 1
                return fault
        return None

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        if path == "/api/whoami-v2":
            return 200, {"type": "user", "name": "anna", "auth": {}, "orgs": []}, {}
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}, {}
        if path.startswith("/upload/"):
            self.large[path.removeprefix("/upload/")] = body
            return 200, {}, {}
        if _BATCH.fullmatch(path):
            return self._batch(json.loads(body))
        if found := _RESOLVE.fullmatch(path):
            return self._resolve(found[1] or "models", found[2], found[3], found[4])
        if found := _API.fullmatch(path):
            repository = self.repositories.get((found[1], found[2]))
            if repository is None:
                return 404, {"error": "none"}, {"X-Error-Code": "RepoNotFound"}
            return self._api(repository, found[2], found[3] or "", body)
        return 404, {"error": path}, {}

    def _create(self, asked: dict[str, Any]) -> Answer:
        kind = f"{asked.get('type', 'model')}s"
        name = f"{asked.get('organization') or 'anna'}/{asked['name']}"
        folder = "" if kind == "models" else f"{kind}/"
        url = {"url": f"{self.url}/{folder}{name}", "id": "1"}
        if (kind, name) in self.repositories:
            return 409, url | {"error": "You already created this repo"}, {}
        made = self.repositories[kind, name] = Repository(asked.get("visibility") == "private")
        made.commit({".gitattributes": b"*.parquet filter=lfs\n"}, "main", "initial commit")
        return 200, url, {}

    def _batch(self, asked: dict[str, Any]) -> Answer:
        objects = []
        for thing in asked["objects"]:
            entry = {"oid": thing["oid"], "size": thing["size"]}
            if thing["oid"] not in self.large:
                href = {"href": f"{self.url}/upload/{thing['oid']}", "header": {}}
                entry["actions"] = {"upload": href}
            objects.append(entry)
        return 200, {"transfer": "basic", "objects": objects}, {}

    def _api(self, repository: Repository, name: str, rest: str, body: bytes) -> Answer:
        verb, _, value = rest.partition("/")
        value = urllib.parse.unquote(value)
        if verb == "xet-write-token":
            told = {"casUrl": self.xet, "accessToken": "xet_SecretOfAnHour", "exp": 9_999_999_999}
            headers = {f"X-Xet-{name}": str(told[key]) for name, key in _XET.items()}
            return (200, told, headers) if self.xet else (404, {"error": "no"}, {})
        if verb == "discussions":
            asked = [_discussion(n, name) for n in repository.branches if n.startswith(_PR)]
            return 200, {"discussions": asked, "count": len(asked), "start": 0}, {}
        if verb in ("preupload", "commit") and value not in repository.branches:
            return 404, {"error": "Invalid rev id"}, {"X-Error-Code": "RevisionNotFound"}
        if verb == "preupload":
            files = [
                {"path": f["path"], "uploadMode": "lfs" if _is_large(f["path"]) else "regular"}
                | {"shouldIgnore": False}
                for f in json.loads(body)["files"]
            ]
            return 200, {"files": files}, {}
        if verb == "commit":
            return self._commit(repository, name, value, body)
        if verb in ("tag", "branch"):
            asked = json.loads(body) if body else {}
            names = repository.tags if verb == "tag" else repository.branches
            label = asked.get("tag") or value
            at = value if verb == "tag" else asked.get("startingPoint") or "main"
            names[label] = repository.branches.get(at, at)
            return 200, {}, {}
        if verb == "refs":
            kinds = {"branches": repository.branches, "tags": repository.tags}
            told = {
                kind: [{"name": n, "ref": n, "targetCommit": c} for n, c in names.items()]
                for kind, names in kinds.items()
            }
            return 200, told | {"converts": []}, {}
        revision = value.partition("/")[0] if verb == "tree" else value or "main"
        if revision not in {*repository.branches, *repository.tags, *repository.commits}:
            return 404, {"error": "none"}, {"X-Error-Code": "RevisionNotFound"}
        files = repository.files(revision)
        if verb == "tree":
            return 200, [_entry(path, data) for path, data in sorted(files.items())], {}
        commit = repository.branches.get(revision, repository.tags.get(revision, revision))
        info = {"_id": "1", "id": name, "sha": commit, "private": repository.private, "tags": []}
        listed = [{"rfilename": path} for path in sorted(files)]
        return 200, info | {"siblings": listed, "downloads": 0, "likes": 0}, {}

    def _commit(self, repository: Repository, name: str, branch: str, body: bytes) -> Answer:
        lines = [json.loads(line) for line in body.splitlines() if line.strip()]
        header = lines[0]["value"]
        parent = header.get("parentCommit")
        if parent and repository.branches.get(branch) != parent:
            return 412, {"error": "A commit has happened since. Please refresh"}, {}
        files = dict(repository.files(branch)) if branch in repository.branches else {}
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
        asked = [n for n in repository.branches if n.startswith(_PR)]
        target = f"{_PR}{len(asked) + 1}" if "create_pr" in self.requests[-1] else branch
        commit = repository.commit(files, target, header["summary"])
        url = f"{self.url}/{name}/commit/{commit}"
        told = {"success": True, "commitOid": commit, "commitUrl": url, "hookOutput": ""}
        if target != branch:
            told["pullRequestUrl"] = f"{self.url}/datasets/{name}/discussions/{len(asked) + 1}"
        return 200, told, {}

    def _resolve(self, kind: str, name: str, revision: str, path: str) -> Answer:
        repository = self.repositories.get((kind, name))
        if repository is None:
            return 404, {"error": "none"}, {"X-Error-Code": "RepoNotFound"}
        files = repository.files(revision)
        commit = repository.branches.get(revision, repository.tags.get(revision, revision))
        if path not in files:
            return 404, {"error": "none"}, {"X-Error-Code": "EntryNotFound"}
        entry = _entry(path, files[path])
        tag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        return 200, files[path], {"ETag": f'"{tag}"', "X-Repo-Commit": commit}

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _discussion(ref: str, name: str) -> dict[str, Any]:
    return {
        "num": int(ref.removeprefix(_PR)),
        "title": "a release",
        "author": {"name": "anna"},
        "createdAt": "2026-01-01T00:00:00.000Z",
        "status": "open",
        "repo": {"name": name, "type": "dataset"},
        "isPullRequest": True,
    }


def _is_large(path: str) -> bool:
    return path.endswith((".parquet", ".safetensors"))


def _entry(path: str, data: bytes) -> dict[str, Any]:
    oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": oid}
    if _is_large(path):
        pointer = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        entry |= {"oid": "0" * 40, "lfs": pointer}
    return entry


def _handler(hub: WritableHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self._body()
            bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            answer = hub.handle(self.command, urllib.parse.unquote(self._path()), body, bearer)
            if answer is None:
                self.close_connection = True
                return
            status, content, headers = answer
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815

        def _path(self) -> str:
            parts = urllib.parse.urlsplit(self.path)
            return f"{parts.path}?create_pr" if "create_pr=1" in parts.query else parts.path

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
