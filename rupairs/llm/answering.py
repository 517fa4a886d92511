"""Answering a step's requests: the server is started only if the replay log lacks an answer.

One that was started serves all the rounds and blocks of its step, and ends with it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sized
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import LanguageModel
from rupairs.llm.request import Answer, Candidate, Rejected, Request
from rupairs.llm.rounds import answer_in_rounds
from rupairs.llm.spent import Spent
from rupairs.llm.task import Task
from rupairs.manifest import ModelFacts
from rupairs.recipe import LLMSection
from rupairs.steps import Context

_OWN_PATIENCE_S = 10.0

SAMPLED: ContextVar[int] = ContextVar("SAMPLED", default=0)
"""If not 0, a step asks so many of the questions that the log lacks, and ends in SampledError.

Where the log lacks none, it holds the sample already.
"""


class SampledError(Exception):
    """A sample of a step's questions has been asked, which is all that was wanted of the step."""

    def __init__(self, requests: list[Request], spent: Spent) -> None:
        super().__init__(f"{len(requests)} sample calls")
        self.requests = requests
        self.spent = spent


@dataclass(frozen=True)
class Asked:
    """A request, the task it puts, and the row it was made for."""

    subject: dict[str, Any]
    task: Task
    request: Request


Questions = Callable[[], Iterable[Asked]]
"""Makes all questions of a step anew each time it is called, so that nobody has to hold them."""


def answer_all(
    context: Context,
    asked: Questions | Iterable[Asked],
    label: str,
    total: int | None = None,
) -> None:
    """See that every request of a step has an answer or a stored failure.

    `total` is how many there are, if that is known. Raises `BudgetSpentError`, or `RupairsError`
    when no server can serve; what had finished by then stays in the log. Notes the model in the
    step's manifest.
    """
    section = context.recipe.llm
    if total is None and isinstance(asked, Sized):
        total = len(asked)
    requests = _requests(asked)
    if (facts := generator_facts(section)) not in context.models:
        context.models.append(facts)
    with ReplayLog(context.log_path) as log:
        if limit := SAMPLED.get():
            lacking = (r for r in requests() if not log.has(r.key))
            sample = list(islice(lacking, limit)) or list(islice(requests(), limit))
            spent = _answer(context, log, lambda: sample, label, len(sample))
            raise SampledError(sample, spent)
        spent = _answer(context, log, requests, label, total)
    context.progress.say(
        f"  {label}: {spent.sent} calls sent, {spent.replayed} replayed, "
        f"{spent.failed.total()} failed, {spent.completion_tokens} tokens generated"
    )


def _requests(asked: Questions | Iterable[Asked]) -> Callable[[], Iterator[Request]]:
    if not isinstance(asked, Iterable):
        return lambda: (question.request for question in asked())
    held = list(asked) if isinstance(asked, Iterator) else asked
    return lambda: (question.request for question in held)


def _answer(
    context: Context,
    log: ReplayLog,
    requests: Callable[[], Iterable[Request]],
    label: str,
    total: int | None,
) -> Spent:
    section, progress = context.recipe.llm, context.progress
    if section.server == "url" or all(log.has(r.key) for r in requests()):
        client = Client(section, section.urls, log, context.clock)
        return client.answer(requests(), progress, label, total)
    context.clock.start()  # a model that is being loaded has the card already
    if section.server == "embedded":
        from rupairs.embedded.llm import EmbeddedServer

        server_log = context.run / "embedded-llm.log"
        server = context.hold("llm", lambda: EmbeddedServer(server_log, slots=section.concurrency))
        return _own_client(context, log, server.url).answer(requests(), progress, label, total)
    from rupairs.vllm.answering import section_batch, section_server, section_worker

    file = context.run / "vllm.log"
    if section.server == "vllm":
        vllm = context.hold("llm", lambda: section_server(section, file, progress))
        return answer_in_rounds(
            lambda: _own_client(context, log, vllm.url), vllm, requests, progress, label, total
        )
    worker = context.hold("llm", lambda: section_worker(section, file, progress))
    batch = section_batch(section, log, worker, progress, context.clock)
    return batch.answer(requests(), progress, label, total)


def _own_client(context: Context, log: ReplayLog, url: str) -> Client:
    """Return the client of a server of ours: whoever started it knows what its absence means."""
    section = context.recipe.llm
    little = {"patience_s": min(section.patience_s, _OWN_PATIENCE_S)}
    return Client(section.model_copy(update=little), [url], log, context.clock)


def read_all(
    context: Context, model: LanguageModel, asked: Iterable[Asked]
) -> Iterator[tuple[dict[str, Any], Candidate | Rejected]]:
    """Yield (subject, what came of it) from the log, in order; failures come as `Rejected`.

    The manifest gets the numbers of calls and tokens, and the prompts.
    """
    tally: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    prompts: dict[str, dict[str, str]] = {}
    with ReplayLog(context.log_path) as log:
        for question in asked:
            tally["calls"] += 1
            if (name := question.task.prompt_version) not in prompts:
                prompts[name] = question.task.facts()
            answer = log.get(question.request.key)
            if answer:
                tally["completion_tokens"] += answer.completion_tokens
            for found in _found(log, model, question, answer):
                if answer is None and isinstance(found, Rejected):
                    failed[found.reason.partition(":")[2]] += 1
                yield question.subject, found
    context.facts["calls"] = tally["calls"]
    context.facts["completion_tokens"] = tally["completion_tokens"]
    context.facts["failed_calls"] = dict(failed)
    context.facts["prompts"] = prompts


def found_in(
    log: ReplayLog, model: LanguageModel, asked: Iterable[Asked]
) -> Iterator[tuple[dict[str, Any], Candidate | Rejected]]:
    """Yield (subject, what came of it) of questions that were put before, in order."""
    for question in asked:
        for found in _found(log, model, question, log.get(question.request.key)):
            yield question.subject, found


def _found(
    log: ReplayLog, model: LanguageModel, question: Asked, answer: Answer | None
) -> Iterator[Candidate | Rejected]:
    request = question.request
    if answer is None:
        reason, detail = log.failure(request.key) or ("not_answered", "")
        yield Rejected(f"call_failed:{reason}", detail, request.key)
    else:
        yield from model.read(question.task, request, answer)


def generator_facts(section: LLMSection) -> ModelFacts:
    """Return the facts a card needs about the model that writes."""
    note = ""
    if section.server == "embedded":
        from rupairs.embedded.llm import LICENSE_NOTE

        note = LICENSE_NOTE
    return ModelFacts(
        role="generator",
        id=section.model,
        revision=section.revision,
        license=section.license,
        note=note,
    )
