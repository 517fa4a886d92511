"""Answering a step's requests: the server is started only if the replay log lacks an answer."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rupairs.llm.client import Client
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import LanguageModel
from rupairs.llm.request import Candidate, Rejected, Request
from rupairs.llm.task import Task
from rupairs.manifest import ModelFacts
from rupairs.recipe import LLMSection
from rupairs.steps import Context


@dataclass(frozen=True)
class Asked:
    """A request, the task it puts, and the row it was made for."""

    subject: dict[str, Any]
    task: Task
    request: Request


def answer_all(context: Context, asked: Iterable[Asked], label: str) -> None:
    """See that every request of a step has an answer or a stored failure.

    Raises `BudgetSpentError`, or `RupairsError` when no server can serve; what had finished by
    then stays in the log. Notes the model in the step's manifest.
    """
    section, progress = context.recipe.llm, context.progress
    requests = [a.request for a in asked]
    if (facts := generator_facts(section)) not in context.models:
        context.models.append(facts)
    with ReplayLog(context.log_path) as log:
        own = section.server if log.missing(requests) else "url"
        if own == "embedded":
            from rupairs.embedded.llm import EmbeddedServer

            server_log = context.run / "embedded-llm.log"
            with EmbeddedServer(server_log, slots=section.concurrency) as server:
                spent = Client(section, [server.url], log).answer(requests, progress, label)
        elif own == "vllm":
            from rupairs.vllm.answering import answer_in_rounds, section_server

            with section_server(section, context.run / "vllm.log", progress) as vllm:
                spent = answer_in_rounds(section, vllm, log, requests, progress, label)
        else:
            spent = Client(section, section.urls, log).answer(requests, progress, label)
    context.progress.say(
        f"  {label}: {spent.sent} calls sent, {spent.replayed} replayed, "
        f"{spent.failed.total()} failed, {spent.completion_tokens} tokens generated"
    )


def read_all(
    context: Context, model: LanguageModel, asked: Iterable[Asked]
) -> Iterator[tuple[dict[str, Any], Candidate | Rejected]]:
    """Yield (subject, what came of it) from the log, in order; failures come as `Rejected`."""
    tally: Counter[str] = Counter()
    failed: Counter[str] = Counter()

    def counted() -> Iterator[Asked]:
        for question in asked:
            tally["calls"] += 1
            if answer := log.get(question.request.key):
                tally["completion_tokens"] += answer.completion_tokens
            else:
                failed[_failure(log, question.request)[0]] += 1
            yield question

    with ReplayLog(context.log_path) as log:
        yield from found_in(log, model, counted())
    context.facts["calls"] = tally["calls"]
    context.facts["completion_tokens"] = tally["completion_tokens"]
    context.facts["failed_calls"] = dict(failed)


def found_in(
    log: ReplayLog, model: LanguageModel, asked: Iterable[Asked]
) -> Iterator[tuple[dict[str, Any], Candidate | Rejected]]:
    """Yield (subject, what came of it) of questions that were put before, in order."""
    for question in asked:
        request = question.request
        answer = log.get(request.key)
        if answer is None:
            reason, detail = _failure(log, request)
            yield question.subject, Rejected(f"call_failed:{reason}", detail, request.key)
            continue
        for found in model.read(question.task, request, answer):
            yield question.subject, found


def _failure(log: ReplayLog, request: Request) -> tuple[str, str]:
    return log.failure(request.key) or ("not_answered", "")


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
