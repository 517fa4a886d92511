"""A real Label Studio for tests: one server a test run, people with accounts, and a bad network."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from annotation.server import Address, Server
from annotation.studio import Studio, credentials, invitation


@dataclass(frozen=True)
class Person:
    """An annotator with an account: the number, a legacy token, and a personal access token."""

    mail: str
    password: str
    number: int
    legacy: str
    personal: str


class House:
    """The server of a test run, with what tests ask of it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.key = credentials(studio.data).key

    @property
    def url(self) -> str:
        return self.studio.url

    def server(self, key: str = "", url: str = "") -> Server:
        return Server(Address(url or self.url, key or self.key))

    @property
    def client(self) -> Any:
        return self.server().client

    def join(self, name: str) -> Person:
        """Make an account by the invitation link, as an annotator does."""
        mail, password = f"{name}@example.com", f"{name}-passw0rd"
        link = invitation(self.url, self.key)
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as c:
            page = c.get(link).text
            found = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page)
            assert found is not None
            form = {
                "email": mail,
                "password": password,
                "csrfmiddlewaretoken": found.group(1),
                "allow_newsletters": "false",
                "how_find_us": "other",
            }
            assert c.post(link, data=form, headers={"Referer": link}).status_code == 302
            number = c.get("/api/current-user/whoami").json()["id"]
            legacy = c.get("/api/current-user/token").json()["token"]
            asked = {"X-CSRFToken": c.cookies.get("csrftoken", ""), "Referer": self.url}
            personal = c.post("/api/token/", headers=asked).json()["token"]
        return Person(mail, password, number, legacy, personal)


def tasks_of(client: Any, project: int) -> list[dict[str, Any]]:
    """Return the data and number of every task of a project, as its people see them in turn."""
    listed = client.tasks.list(project=project, page_size=1000, fields="task_only")
    return [{"number": t.id, **t.data} for t in listed.items]


def label(name: str, hypothesis: str | None = None) -> list[dict[str, Any]]:
    """Return an answer as the page sends it."""
    choice = {
        "from_name": "nli",
        "to_name": "hypothesis",
        "type": "choices",
        "value": {"choices": [name]},
    }
    text = {
        "from_name": "hypothesis_revised",
        "to_name": "hypothesis",
        "type": "textarea",
        "value": {"text": [hypothesis]},
    }
    return [choice, text] if hypothesis is not None else [choice]


Fault = str
"""`500` and `cut` in place of the server, `lost` and `half` after it has done what it was asked."""


class BadNetwork:
    """A proxy before a server: passes requests on, except where `faults` says otherwise.

    `faults(method, path, number)` is asked for each request in turn, numbered from 0.
    """

    def __init__(self, url: str, faults: Callable[[str, str, int], Fault | None]) -> None:
        self.target = urlsplit(url)
        self.faults = faults
        self.seen: list[tuple[str, str, Fault | None]] = []
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def choose(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = self.faults(method, path, len(self.seen))
            self.seen.append((method, path, fault))
            return fault

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        network = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = network.choose(self.command, self.path)
                if fault == "500":
                    self.answer(500, b"<html>oops</html>", {"Content-Type": "text/html"})
                    return
                if fault == "cut":
                    self.cut()
                    return
                try:
                    status, headers, said = network.forward(self, body)
                except (OSError, HTTPException):
                    self.cut()
                    return
                if fault == "lost":
                    self.cut()
                    return
                if fault == "half":
                    self.answer(status, said, headers, keep=len(said) // 2)
                    return
                self.answer(status, said, headers)

            do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def answer(
                self, status: int, said: bytes, headers: dict[str, str], keep: int | None = None
            ) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said if keep is None else said[:keep])
                if keep is not None:
                    self.cut()

            def cut(self) -> None:
                self.close_connection = True
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def forward(self, request: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
        assert self.target.hostname is not None
        link = HTTPConnection(self.target.hostname, self.target.port or 80, timeout=120)
        try:
            sent = {k: v for k, v in request.headers.items() if k.lower() != "connection"}
            link.request(request.command, request.path, body, sent | {"Connection": "close"})
            answer = link.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            link.close()

    def __enter__(self) -> "BadNetwork":
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def opened(data: Path) -> Iterator[House]:
    """Yield a server on a free port."""
    with Studio(data, 0) as studio:
        yield House(studio)
