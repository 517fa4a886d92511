"""Generation: the examples of a seed, farthest first, and the model goes on in their pattern."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from rupairs.llm.answering import Asked, answer_all, read_all
from rupairs.llm.models import LanguageModel, language_model
from rupairs.llm.request import Rejected
from rupairs.llm.task import Task, load_task
from rupairs.pairs import pair_id
from rupairs.recipe import Recipe
from rupairs.steps import Context
from ruwanli.candidates import CANDIDATE_SCHEMA
from ruwanli.stage import PROMPTS, GenerateSection

_PLANNED_LABELS = ("entailment", "neutral", "contradiction")


def relation_tasks(path: Path, count: int) -> dict[str, Task]:
    """Return the task of each relation: the same instruction, another word for the hypothesis."""
    task = load_task(path, count)
    words = tomllib.loads(path.read_text(encoding="utf-8"))["relation_words"]
    return {
        label: replace(task, outputs={**task.outputs, "hypothesis": word})
        for label, word in words.items()
    }


def questions(
    seeds: Iterator[dict[str, Any]], model: LanguageModel, config: GenerateSection
) -> Iterator[Asked]:
    """Yield every call; the examples of a seed become the examples of its task."""
    tasks = relation_tasks(PROMPTS / f"{config.prompt}.toml", config.per_seed)
    for seed in seeds:
        task = replace(tasks[seed["label"]], examples=tuple(seed["examples"]))
        subject = {k: v for k, v in seed.items() if k != "label"}
        subject["intended_label"] = seed["label"]
        for request in model.requests(task, {}, config.per_seed):
            yield Asked(subject, task, request)


def generate(context: Context) -> None:
    """Write one row a generated pair; answers without two labelled parts are dropped."""
    model = language_model(context.recipe.llm)
    seeds = context.inputs["ruwanli.seeds"]

    def asked() -> Iterator[Asked]:
        return questions(seeds.rows(), model, context.config)

    # Every seed takes as many calls as the first.
    one = questions(islice(seeds.rows(), 1), model, context.config)
    total = seeds.manifest.counts.rows_out * sum(1 for _ in one)
    answer_all(context, asked, "NLI pairs", total)
    with context.writer(CANDIDATE_SCHEMA) as writer:
        for subject, found in writer.each(read_all(context, model, asked())):
            if isinstance(found, Rejected):
                writer.drop(subject | {"call_id": found.call_id}, found.reason, found.evidence)
                continue
            premise, hypothesis = found.fields["premise"], found.fields["hypothesis"]
            row = {
                "pair_id": pair_id(premise, hypothesis, symmetric=True),
                "premise": premise,
                "hypothesis": hypothesis,
                "call_id": found.call_id,
                "sample": found.sample,
            }
            writer.keep(subject | row)


def plan(recipe: Recipe) -> tuple[int, int]:
    """Return (calls, prompt characters) for seeds in three labels, as many as the recipe allows.

    Premise and hypothesis are taken to have the medians of the published test set, 72 and 56
    characters.
    """
    section: Any = recipe.sections["ruwanli"]
    example = {"premise": "о" * 72, "hypothesis": "о" * 56}
    seed = {"label": "entailment", "examples": [example] * (section.seeds.neighbours + 1)}
    requests = [
        a.request for a in questions(iter([seed]), language_model(recipe.llm), section.generate)
    ]
    seeds = section.seeds.per_label * len(_PLANNED_LABELS)
    return seeds * len(requests), seeds * sum(r.prompt_characters for r in requests)
