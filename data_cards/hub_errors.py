"""What went wrong at the Hub, in one line that says what to do and holds no token."""

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
    except errors.HfHubHTTPError as error:
        response = getattr(error, "response", None)
        status = response.status_code if response is not None else 0
        said = getattr(error, "server_message", None) or str(error)
        raise _error(place, doing, status, said, _retry_after(response)) from None
    except httpx2.HTTPStatusError as error:
        response = error.response
        raise _error(place, doing, response.status_code, response.text, None) from None
    except (httpx2.TransportError, TimeoutError) as error:
        what = f"{type(error).__name__}: {_short(str(error))}"
        raise PassingHubError(f"{place}: {doing}: no answer ({what})") from None
    except (errors.HFValidationError, errors.OfflineModeIsEnabled) as error:
        raise RupairsError(f"{place}: {doing}: {_short(str(error))}") from None


def _error(place: str, doing: str, status: int, said: str, wait: float | None) -> RupairsError:
    message = f"{place}: {doing}: HTTP {status} ({_short(said)})"
    if status in _PASSING:
        return PassingHubError(f"{message}; run the same command again to go on", wait)
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
