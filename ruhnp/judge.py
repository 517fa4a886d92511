"""The judge: does a text follow from its anchor, and its anchor from the text?

A paraphrase follows both ways; a hard negative must not. `llm` asks the run's language model
through the replay log, at temperature 0, for «да» or «нет» (a chat model under a schema that
allows nothing else; a base model's completion is read for one of the two words). `nli` scores with
a cross-encoder (`ruhnp.nli`). Either way nothing is judged twice: thresholds can change.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ruhnp.generated import Fault
from ruhnp.stage import PROMPTS, JudgeSection, VerifySection
from rupairs.llm.answering import Asked, answer_all, found_in
from rupairs.llm.log import ReplayLog
from rupairs.llm.models import LanguageModel, language_model
from rupairs.llm.request import Candidate, Rejected, Request
from rupairs.llm.task import Task, load_task
from rupairs.manifest import ModelFacts
from rupairs.recipe import LLMSection, Recipe
from rupairs.steps import Context
from rupairs.text import key

Texts = tuple[str, str]
"""(anchor, text)."""

ANSWERS = {"да": 1.0, "нет": 0.0}
JUDGE_CHECKS = ("not_judged", "not_entailed", "entailed_both_ways")
STORE = "judge.sqlite"
_SHOWN = 80
# So many pairs are put to a language model, or scored, at a time.
BLOCK = {"llm": 20_000, "nli": 1_024}


@dataclass(frozen=True)
class Verdict:
    """How likely the text follows from the anchor, and back; None with the problem if unknown."""

    forward: float | None = None
    backward: float | None = None
    problem: str = ""

    @property
    def both(self) -> float | None:
        """Return how likely each follows from the other: the weaker direction."""
        if self.forward is None or self.backward is None:
            return None
        return min(self.forward, self.backward)


UNJUDGED = Verdict()


def verdicts(context: Context, section: JudgeSection, pairs: Iterable[Texts]) -> Iterator[Verdict]:
    """Yield the verdict on each pair, in order; notes the judge in the step's manifest."""
    judge: _Scorer | _Questioner
    judge = _Questioner(context, section) if section.kind == "llm" else _Scorer(context, section)
    remaining = iter(pairs)
    while block := list(islice(remaining, BLOCK[section.kind])):
        yield from judge.block(block)


def disputed(kind: str, verdict: Verdict, config: VerifySection) -> Fault | None:
    """Return the fault of a text that the judge does not take for what it is meant to be."""
    section = config.judge
    if section is None:
        return None
    both = verdict.both
    if both is None:
        return ("not_judged", verdict.problem) if config.wants("not_judged") else None
    seen = f"{verdict.forward:.3f} forward, {verdict.backward:.3f} backward"
    if kind == "positive":
        low = both < section.min_positive_entailment and config.wants("not_entailed")
        return ("not_entailed", f"{seen} < {section.min_positive_entailment}") if low else None
    high = both >= section.max_negative_entailment and config.wants("entailed_both_ways")
    return ("entailed_both_ways", f"{seen} ≥ {section.max_negative_entailment}") if high else None


class _Scorer:
    """A cross-encoder behind the run's store of scores."""

    def __init__(self, context: Context, section: JudgeSection) -> None:
        from ruhnp.nli import Scored, judge_facts

        self._scored = Scored(context.run / STORE, section)
        _note(context, judge_facts(section))

    def block(self, pairs: list[Texts]) -> Iterator[Verdict]:
        scores = self._scored.of([*pairs, *((text, anchor) for anchor, text in pairs)])
        for forward, backward in zip(scores[: len(pairs)], scores[len(pairs) :], strict=True):
            yield Verdict(forward, backward)


