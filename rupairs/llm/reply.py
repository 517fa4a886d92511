"""Reading a reply: servers differ in what they leave out, and careless ones send anything."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rupairs.errors import RupairsError
from rupairs.llm.request import Answer, Request

# So many first answers under a schema show whether the server holds them to it.
_WATCHED = 20
# No call takes as many; sums of what servers make up must stay numbers that a log can add.
_MOST_TOKENS = 1 << 40
# Why an answer ended that is no answer: vLLM's words.
_ABORTED = ("abort", "error")


class EmptyAnswerError(Exception):
    """The server answered without a choice."""


class AbortedAnswerError(Exception):
    """The server broke the answer off; nobody asked for that."""


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
    `reasoning`. Raises EmptyAnswerError,
    UnreadableAnswerError and AbortedAnswerError.
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
    if answer.finish_reason in _ABORTED:
        raise AbortedAnswerError(f"finish_reason {answer.finish_reason}")
    return answer


def _no_completion(error: Exception) -> UnreadableAnswerError:
    return UnreadableAnswerError(f"not a completion: {type(error).__name__}: {error}")


def whole(text: str) -> str:
    """Return the text without half surrogate pairs, legal in JSON and nowhere else."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(value: Any) -> int:
    return value if type(value) is int and 0 < value < _MOST_TOKENS else 0


class Enforcement:
    """Whether each server holds its answers to the schema: some take one and ignore it."""

    def __init__(self, required: bool) -> None:
        self.required = required
        self._seen: Counter[str] = Counter()
        self._no_json: Counter[str] = Counter()
        self._other: Counter[str] = Counter()

    def see(self, request: Request, answer: Answer, url: str) -> None:
        """Look at one of a server's first answers; RupairsError if most are not in the schema."""
        if not self.required or request.schema is None or self._seen[url] >= _WATCHED:
            return
        text = answer.text.lstrip()
        if not text:
            return
        self._seen[url] += 1
        no_json = not text.startswith(("{", "["))
        self._no_json[url] += no_json
        self._other[url] += no_json or not _has_keys(text, request.schema)
        if self._seen[url] == _WATCHED and self._other[url] > _WATCHED // 2:
            raise RupairsError(
                f"{url}: {self._told(url)}: the server "
                "does not enforce response_format json_schema; take one that does (vLLM, "
                'llama.cpp), ask a base model with kind = "base", or go on all the same with '
                "schema_required = false in [llm]; finished calls are kept"
            )

    def _told(self, url: str) -> str:
        no_json, other = self._no_json[url], self._other[url]
        of = f"of the first {_WATCHED} answers"
        if no_json == other:
            return f"{other} {of} are not JSON"
        return f"{other} {of} are not JSON with the keys that were asked for"


def _has_keys(text: str, schema: Mapping[str, Any]) -> bool:
    """Say whether JSON has the keys a schema requires; what was cut is not judged."""
    try:
        return _fits(json.loads(text, strict=False), schema)
    except (ValueError, RecursionError):
        return True


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "array":
        return isinstance(value, list) and all(_fits(v, schema.get("items", {})) for v in value)
    if schema.get("type") != "object":
        return True
    if not isinstance(value, dict) or not set(schema.get("required", ())) <= set(value):
        return False
    parts = schema.get("properties", {})
    return all(_fits(v, parts.get(name, {})) for name, v in value.items())
