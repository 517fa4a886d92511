"""Reading a reply: servers differ in what they leave out, and careless ones send anything."""

from typing import Any

from rupairs.errors import RupairsError
from rupairs.llm.request import Answer, Request

# So many first answers under a schema show whether the server holds them to it.
_WATCHED = 20


class EmptyAnswerError(Exception):
    """The server answered without a choice."""


class UnreadableAnswerError(Exception):
    """The server answered with something that is no completion."""


def read_reply(reply: Any, seconds: float) -> Answer:
    """Return what a reply of either endpoint holds.

    Thinking aloud stands in a field of its own, which is in no standard: `reasoning_content`, or
    `reasoning`. Raises EmptyAnswerError and UnreadableAnswerError.
    """
    try:
        choice = reply.choices[0] if reply.choices else None
        message = getattr(choice, "message", None)
        text = message.content if message is not None else getattr(choice, "text", None)
    except (AttributeError, TypeError, LookupError) as error:
        raise UnreadableAnswerError(f"not a completion: {error}") from None
    thought = any(getattr(message, n, None) for n in ("reasoning_content", "reasoning"))
    if text is None and thought:
        text = ""
    if text is None:
        raise EmptyAnswerError
    if not isinstance(text, str):
        raise UnreadableAnswerError(f"the text is of type {type(text).__name__}")
    usage = getattr(reply, "usage", None)
    return Answer(
        text=whole(text),
        finish_reason=whole(str(getattr(choice, "finish_reason", None) or "")),
        prompt_tokens=_count(usage, "prompt_tokens"),
        completion_tokens=_count(usage, "completion_tokens"),
        served_by=whole(str(getattr(reply, "model", None) or "")),
        seconds=round(seconds, 3),
        reasoning=thought,
    )


def whole(text: str) -> str:
    """Return the text without half surrogate pairs, legal in JSON and nowhere else."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(usage: Any, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and value > 0 else 0


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