class _Questioner:
    """The run's language model, asked twice a pair."""

    def __init__(self, context: Context, section: JudgeSection) -> None:
        self.context = context
        self.task = load_task(PROMPTS / f"{section.prompt}.toml")
        self.model = _language_model(context.recipe.llm, section)
        llm = context.recipe.llm
        facts = ModelFacts(role="judge", id=llm.model, revision=llm.revision, license=llm.license)
        _note(context, facts)

    def block(self, pairs: list[Texts]) -> Iterator[Verdict]:
        asked = [
            Asked({}, self.task, question(self.model, self.task, given, following))
            for anchor, text in pairs
            for given, following in ((anchor, text), (text, anchor))
        ]
        answer_all(self.context, asked, "judge")
        with ReplayLog(self.context.log_path) as log:
            read = [self._read(log, a) for a in asked]
        for forward, backward in zip(read[::2], read[1::2], strict=True):
            problems = dict.fromkeys(said.problem for said in (forward, backward) if said.problem)
            yield Verdict(forward.probability, backward.probability, "; ".join(problems))

    def _read(self, log: ReplayLog, asked: Asked) -> "_Said":
        facts = self.context.facts
        facts["judge_calls"] = facts.get("judge_calls", 0) + 1
        found = next((f for _, f in found_in(log, self.model, [asked])), None)
        if isinstance(found, Rejected):
            if found.reason.startswith("call_failed:"):
                failed = Counter(facts.get("failed_calls", {}))
                failed[found.reason.removeprefix("call_failed:")] += 1
                facts["failed_calls"] = dict(failed)
            return _Said(None, f"{found.reason}: {found.evidence[:_SHOWN]}")
        return _said(found)


@dataclass(frozen=True)
class _Said:
    """One answer: 1 for «да», 0 for «нет», or None and what is wrong with it."""

    probability: float | None
    problem: str = ""


def _said(found: Candidate | None) -> _Said:
    text = key(found.fields["answer"]) if found else ""
    probability = ANSWERS.get(text.partition(" ")[0])
    problem = "" if probability is not None else f"neither да nor нет: {text[:_SHOWN]}"
    return _Said(probability, problem)


def _language_model(llm: LLMSection, section: JudgeSection) -> LanguageModel:
    sure = {"temperature": 0.0, "top_p": 1.0, "max_tokens": section.max_tokens}
    return language_model(llm.model_copy(update=sure))


def question(model: LanguageModel, task: Task, given: str, following: str) -> Request:
    """Return the call that asks whether `following` follows from `given`."""
    (request,) = model.requests(task, {"premise": given, "hypothesis": following}, 1)
    return replace(request, schema=_of_two(request.schema)) if request.schema else request


def _of_two(schema: Any) -> Any:
    """Return the schema of the answer with nothing but the two words allowed in it."""
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "string":
        return {**schema, "enum": list(ANSWERS)}
    return {name: _of_two(value) for name, value in schema.items()}


def _note(context: Context, facts: ModelFacts) -> None:
    if facts not in context.models:
        context.models.append(facts)


def plan(recipe: Recipe) -> tuple[int, int]:
    """Return (calls, prompt characters) at most: two calls a text of the first round.

    Texts are taken to have the 115 characters that the published set has in the median.
    """
    config = _section(recipe).generate
    return _planned(recipe, config.positives + config.negatives)


def plan_top_ups(recipe: Recipe) -> tuple[int, int]:
    """Return the same of the texts that the other rounds make at most."""
    config = _section(recipe).generate
    most = config.enough_positives + config.enough_negatives
    return _planned(recipe, config.top_up_rounds * config.surplus * most)


def _planned(recipe: Recipe, texts: int) -> tuple[int, int]:
    section = _section(recipe)
    judge = section.verify.judge
    if judge is None or judge.kind != "llm":
        return 0, 0
    task = load_task(PROMPTS / f"{judge.prompt}.toml")
    request = question(_language_model(recipe.llm, judge), task, "о" * 115, "о" * 115)
    calls = 2 * section.anchors.limit * texts
    return calls, calls * request.prompt_characters


def _section(recipe: Recipe) -> Any:
    return recipe.sections["ruhnp"]
