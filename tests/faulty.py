"""A small HTTP server that can be told to fail: to refuse, to break off, to damage, to be slow."""

import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Fault:
    """What goes wrong with requests that match, `left` more times; None is always."""

    match: str
    left: int | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Faults:
    """Faults by requests, matched as `GET /path` with wildcards; the first that has any left."""

    def __init__(self) -> None:
        kinds = ("fail", "cut", "corrupt", "stall")
        self._planned: dict[str, list[Fault]] = {kind: [] for kind in kinds}
        self._lock = threading.Lock()

    def fail(
        self, match: str, status: int, times: int | None = 1, body: bytes = b"", **headers: str
    ) -> None:
        """Answer with a status; `retry_after` stands for the header Retry-After."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._planned["fail"].append(Fault(match, times, status, named, body))

    def cut(self, match: str, times: int | None = 1) -> None:
        """Announce a whole body, send half of it, and hang up."""
        self._planned["cut"].append(Fault(match, times))

    def corrupt(self, match: str, times: int | None = 1) -> None:
        """Send a body of the right length with wrong bytes."""
        self._planned["corrupt"].append(Fault(match, times))

    def stall(self, match: str, times: int | None = 1) -> None:
        """Take the request and say nothing."""
        self._planned["stall"].append(Fault(match, times))

    def take(self, kind: str, request: str) -> Fault | None:
        """Return the fault that is due."""
        with self._lock:
            for fault in self._planned[kind]:
                if fault.left != 0 and fnmatch(request, fault.match):
                    fault.left = fault.left and fault.left - 1
                    return fault
        return None


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up, or are killed."""


class FaultyServer:
    """Serves what `answer` returns; `requests` lists what was asked, `ranges` the parts asked for.

    `pace` are the bytes sent at a time and the seconds between; `ranged` is whether parts are given
    of answers that say `Accept-Ranges`.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.ranges: list[str] = []
        self.sent: list[Mapping[str, str]] = []
        self.faults = Faults()
        self.pace: tuple[int, float] | None = None
        self.ranged = True
        self.stopping = threading.Event()
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, path: str) -> Answer:
        """Return status, headers and body for a path."""
        raise NotImplementedError

    def breaks_off(self, request: str) -> bool:
        """Say whether the body of this answer is cut short."""
        return self.faults.take("cut", request) is not None

    def __enter__(self) -> Self:
        # The loop looks for an end this often, and every test waits for it.
        poll = {"poll_interval": 0.01}
        threading.Thread(target=self._server.serve_forever, kwargs=poll, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


def _part(asked: str, condition: str, whole: Answer) -> Answer:
    """Return the answer to a request for a part, or the whole where the part is of another."""
    _, headers, body = whole
    validators = (headers.get("ETag"), headers.get("Last-Modified"))
    if not asked or (condition and condition not in validators):
        return whole
    start = int(asked.removeprefix("bytes=").partition("-")[0])
    if start >= len(body):
        return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
    told = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
    return 206, {**headers, **told}, body[start:]


def _handler(server: FaultyServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
            request = f"{self.command} {path}"
            server.requests.append(request)
            server.sent.append(dict(self.headers))
            if asked := self.headers.get("Range", ""):
                server.ranges.append(asked)
            if server.faults.take("stall", request):
                server.stopping.wait()
                self.close_connection = True
                return
            if fault := server.faults.take("fail", request):
                self.give(fault.status, fault.headers, fault.body, request)
                return
            status, headers, body = server.answer(path)
            if self.command == "GET" and server.faults.take("corrupt", request):
                body = bytes(byte ^ 0x55 for byte in body)
            answer = status, headers, body
            if status == 200 and server.ranged and headers.get("Accept-Ranges"):
                answer = _part(asked, self.headers.get("If-Range", ""), answer)
            self.give(*answer, request)

        do_HEAD = do_GET  # noqa: N815

        def give(self, status: int, headers: Mapping[str, str], body: bytes, request: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            if self.command != "GET":
                return
            cut = server.breaks_off(request)
            # Without a length, the end of the connection is the end of the body.
            self.close_connection = cut or headers.get("Content-Length") == ""
            self.send(body[: len(body) // 2] if cut else body)

        def send(self, body: bytes) -> None:
            size, seconds = server.pace or (len(body) or 1, 0.0)
            for start in range(0, len(body), size):
                try:
                    self.wfile.write(body[start : start + size])
                except OSError:  # the other side is gone
                    self.close_connection = True
                    return
                if seconds and server.stopping.wait(seconds):
                    return

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
