"""The Label Studio server: where it is, the key to it, and requests that outlast its faults.

A legacy token and a personal access token both serve as the key. It is read from the environment
when it is needed, so that no recipe, manifest or log has it; what the client says of a failure
holds cookies, and is never passed on.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from annotation.stage import PushSection
from rupairs.errors import RupairsError, UsageError

URL, KEY = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"
_WAITS = (0.5, 1, 2, 4, 8, 15, 15)
_LATER = frozenset({408, 429})
_TIMEOUT_S = 120
_SIGN_IN = "sign in"
# A page of another kind so often in a row is no fault that passes.
_STRANGE = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Address:
    """A server and the key to it, which is not shown."""

    url: str
    key: str = field(repr=False)


def address(section: PushSection) -> Address:
    """Return the server that the recipe or the environment names.

    Raises `UsageError` when either the server or the key is not there, or is none by its looks.
    """
    url = (section.url or os.environ.get(URL, "")).strip().rstrip("/")
    if not url:
        raise UsageError(f"annotation.push: no server; set annotation.push.url, or {URL}")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("annotation.push.url: not an http(s) address")
    if parts.username or parts.password:
        raise UsageError(f"annotation.push.url: no name or password here; set {KEY}")
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise UsageError(
            f"{url}: {KEY} is not set; the server's page Account & Settings has the key"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            f"{url}: {KEY} has a line break, a space or a letter that no key has; copy the key "
            "alone, without what stands around it"
        )
    return Address(url, key)


class Server:
    """A client of one server whose requests are repeated while the server is away."""

    def __init__(self, address: Address) -> None:
        self.url = address.url
        self.waits = _WAITS
        self._address = address
        self.client = self.ask(_SIGN_IN, self._connect)

    def _connect(self) -> Any:
        from label_studio_sdk import LabelStudio

        client = LabelStudio(
            base_url=self._address.url,
            api_key=self._address.key,
            timeout=_TIMEOUT_S,
            # Its own retries would import the same tasks twice.
            max_retries=0,
        )
        client.users.whoami()
        return client

    def ask(self, what: str, request: Callable[[], T]) -> T:
        """Return what a request that may be repeated gives.

        Raises `RupairsError` when the server refuses, or is away for longer than a restart takes.
        """
        for tries, wait in enumerate((*self.waits, None), 1):
            answer, fault = attempt(request)
            if fault is None:
                return answer
            stranger = fault.foreign and what == _SIGN_IN and tries == _STRANGE
            if wait is None or not fault.passing or stranger:
                raise self.failure(what, fault)
            time.sleep(wait)
        raise AssertionError("the last wait is None")

    def remove(self, what: str, request: Callable[[], object]) -> None:
        """Remove something that may be gone already, as after a request whose answer got lost."""
        for wait in (*self.waits, None):
            _, fault = attempt(request)
            if fault is None or fault.status == 404:
                return
            if wait is None or not fault.passing:
                raise self.failure(f"remove {what}", fault)
            time.sleep(wait)

    def tasks(self, **query: Any) -> list[dict[str, Any]]:
        """Return one page of tasks as the server's JSON; past the last page there are none."""
        from label_studio_sdk.core.api_error import ApiError

        try:
            page = self.client.tasks.list(**query)
        except ApiError as error:
            if error.status_code == 404 and query.get("page", 1) > 1:
                return []
            raise
        return [_plain(item) for item in page.items or []]

    def failure(self, what: str, fault: "Fault") -> RupairsError:
        """Return the error that a person can act on."""
        if what == _SIGN_IN and (fault.foreign or fault.status in (404, 405)):
            return RupairsError(
                f"{self.url}: this is no Label Studio ({fault.said}); look at the address"
            )
        if fault.status == 401:
            return RupairsError(
                f"{self.url}: {what}: the key in {KEY} is not accepted ({fault.said}); an "
                "administrator allows legacy tokens or makes a personal access token"
            )
        hint = "; run the same command to go on" if fault.passing else ""
        return RupairsError(f"{self.url}: {what}: {fault.said}{hint}")


def _plain(item: Any) -> dict[str, Any]:
    """Return a task as JSON has it; the client parses some fields now and then."""
    plain: dict[str, Any] = item if isinstance(item, dict) else json.loads(item.json())
    return plain


@dataclass(frozen=True)
class Fault:
    """Why a request failed: the HTTP status, if any, and whether it may pass by itself.

    `foreign` is what no Label Studio says, a proxy's page or another program's.
    """

    said: str
    status: int | None
    passing: bool
    foreign: bool = False


def attempt(request: Callable[[], T]) -> tuple[T, Fault | None]:
    """Return the answer of a request, or the fault and nothing."""
    import httpx
    from label_studio_sdk.core.api_error import ApiError

    nothing: Any = None
    try:
        return request(), None
    except ApiError as error:
        status = error.status_code or 0
        # What the client cannot read in an answer that went well is a page of something else.
        foreign = 200 <= status < 400
        passing = status >= 500 or status in _LATER or status == 0 or foreign
        return nothing, Fault(_said(status, error.body), status, passing, foreign)
    except httpx.TransportError as error:
        return nothing, Fault(f"no answer ({type(error).__name__})", None, True)
    except ValueError:
        # A proxy's page where JSON is due, or an answer that was cut off.
        return nothing, Fault("an answer that is not Label Studio's", None, True, True)


def _said(status: int, body: Any) -> str:
    """Return the server's reason, without the request's headers and cookies."""
    reason = ""
    if isinstance(body, dict):
        reason = str(body.get("validation_errors") or body.get("detail") or "")
    return f"HTTP {status} {reason[:200]}".strip()
