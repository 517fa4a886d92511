"""One question to a model and its answer, as data.

A request's key covers everything that decides the answer: model, revision, every message,
every parameter, the schema, the prompt version and the sample index.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from rupairs.text import digest


@dataclass(frozen=True)
class Request:
    """A call to `/completions` (`prompt`) or `/chat/completions` (`messages`)."""

    endpoint: Literal["completions", "chat"]
    model: str
    revision: str
    prompt_version: str
    sample: int
    parameters: Mapping[str, Any]
    prompt: str = ""
    messages: tuple[Mapping[str, str], ...] = ()
    schema: Mapping[str, Any] | None = None

    @cached_property
    def key(self) -> str:
        """Return the 32-digit hex id of the request, also the `call_id` of what comes of it."""
        return digest((self.to_json(),))

    def to_json(self) -> str:
        """Return the request as canonical JSON."""
        return self._json

    @cached_property
    def _json(self) -> str:
        # Not `asdict`, which copies everything deeply.
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return json.dumps(values, sort_keys=True, ensure_ascii=False)

    @property
    def prompt_characters(self) -> int:
        """Return the length of everything sent, in characters."""
        return len(self.prompt) + sum(len(m["content"]) for m in self.messages)


@dataclass(frozen=True)
class Answer:
    """What came back: the text, why it ended, tokens billed, and seconds it took.

    `reasoning` says whether the model thought aloud beside the text.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    served_by: str
    seconds: float
    reasoning: bool = False


@dataclass(frozen=True)
class Rejected:
    """An answer, or a part of one, that cannot be used."""

    reason: str
    evidence: str
    call_id: str


@dataclass(frozen=True)
class Candidate:
    """One usable item of an answer: the output fields of the task by name."""

    fields: Mapping[str, str]
    call_id: str
    sample: int = 0
