"""A Label Studio of one's own, for a small team: on loopback, over SQLite (`make studio`).

Its pins exclude the toolkit's, so it lives in an environment of its own. It calls nobody: no usage
counts, no crash reports, no look for a newer version. Accounts are made by the invitation link
alone.
"""

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx2

from rupairs.errors import RupairsError, UsageError
from rupairs.recipe import PACKAGE
from rupairs.vllm.probe import free_port
from rupairs.vllm.processes import Processes

VARIABLE = "RUPAIRS_STUDIO"
ADMIN = "admin@localhost"
KEY_FILE, PASSWORD_FILE, LOG = "api-key", "password", "server.log"
_HOST = "127.0.0.1"
_PLACE = Path(".venv-studio", "bin", "label-studio")
_REMEDY = f"run `make studio`, or set {VARIABLE} to the program label-studio"
_QUIET = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "DISABLE_SIGNUP_WITHOUT_LINK": "true",
}


def find_studio() -> Path:
    """Return the program that RUPAIRS_STUDIO names, or that `make studio` installed.

    `.venv-studio` is looked for in the current directory, then beside the package. Raises
    `RupairsError` when there is none.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser().absolute()
    for folder in (Path.cwd(), PACKAGE.parent):
        if (folder / _PLACE).is_file():
            return folder / _PLACE
    raise RupairsError(f"Label Studio is not installed here: {_REMEDY}")


@dataclass(frozen=True)
class Credentials:
    """The administrator's password and key; they are shown to nobody."""

    password: str
    key: str

    def __repr__(self) -> str:
        return "Credentials()"


def credentials(folder: Path) -> Credentials:
    """Return the administrator's password and key, made on the first start.

    They come from LABEL_STUDIO_PASSWORD and LABEL_STUDIO_USER_TOKEN where these are set, and lie in
    files of the folder that only their owner can read.
    """
    return Credentials(
        _secret(folder / PASSWORD_FILE, "LABEL_STUDIO_PASSWORD", secrets.token_urlsafe(12)),
        _secret(folder / KEY_FILE, "LABEL_STUDIO_USER_TOKEN", secrets.token_hex(20)),
    )


def _secret(path: Path, variable: str, new: str) -> str:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    value = os.environ.get(variable) or new
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(value + "\n")
    return value


class Studio:
    """A server in a `with` block, which ends with the block or with this process.

    `timeout`, in seconds, is for the start, the first of which makes the database. Entering raises
    `RupairsError` with the end of the log.
    """

    def __init__(self, data: Path, port: int = 8080, timeout: float = 300.0) -> None:
        self.data = data.absolute()
        self.url = ""
        self._port = port
        self._timeout = timeout
        self._processes: Processes | None = None

    def __enter__(self) -> Self:
        port = free_port(self._port)
        self.url = f"http://{_HOST}:{port}"
        self.start()
        return self

    def start(self) -> None:
        """Start the server, also again, at the same address."""
        program = find_studio()
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        port = self.url.rpartition(":")[2]
        self._processes = Processes(
            [
                *(str(program), "start", "--no-browser", "--internal-host", _HOST),
                *("--port", port, "--data-dir", str(self.data)),
            ],
            variables(self.data, credentials(self.data), self.url),
            self.data / LOG,
        )
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        if self._processes is not None:
            self._processes.end()

    def kill(self) -> None:
        """End the server at once, as a power cut does."""
        if self._processes is not None:
            self._processes.kill()

    def wait(self) -> None:
        """Wait until the server ends by itself; raises `RupairsError` then."""
        assert self._processes is not None
        self._processes.wait()
        raise RupairsError(f"Label Studio ended; see {self.data / LOG}")

    def _wait(self) -> None:
        assert self._processes is not None
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline and not self._processes.ended():
            if _answers(f"{self.url}/health"):
                return
            time.sleep(0.25)
        log = "\n".join(self._processes.log().splitlines()[-5:])
        raise RupairsError(f"Label Studio did not start; the end of {self.data / LOG}:\n{log}")


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def variables(data: Path, secret: Credentials, url: str) -> Mapping[str, str]:
    """Return the environment that the server runs in."""
    return os.environ | {
        **_QUIET,
        "DJANGO_DB": "sqlite",
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "LABEL_STUDIO_HOST": url,
        "LABEL_STUDIO_USERNAME": ADMIN,
        "LABEL_STUDIO_PASSWORD": secret.password,
        "LABEL_STUDIO_USER_TOKEN": secret.key,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    }


def invitation(url: str, key: str) -> str:
    """Return the link by which annotators make their accounts."""
    headers = {"Authorization": f"Token {key}"}
    answer = httpx2.get(f"{url}/api/invite", headers=headers, timeout=30, trust_env=False)
    if answer.status_code != 200:
        raise RupairsError(f"{url}: no invitation link (HTTP {answer.status_code})")
    said: Any = answer.json()
    return (
        f"{url}{said['invite_url']}" if said["invite_url"].startswith("/") else said["invite_url"]
    )


def serve(data: Path, port: int, say: Callable[[str], None]) -> None:
    """Serve until interrupted, saying where things are."""
    if port and not 0 < port < 65_536:
        raise UsageError(f"--port {port}: no such port")
    say(f"starting Label Studio (the first start takes half a minute): {data / LOG}")
    with Studio(data, port) as studio:
        key = credentials(studio.data).key
        say(f"Label Studio: {studio.url} (until Ctrl-C)")
        say(f"  administrator: {ADMIN}, password in {data / PASSWORD_FILE}")
        say(f"  annotators make their accounts at {invitation(studio.url, key)}")
        say("  for push and pull:")
        say(f"    export LABEL_STUDIO_URL={studio.url}")
        say(f'    export LABEL_STUDIO_API_KEY="$(cat {data / KEY_FILE})"')
        say("  an existing server: set these two to its address and to a key of yours there")
        try:
            studio.wait()
        except KeyboardInterrupt:
            say("stopping")
