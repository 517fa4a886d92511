"""What a recipe asks for, as far as its size and time depend on it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

from rupairs.errors import UsageError
from rupairs.planning import plan
from rupairs.recipe import Recipe

GENERATE = "ruhnp.generate"
# Entailment, neutral, contradiction.
_LABELS = 3


@dataclass(frozen=True)
class Asked:
    """The settings of a recipe.

    Of an anchor: calls of the first round, texts asked for, pairs of a whole row; `rounds` are
    those that ask again, `pool` is how many sentences are held for each anchor, `prompt` the
    characters of a call's prompt. Of a reviewed item: calls of ruwanli.generate and of
    ruwanli.complete. Of annotation: annotators an item, the share shown twice, annotators,
    items a batch. Of the judge: questions at most, two a text that is asked for. Of training:
    examples a step, and steps of all models together. What the recipe itself is after:
    `generated` pairs, `reviewed` items.
    """

    calls: float
    texts: int
    pairs: int
    rounds: int
    pool: float
    prompt: float
    nli_calls: float
    completions: float
    overlap: int
    repeats: float
    people: int
    items: int | None
    batch: int
    steps: int
    generated: int
    reviewed: int
    judged: int = 0


def asked(recipe: Recipe) -> Asked:
    """Return what a recipe asks for; `UsageError` if it leaves a part out."""
    steps = {row["step"]: row for row in plan(recipe, None)}
    if GENERATE not in steps:
        raise UsageError(f"{recipe.path}: has no {GENERATE}, whose size is to be computed")
    of = partial(setting, recipe)
    limit, asks = of("ruhnp.anchors.limit"), steps[GENERATE]
    nli, completed = (steps.get(f"ruwanli.{s}", {"calls": 0}) for s in ("generate", "complete"))
    # A completion is an item of its own.
    reviewed = _candidates(of) + completed["calls"]
    pairs = of("ruhnp.release.max_positives") + of("ruhnp.release.max_negatives")
    return Asked(
        calls=asks["calls"] / limit,
        texts=of("ruhnp.generate.positives") + of("ruhnp.generate.negatives"),
        pairs=pairs,
        rounds=of("ruhnp.generate.top_up_rounds"),
        # Sentences up to the target median and longer ones fill a pool each.
        pool=2 * of("ruhnp.anchors.surplus"),
        prompt=asks["prompt_characters"] / asks["calls"],
        nli_calls=nli["calls"] / reviewed,
        completions=completed["calls"] / reviewed,
        overlap=of("annotation.push.overlap"),
        repeats=of("annotation.push.repeats"),
        people=of("annotation.push.people"),
        items=of("annotation.push.batch_size"),
        batch=of("training.encoder.batch_size"),
        steps=sum(model.steps for model in _trained(of)),
        generated=limit * pairs,
        reviewed=reviewed,
        judged=steps.get("ruhnp.verify", {"calls": 0})["calls"],
    )


def _candidates(of: Callable[[str], Any]) -> int:
    """Return how many candidates go to review before completion, if all pass the heuristics."""
    per_seed, keep = of("ruwanli.generate.per_seed"), of("ruwanli.filter.keep")
    left = of("ruwanli.seeds.per_label") * per_seed * keep
    most = of("ruwanli.filter.per_label") or left
    return _LABELS * int(min(left, most))


def _trained(of: Callable[[str], Any]) -> list[Any]:
    """Return the models that are trained: a merged one is not."""
    stages = [of(f"training.{name}") for name in ("stage1", "symmetric", "asymmetric")]
    merged = stages[1] or stages[2]
    return [model for model in (*stages, None if merged else of("training.encoder")) if model]


def setting(recipe: Recipe, key: str) -> Any:
    """Return a setting by its name in the recipe, `section.step.key`."""
    section, *names = key.split(".")
    if section not in recipe.sections:
        raise UsageError(f"{recipe.path}: has no [{section}], whose size is to be computed")
    return reduce(getattr, names, recipe.sections[section])
