"""Model classes: each knows how a task is put to it and how its answers are read.

A stage asks `model.requests(task, item, n)` and `model.read(task, request, answer)`; whether that
is few-shot completion or chat with a JSON schema is the model's business.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from rupairs.llm.request import Answer, Candidate, Rejected, Request
from rupairs.llm.task import Task
from rupairs.recipe import LLMSection
from rupairs.text import clean, digest

_ANSWER: TypeAdapter[dict[str, list[dict[str, str]]]] = TypeAdapter(dict[str, list[dict[str, str]]])


class LanguageModel(Protocol):
    """How a class of models is spoken to."""

    def requests(self, task: Task, item: Mapping[str, str], n: int) -> Sequence[Request]:
        """Return the calls that ask for about `n` outputs of `task` on `item`."""

    def read(self, task: Task, request: Request, answer: Answer) -> Iterator[Candidate | Rejected]:
        """Yield what one answer holds, usable or not."""


class BaseModel:
    """A pretrained model: few-shot completion, one output an answer, many samples."""

    def __init__(self, section: LLMSection) -> None:
        self.section = section

    def requests(self, task: Task, item: Mapping[str, str], n: int) -> Sequence[Request]:
        """Return `n` completions of the same prompt, each with a seed of its own."""
        stop = ["\n"] if len(task.outputs) == 1 else ["\n\n"]
        asked = {"endpoint": "completions", "prompt": _few_shot(task, item)}
        return [_request(self.section, task, sample, asked, stop=stop) for sample in range(n)]

    def read(self, task: Task, request: Request, answer: Answer) -> Iterator[Candidate | Rejected]:
        """Yield the one output the completion holds; a cut or unlabelled one is rejected."""
        if answer.finish_reason == "length":
            yield Rejected("cut_at_max_tokens", answer.text, request.key)
            return
        fields = _split_labels(task, answer.text)
        if fields is None:
            yield Rejected("unparsable", answer.text, request.key)
        else:
            yield Candidate(fields, request.key, request.sample)


class InstructModel:
    """A chat model: one call asks for all outputs of an item as JSON under a schema."""

    def __init__(self, section: LLMSection) -> None:
        self.section = section

    def requests(self, task: Task, item: Mapping[str, str], n: int) -> Sequence[Request]:
        """Return as many chat calls as give `n` outputs at `task.count` a call."""
        asked = {"endpoint": "chat", "messages": _chat(task, item), "schema": _schema(task)}
        calls = -(-n // task.count)
        return [_request(self.section, task, sample, asked) for sample in range(calls)]

    def read(self, task: Task, request: Request, answer: Answer) -> Iterator[Candidate | Rejected]:
        """Yield each item of the JSON; an answer that is cut or not in the schema is rejected."""
        if answer.finish_reason == "length":
            yield Rejected("cut_at_max_tokens", answer.text, request.key)
            return
        try:
            items = _ANSWER.validate_json(answer.text)["items"]
        except (ValidationError, KeyError):
            yield Rejected("not_in_schema", answer.text, request.key)
            return
        for number, item in enumerate(items):
            fields = {name: clean(item.get(name, "")) for name in task.outputs}
            if all(fields.values()):
                yield Candidate(fields, request.key, request.sample * task.count + number)
            else:
                yield Rejected("empty_field", str(item), request.key)


def language_model(section: LLMSection) -> LanguageModel:
    """Return the model class a recipe names."""
    return BaseModel(section) if section.kind == "base" else InstructModel(section)


def _request(
    section: LLMSection, task: Task, sample: int, asked: dict[str, Any], **parameters: Any
) -> Request:
    """Return a call whose seed, in the 31 bits every server takes, depends on the call alone."""
    seed = int(digest((str(asked), str(sample)), size=4), 16) >> 1
    return Request(
        model=section.model,
        revision=section.revision,
        prompt_version=task.prompt_version,
        sample=sample,
        parameters={
            "temperature": section.temperature,
            "top_p": section.top_p,
            "max_tokens": section.max_tokens,
            "seed": seed,
            **parameters,
        },
        **asked,
    )


def _block(labels: Mapping[str, str], row: Mapping[str, str]) -> str:
    return "\n".join(f"{label}: {row[name]}" for name, label in labels.items())


def _few_shot(task: Task, item: Mapping[str, str]) -> str:
    labels = {**task.inputs, **task.outputs}
    blocks = [task.instruction, *(_block(labels, example) for example in task.examples)]
    opening = f"{_block(task.inputs, item)}\n" if task.inputs else ""
    first = next(iter(task.outputs.values()))
    return "\n\n".join([*blocks, f"{opening}{first}:"])


def _split_labels(task: Task, text: str) -> dict[str, str] | None:
    names = list(task.outputs)
    rest, fields = text, {}
    for name, following in pairwise(names):
        value, mark, rest = rest.partition(f"\n{task.outputs[following]}:")
        if not mark:
            return None
        fields[name] = clean(value)
    fields[names[-1]] = clean(rest.partition("\n")[0])
    return fields if all(fields.values()) else None


def _schema(task: Task) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in task.outputs}
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    items = {"type": "array", "items": item, "minItems": task.count, "maxItems": task.count}
    return {
        "type": "object",
        "properties": {"items": items},
        "required": ["items"],
        "additionalProperties": False,
    }


def _chat(task: Task, item: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    labels = {**task.inputs, **task.outputs}
    fields = ", ".join(f"{name} — {label.lower()}" for name, label in task.outputs.items())
    system = (
        f"{task.instruction}\n\nОтвечай только по-русски, в формате JSON: список items из "
        f"{task.count} разных объектов с полями: {fields}."
    )
    examples = "\n\n".join(_block(labels, example) for example in task.examples)
    given = _block(task.inputs, item) if task.inputs else ""
    user = "\n\n".join(part for part in (f"Примеры:\n\n{examples}", given) if part)
    return ({"role": "system", "content": system}, {"role": "user", "content": user})
