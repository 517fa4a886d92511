"""Completion: premises without an intended entailment or contradiction get what they lack.

An addition of RuWANLI to WANLI: a premise with both gives a triple whose contradiction is a hard
negative. The new hypotheses pass the filter's heuristics and repeats, and are reviewed like all
other candidates.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from rupairs.benchmark_texts import benchmark_hashes
from rupairs.llm.answering import Asked, answer_all, read_all
from rupairs.llm.models import LanguageModel, language_model
from rupairs.llm.request import Rejected
from rupairs.llm.task import Task, load_task
from rupairs.recipe import Recipe
from rupairs.steps import Context
from rupairs.text import digest, key, share
from ruwanli.candidates import REVIEW_SCHEMA, Row, with_texts
from ruwanli.filter import leaking, measure
from ruwanli.heuristics import fault, tidy
from ruwanli.repeats import candidate_texts, nli_texts, repeats
from ruwanli.stage import PROMPTS, CompleteSection

WANLI, COMPLETION = "wanli", "completion"
_SIDES = ("entailment", "contradiction")
# Of the labels of the candidates: each side lacks the other, a neutral one both.
_LACKS = 4 / 3


def outside(section: Any) -> dict[str, str]:
    """Return the hashes of the filter's settings and benchmarks, which decide here too."""
    settings = json.dumps(section.filter.identity(), sort_keys=True)
    hashes = benchmark_hashes(section.filter.benchmarks)
    return {"ruwanli.filter's settings": digest((settings,))} | hashes


def tasks(config: CompleteSection) -> dict[str, Task]:
    """Return what is asked for each label that a premise can lack."""
    names = {"entailment": config.entailment_prompt, "contradiction": config.contradiction_prompt}
    return {label: load_task(PROMPTS / f"{name}.toml") for label, name in names.items()}


def gaps(rows: Iterable[Row], config: CompleteSection, seed: int) -> Iterator[tuple[Row, str]]:
    """Yield (candidate, label) for each label that a drawn premise lacks, in order.

    The candidate is the first one with the premise. Premises are drawn by hash: a larger share,
    or a higher limit, only adds to a smaller one.
    """
    first: dict[str, Row] = {}
    labels: dict[str, set[str]] = {}
    for row in rows:
        premise = key(row["premise"])
        first.setdefault(premise, row)
        labels.setdefault(premise, set()).add(row["intended_label"])
    place = {premise: share(premise, seed, "complete") for premise in first}
    lacking = [p for p in first if not labels[p].issuperset(_SIDES)]
    drawn = sorted((p for p in lacking if place[p] < config.fraction), key=lambda p: (place[p], p))
    chosen = set(drawn[: config.limit])
    for premise in lacking:
        if premise in chosen:
            yield from ((first[premise], side) for side in _SIDES if side not in labels[premise])


def questions(
    found: Iterable[tuple[Row, str]], model: LanguageModel, of: Mapping[str, Task]
) -> Iterator[Asked]:
    """Yield a call for each gap; its subject is the candidate that it will become."""
    for candidate, label in found:
        subject = candidate | {
            "intended_label": label,
            "examples": [dict(example) for example in of[label].examples],
            "origin_step": COMPLETION,
            "completes": candidate["pair_id"],
        }
        for request in model.requests(of[label], {"premise": candidate["premise"]}, 1):
            yield Asked(subject, of[label], request)


def complete(context: Context) -> None:
    """Write all candidates for review: those of the filter, then the new ones."""
    filtered = context.inputs["ruwanli.filter"]
    context.licenses = dict(filtered.manifest.licenses)
    rows = [row | {"origin_step": WANLI, "completes": None} for row in filtered.rows()]
    found = list(gaps(rows, context.config, context.seed))
    model, of = language_model(context.recipe.llm), tasks(context.config)
    answer_all(context, lambda: questions(found, model, of), "hypotheses", len(found))
    with context.writer(REVIEW_SCHEMA) as writer:
        for row in writer.each(rows):
            writer.keep(row)
        written = []
        for subject, answer in writer.each(read_all(context, model, questions(found, model, of))):
            if isinstance(answer, Rejected):
                writer.drop(_asked(subject, answer.call_id), answer.reason, answer.evidence)
            else:
                row = _asked(subject, answer.call_id) | {"sample": answer.sample}
                hypothesis = tidy(answer.fields["hypothesis"])
                written.append(with_texts(row, row["premise"], hypothesis))
        faults = _faults(context, written, rows)
        measure(context, [row for n, row in enumerate(written) if n not in faults])
        for number, row in enumerate(written):
            if why := faults.get(number):
                writer.drop(row, *why)
            else:
                writer.keep(row)
    context.facts |= {
        "premises": len({candidate["pair_id"] for candidate, _ in found}),
        "asked": len(found),
        "completions": len(written) - len(faults),
    }


def _asked(subject: Row, call_id: str) -> Row:
    """Return the subject of a call without what belongs to the candidate it came from."""
    theirs = ("pair_id", "hypothesis", "max_variability", "sample")
    return {n: v for n, v in subject.items() if n not in theirs} | {"call_id": call_id}


def _faults(
    context: Context, written: Sequence[Row], rows: Sequence[Row]
) -> dict[int, tuple[str, str]]:
    """Return the faults of completions by number: heuristics, benchmarks, then repeats."""
    heuristics = context.stage.filter
    faults: dict[int, tuple[str, str]] = {}
    for number, row in enumerate(written):
        if why := fault(row["premise"], row["hypothesis"], row["examples"], heuristics):
            faults[number] = why
    faults |= leaking(context, written, faults)
    left = [n for n in range(len(written)) if n not in faults]
    known = pa.concat_tables([nli_texts(context.inputs["harvest.pairs"]), candidate_texts(rows)])
    found = repeats(known, [written[n] for n in left], heuristics.near, context.work)
    return faults | {left[place]: why for place, why in found.items()}


def plan(recipe: Recipe) -> tuple[int, int]:
    """Return (calls, prompt characters) if every pair that is asked for passed the heuristics.

    A premise is taken to have 72 characters, the median of the published test set.
    """
    section: Any = recipe.sections["ruwanli"]
    config: CompleteSection = section.complete
    of = tasks(config)
    part = section.seeds.per_label * section.generate.per_seed * section.filter.keep
    per_label = min(part, section.filter.per_label or part)
    limit = math.inf if config.limit is None else config.limit
    premises = min(3 * per_label * config.fraction, limit)
    calls = math.ceil(premises * _LACKS)
    model = language_model(recipe.llm)
    row = {"pair_id": "", "premise": "о" * 72}
    asked = questions([(row, side) for side in _SIDES], model, of)
    return calls, calls * sum(q.request.prompt_characters for q in asked) // len(_SIDES)
