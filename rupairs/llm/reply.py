"""Reading a reply: servers differ in what they leave out, and careless ones send anything."""

import json
from typing import Any

from rupairs.errors import RupairsError
from rupairs.llm.request import Answer, Request

# So many first answers under a schema show whether the server holds them to it.
_WATCHED = 20
# No call takes as many; sums of what servers make up must stay numbers that a log can add.
_MOST_TOKENS = 1 << 40


class EmptyAnswerError(Exception):
    """The server answered without a choice."""


class UnreadableAnswerError(Exception):
    """The server answered with something that is no completion."""


def read_reply(raw: bytes, seconds: float) -> Answer:
    """Return what the bytes of a reply, of either endpoint, hold; raises what `read_body` does."""
    try:
        reply = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _no_completion(error) from None
    return read_body(reply, seconds)


def read_body(reply: Any, seconds: Any) -> Answer:
    """Return what the body of a reply, of either endpoint, holds.

    Thinking aloud stands in a field of its own, which is in no standard: `reasoning_content`, or
    `reasoning`. Raises EmptyAnswerError and UnreadableAnswerError.
    """
    try:
        choice = reply["choices"][0] if reply["choices"] else {}
        message = choice.get("message", choice)
        text = message.get("content") if "message" in choice else message.get("text")
        thought = bool(message.get("reasoning_content") or message.get("reasoning"))
        usage = reply.get("usage") or {}
        answer = Answer(
            text=whole("" if text is None else text),
            finish_reason=whole(str(choice.get("finish_reason") or "")),
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            served_by=whole(str(reply.get("model") or "")),
            seconds=round(seconds, 3),
            reasoning=thought,
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _no_completion(error) from None
    if text is None and not thought:
        raise EmptyAnswerError
    return answer


def _no_completion(error: Exception) -> UnreadableAnswerError:
    return UnreadableAnswerError(f"not a completion: {type(error).__name__}: {error}")


def whole(text: str) -> str:
    """Return the text without half surrogate pairs, legal in JSON and nowhere else."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(value: Any) -> int:
    return value if type(value) is int and 0 < value < _MOST_TOKENS else 0


class Enforcement:
    """Whether the server holds its answers to the schema: some take one and ignore it."""

    def __init__(self, required: bool) -> None:
        self.required = required
        self._seen = self._other = 0

    def see(self, request: Request, answer: Answer, url: str) -> None:
        """Look at one of the first answers; RupairsError if most of them are not even JSON."""
        if not self.required or request.schema is None or self._seen >= _WATCHED:
            return
        text = answer.text.lstrip()
        if not text:
            return
        self._seen += 1
        self._other += not text.startswith(("{", "["))
        if self._seen == _WATCHED and self._other > _WATCHED // 2:
            raise RupairsError(
                f"{url}: {self._other} of the first {_WATCHED} answers are not JSON: the server "
                "does not enforce response_format json_schema; take one that does (vLLM, "
                'llama.cpp), ask a base model with kind = "base", or go on all the same with '
                "schema_required = false in [llm]; finished calls are kept"
            )
