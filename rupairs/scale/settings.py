"""What a recipe asks for, as far as its size and time depend on it."""

from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

from rupairs.errors import UsageError
from rupairs.planning import plan
from rupairs.recipe import Recipe

GENERATE = "ruhnp.generate"


@dataclass(frozen=True)
class Asked:
    """The settings of a recipe.

    Of an anchor: calls of the first round, texts asked for, pairs of a whole row; `rounds` are
    those that ask again, `pool` is how many sentences are held for each anchor. Of annotation:
    annotators an item, the share shown twice, annotators, items a batch. `batch` is training's.
    """

    calls: float
    texts: int
    pairs: int
    rounds: int
    pool: float
    overlap: int
    repeats: float
    people: int
    items: int | None
    batch: int


def asked(recipe: Recipe) -> Asked:
    """Return what a recipe asks for; `UsageError` if it leaves a part out."""
    steps = {row["step"]: row for row in plan(recipe, None)}
    if GENERATE not in steps:
        raise UsageError(f"{recipe.path}: has no {GENERATE}, whose size is to be computed")
    of = partial(setting, recipe)
    return Asked(
        calls=steps[GENERATE]["calls"] / of("ruhnp.anchors.limit"),
        texts=of("ruhnp.generate.positives") + of("ruhnp.generate.negatives"),
        pairs=of("ruhnp.release.max_positives") + of("ruhnp.release.max_negatives"),
        rounds=of("ruhnp.generate.top_up_rounds"),
        # Sentences up to the target median and longer ones fill a pool each.
        pool=2 * of("ruhnp.anchors.surplus"),
        overlap=of("annotation.push.overlap"),
        repeats=of("annotation.push.repeats"),
        people=of("annotation.push.people"),
        items=of("annotation.push.batch_size"),
        batch=of("training.encoder.batch_size"),
    )


def setting(recipe: Recipe, key: str) -> Any:
    """Return a setting by its name in the recipe, `section.step.key`."""
    section, *names = key.split(".")
    if section not in recipe.sections:
        raise UsageError(f"{recipe.path}: has no [{section}], whose size is to be computed")
    return reduce(getattr, names, recipe.sections[section])
