"""What went wrong at the Hub, in one line that says what to do and holds no token.

Large files go through hf_xet where it is installed, as it is with `huggingface_hub`. Its faults are
Python's own kinds, and the status of an answer stands in their text alone.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rupairs.errors import RupairsError

_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@|\bhf_\w+")
_LONGEST = 300
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_REMEDIES = {
    401: "the token is missing or not valid: set HF_TOKEN to one that may write there",
    403: "this token may not do that: set HF_TOKEN to one that may write there",
    404: "there is no such repository or revision, or the token may not see it",
    409: "somebody else changed it at the same moment: run the same command again",
    412: "somebody else changed it at the same moment: run the same command again",
    413: "the Hub takes no file that large in one piece",
}
_AGAIN = "run the same command again to go on"
# How reqwest, with which hf_xet sends, words an answer.
_STATUS = re.compile(r"HTTP status (?:client|server) error \((\d{3})\b")
# What hf_xet says of a storage that gives no answer, or none it can read.
_XET_PASSING = re.compile(r"\b(?:network|server|request|connection|timeout)\b", re.IGNORECASE)


class PassingHubError(RupairsError):
    """A fault that may be gone at the next try; `wait` is what the Hub asks for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class MovedError(RupairsError):
    """Somebody else's commit came first."""


@contextmanager
def told(place: str, doing: str) -> Iterator[None]:
    """Turn faults of the Hub into errors that name the repository and what was being done.

    Raises `PassingHubError` where another try may help, `MovedError` where the branch has moved,
    `RupairsError` otherwise.
    """
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except RupairsError:
        raise
    except (
        *(errors.HfHubHTTPError, httpx2.HTTPStatusError, httpx2.TransportError, OSError),
        *(errors.HFValidationError, errors.OfflineModeIsEnabled, RuntimeError),
    ) as error:
        raise _told(f"{place}: {doing}", error) from None


def _told(what: str, error: BaseException) -> RupairsError:
    """Return the error to raise; one that only says that something failed is told by its cause."""
    import httpx2
    from huggingface_hub import errors

    said = _short(str(error))
    if isinstance(error, errors.HfHubHTTPError | httpx2.HTTPStatusError):
        response = getattr(error, "response", None)
        if response is None:
            return PassingHubError(f"{what}: no answer ({said}); {_AGAIN}")
        if isinstance(error, errors.HfHubHTTPError):
            said = error.server_message or said
        else:
            said = response.text
        return _of_status(what, response.status_code, said, _retry_after(response))
    if isinstance(error, errors.HFValidationError | errors.OfflineModeIsEnabled):
        return RupairsError(f"{what}: {said}")
    if isinstance(error, httpx2.TransportError | TimeoutError):
        return PassingHubError(f"{what}: no answer ({type(error).__name__}: {said}); {_AGAIN}")
    if isinstance(error, RuntimeError) and error.__cause__ is not None:
        return _told(f"{what}: {said}", error.__cause__)
    return _of_xet(what, error, said)


def _of_xet(what: str, error: BaseException, said: str) -> RupairsError:
    if found := _STATUS.search(str(error)):
        return _of_status(what, int(found[1]), said, None)
    if isinstance(error, PermissionError) and error.errno is None:
        return _of_status(what, 401, said, None)
    if isinstance(error, ConnectionError):
        return PassingHubError(f"{what}: no answer ({said}); {_AGAIN}")
    if isinstance(error, OSError) and error.strerror:
        return RupairsError(f"{what}: {error.filename or 'input/output'}: {error.strerror}")
    passing = isinstance(error, RuntimeError) and _XET_PASSING.search(str(error))
    return (PassingHubError if passing else RupairsError)(f"{what}: {said or 'failed'}; {_AGAIN}")


def _of_status(what: str, status: int, said: str, wait: float | None) -> RupairsError:
    message = f"{what}: HTTP {status} ({_short(said)})"
    if status in _PASSING:
        return PassingHubError(f"{message}; {_AGAIN}", wait)
    remedy = _REMEDIES.get(status, "look at its page on the Hub")
    return (MovedError if status in (409, 412) else RupairsError)(f"{message}: {remedy}")


def _retry_after(response: object) -> float | None:
    value = getattr(response, "headers", {}).get("Retry-After", "")
    return float(value) if str(value).isdecimal() else None


def _short(text: str) -> str:
    from huggingface_hub import get_token

    token = get_token()
    text = text.replace(token, "***") if token else text
    return " ".join(_CREDENTIALS.sub("***", text).split())[:_LONGEST].rstrip(". ")
