"""One call over HTTP: within its time, of bounded length, with a key that HTTP can carry."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai

from rupairs.errors import RupairsError
from rupairs.llm.reply import UnreadableAnswerError
from rupairs.llm.request import Request

_CONNECT_S = 30.0
# No answer is as long; what has no end must not fill the memory.
_MOST_BYTES = 16 << 20


def read_key(variable: str) -> str:
    """Return the key that an environment variable holds, '' if it is not set.

    Raises `RupairsError`, without the key, where HTTP could not carry it.
    """
    key = os.environ.get(variable, "")
    if not (key.isascii() and key.isprintable()) or key != key.strip():
        raise RupairsError(
            f"{variable}: holds what cannot be a key (a line break, a space at an end, or a "
            "character outside ASCII); set it again"
        )
    return key


def open_api(url: str, key: str, at_once: int) -> openai.AsyncOpenAI:
    """Return a connection to a server for so many calls at once; whoever opened it closes it."""
    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    hooks = {"response": [_bound]}
    return openai.AsyncOpenAI(
        base_url=url,
        api_key=key or "none",
        max_retries=0,
        # A limit for each read would let a body trickle for ever: `post` has one for all of it.
        timeout=httpx2.Timeout(None, connect=_CONNECT_S),
        http_client=openai.DefaultAsyncHttpxClient(limits=limits, event_hooks=hooks),
    )


async def post(api: openai.AsyncOpenAI, request: Request, seconds: float) -> bytes:
    """Return the body of the reply to a request; what `openai` raises, in `seconds` at most.

    Raises UnreadableAnswerError for a body without end.
    """
    path, body = _asked(request)
    try:
        async with asyncio.timeout(seconds):
            # `chat.completions.create` takes as long as all the rest to check what we have just put
            # together, and to make objects of the answer.
            return await api.post(path, cast_to=bytes, body=body)
    except TimeoutError:
        raise openai.APITimeoutError(httpx2.Request("POST", str(api.base_url))) from None


def _asked(request: Request) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"model": request.model, **request.parameters}
    if request.endpoint == "completions":
        return "/completions", body | {"prompt": request.prompt}
    body["messages"] = request.messages
    if request.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": request.schema, "strict": True},
        }
    return "/chat/completions", body


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error when it grows too long."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for chunk in self._stream:
            length += len(chunk)
            if length > _MOST_BYTES:
                raise UnreadableAnswerError(f"a body of more than {_MOST_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    # Where the length is told, and small, nothing needs watching.
    told = response.headers.get("content-length", "")
    small = told.isascii() and told.isdecimal() and len(told) < 15 and int(told) <= _MOST_BYTES
    if not small and isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)
