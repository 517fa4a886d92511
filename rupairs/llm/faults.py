"""Faults of a call: which are worth another try, when, and how they are told."""

import random
import time
from email.utils import parsedate_to_datetime

import httpx2
import openai

from rupairs.llm.reply import (
    AbortedAnswerError,
    EmptyAnswerError,
    UnreadableAnswerError,
    whole,
)

FAULTS = (openai.APIError, EmptyAnswerError, UnreadableAnswerError, AbortedAnswerError)
FATAL = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
_TRANSIENT = (
    openai.APIConnectionError,
    openai.RateLimitError,
    openai.InternalServerError,
    openai.ConflictError,
    EmptyAnswerError,
    UnreadableAnswerError,
    AbortedAnswerError,
)
_ABSENT = (httpx2.ConnectError, httpx2.ConnectTimeout)
_REQUEST_TIMEOUT = 408
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_LONGEST_NAMED_S = 600.0
_SHOWN = 300


def is_transient(error: Exception) -> bool:
    """Say whether the same call may succeed if it is tried again."""
    return isinstance(error, _TRANSIENT) or getattr(error, "status_code", 0) == _REQUEST_TIMEOUT


def is_rate_limit(error: Exception) -> bool:
    """Say whether the server takes no more calls at the moment."""
    return isinstance(error, openai.RateLimitError)


def is_absent(error: Exception) -> bool:
    """Say whether nobody was there to take the call."""
    return isinstance(error, openai.APIConnectionError) and isinstance(error.__cause__, _ABSENT)


def is_cut(error: Exception) -> bool:
    """Say whether nobody was there to take the call, or to end what was begun."""
    connection = isinstance(error, openai.APIConnectionError)
    return connection and not isinstance(error, openai.APITimeoutError)


def named_wait(error: Exception) -> float | None:
    """Return the seconds that `Retry-After` names, and a little more; None without it.

    It holds seconds or a date of HTTP. Ten minutes at most.
    """
    if not isinstance(error, openai.APIStatusError):
        return None
    value = error.response.headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
        seconds = max(seconds, 0.0)
    if not seconds >= 0:  # nan too
        return None
    # Else all that wait for it would come back at once.
    return min(seconds, _LONGEST_NAMED_S) + random.uniform(0.0, min(0.1 * seconds, 5.0) + 0.05)


def pause(faults: int) -> float:
    """Return the seconds to wait after so many faults in a row."""
    ceiling: float = min(_FIRST_PAUSE_S * 2.0 ** min(faults - 1, 16), _LONGEST_PAUSE_S)
    return ceiling * random.uniform(0.5, 1.0)


def detail(error: Exception, secret: str) -> str:
    """Return what an error says, without the secret, which careless servers repeat."""
    said = str(error) or type(error).__name__
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, dict) else {}
        said = f"HTTP {error.status_code}: {body.get('message') or error.response.text}"
    if secret:
        said = said.replace(secret, "***")
    return whole(said)[:_SHOWN]
