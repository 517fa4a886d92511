"""Faults of the Hub: which of them may pass, and what each means for the person who runs it.

huggingface_hub 2.4 itself makes six attempts at the head of a file and at a listing, and six at a
file that answers 408 or 429 or breaks off. It makes one at resolving a revision, and one at a
file that answers 5xx: those, and only those, are tried again here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harvest.fetching.transfer import (
    PassingError,
    by_hand,
    disk_full,
    is_full,
    may_pass,
    retry_after,
)
from harvest.source import HubFiles, Source
from rupairs.errors import RupairsError

_RETRIED = (408, 429, 500, 502, 503, 504)
_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")
_LONGEST_REASON = 300
_GO_ON = "Run again to go on (finished files are kept)"


@dataclass(frozen=True)
class _Exchange:
    """What was asked of which host, and its answer; status 0 is none."""

    method: str
    host: str
    path: str
    status: int
    headers: Mapping[str, str]

    @classmethod
    def of(cls, error: Exception) -> "_Exchange | None":
        import httpx2

        if not isinstance(error, httpx2.HTTPError):
            return None
        response = getattr(error, "response", None)
        try:
            # An error that has a response forgets its request.
            request = error.request if response is None else response.request
        except RuntimeError:
            return None
        status, headers = (response.status_code, response.headers) if response else (0, {})
        url = urlsplit(str(request.url))
        return cls(request.method, url.netloc, unquote(url.path), status, headers)

    @property
    def of_file(self) -> bool:
        """Whether a file was asked for; large ones lie at other hosts, under any path."""
        return "/api/" not in self.path

    @property
    def file(self) -> str:
        """Return the name of the file asked for, "" if it does not show."""
        return self.path.partition("/resolve/")[2].partition("/")[2]

    @property
    def refused(self) -> bool:
        """Whether the Hub refused; where another host did, a signed address has run out."""
        from huggingface_hub import constants

        return self.status in (401, 403) and self.host == urlsplit(constants.ENDPOINT).netloc

    @property
    def wait(self) -> float | None:
        """Return the seconds the Hub asks to wait."""
        from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

        limit = parse_ratelimit_headers(self.headers)
        if self.status == 429 and limit is not None and limit.remaining == 0:
            return float(limit.reset_in_seconds)
        return retry_after(self.headers)


def cause_of(error: Exception) -> Exception:
    """Return the fault that made huggingface_hub look into its cache, in vain."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    while isinstance(error, LocalEntryNotFoundError | ValueError) and isinstance(
        error.__cause__, Exception
    ):
        error = error.__cause__
    return error


def passing(error: Exception) -> PassingError | None:
    """Return the fault if it may pass and huggingface_hub has not tried again by itself."""
    import httpx2

    if type(error) is OSError and error.errno is None:
        return PassingError(str(error))  # a body of another size than announced
    exchange = _Exchange.of(error)
    if exchange is None or _was_retried(exchange, error):
        return None
    if exchange.status:
        expired = exchange.status in (401, 403) and not exchange.refused
        if expired or may_pass(exchange.status):
            return PassingError(str(error), exchange.wait)
        return None
    lasting = isinstance(error, httpx2.ProxyError | httpx2.UnsupportedProtocol)
    if lasting or not isinstance(error, httpx2.TransportError):
        return None
    return PassingError(str(error))


def _was_retried(exchange: _Exchange, error: Exception) -> bool:
    import httpx2

    if exchange.of_file and exchange.method == "GET":
        broken = httpx2.ConnectError | httpx2.TimeoutException | httpx2.RemoteProtocolError
        return exchange.status in (408, 429) or isinstance(error, broken)
    if exchange.of_file or "/tree/" in exchange.path:
        return exchange.status in _RETRIED or not exchange.status
    return False


def failure(source: Source, part: HubFiles, error: Exception) -> RupairsError:
    """Return the error that says what could not be fetched, why, and what to do."""
    from huggingface_hub import constants

    if is_full(error):
        return disk_full(source, Path(constants.HF_HUB_CACHE), "HF_HOME")
    exchange = _Exchange.of(error)
    file = f"{exchange.file} of " if exchange and exchange.file else ""
    reason, remedy = _diagnosis(part, error, exchange)
    return RupairsError(
        _redacted(
            f"{source.name}: cannot fetch {file}{asked(part)}: {reason}. {remedy}, or "
            f"{by_hand(source)}"
        )
    )


def asked(part: HubFiles) -> str:
    """Return the data set, the revision and the endpoint, as errors name them."""
    from huggingface_hub import constants

    return _redacted(f"{part.repo} ({part.revision or 'main'}) at {constants.ENDPOINT}")


def _diagnosis(part: HubFiles, error: Exception, exchange: _Exchange | None) -> tuple[str, str]:
    """Return the reason and what to do about it."""
    from huggingface_hub import constants, errors

    if isinstance(error, errors.OfflineModeIsEnabled):
        reason = f"HF_HUB_OFFLINE is set and the cache {constants.HF_HUB_CACHE} lacks some of it"
        return reason, "Unset HF_HUB_OFFLINE and run again"
    if isinstance(error, OSError) and error.filename is not None:
        return _short(str(error)), "Set HF_HOME to a folder that can be written to and run again"
    if exchange is None or not exchange.status:
        return f"{type(error).__name__}: {_short(str(error))}", _GO_ON
    answer = f"HTTP {exchange.status}"
    if exchange.refused or isinstance(error, errors.GatedRepoError):
        told = "" if exchange.status == 403 else ", or there is no such data set"
        terms = f"https://huggingface.co/datasets/{part.repo}"
        reason = f"access is refused{told} ({answer}{_said(error)})"
        return reason, f"Accept the terms at {terms} and set HF_TOKEN"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"there is no such revision ({answer})", "The data set has changed: look at its page"
    if isinstance(error, errors.RepositoryNotFoundError):
        reason = f"there is no such data set, or it is private ({answer})"
        return reason, "If it is private, set HF_TOKEN"
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return f"there is no such file ({answer})", "The data set has changed: look at its page"
    later = f"; it asks to wait {exchange.wait:.0f} s" if exchange.wait else ""
    return f"{answer}{_said(error)}{later}", _GO_ON


def _said(error: Exception) -> str:
    said = getattr(error, "server_message", None)
    return f": {_short(said)}" if said else ""


def _short(text: str) -> str:
    # Redacted first: a token that is cut in two would not be found.
    return " ".join(_redacted(text).split())[:_LONGEST_REASON].rstrip(". ")


def _redacted(text: str) -> str:
    """Take the token out, and names and passwords in addresses: a server may repeat them."""
    import httpx2
    from huggingface_hub import errors, get_token

    try:
        token = get_token()
    except (OSError, httpx2.HTTPError, errors.OIDCError):  # then none was sent
        token = None
    return _CREDENTIALS.sub("", text.replace(token, "***") if token else text)
