"""Faults of a call: which are worth another try, when, and how they are told."""

import random

import openai

from rupairs.llm.reply import EmptyAnswerError, UnreadableAnswerError, whole

FAULTS = (openai.APIError, EmptyAnswerError, UnreadableAnswerError)
FATAL = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
_TRANSIENT = (
    openai.APIConnectionError,
    openai.RateLimitError,
    openai.InternalServerError,
    openai.ConflictError,
    EmptyAnswerError,
    UnreadableAnswerError,
)
_REQUEST_TIMEOUT = 408
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_SHOWN = 300


def is_transient(error: Exception) -> bool:
    """Say whether the same call may succeed if it is tried again."""
    return isinstance(error, _TRANSIENT) or getattr(error, "status_code", 0) == _REQUEST_TIMEOUT


def is_refused(error: Exception) -> bool:
    """Say whether nobody was there to take the call, or to end what was begun."""
    connection = isinstance(error, openai.APIConnectionError)
    return connection and not isinstance(error, openai.APITimeoutError)


def pause(error: Exception, attempt: int) -> float:
    """Return the seconds to wait after an attempt, counted from 1."""
    if isinstance(error, openai.APIStatusError):
        try:
            seconds = float(error.response.headers["retry-after"])
        except (KeyError, ValueError):
            seconds = -1.0
        if seconds >= 0:
            return min(seconds, _LONGEST_PAUSE_S)
    ceiling: float = min(_FIRST_PAUSE_S * 2 ** (attempt - 1), _LONGEST_PAUSE_S)
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
