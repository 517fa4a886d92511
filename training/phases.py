"""All steps of a recipe that make the encoder, one after the other."""

from pathlib import Path

from rupairs.errors import UsageError
from rupairs.runs import open_recipe, run_steps
from rupairs.steps import chain, load_stages
from training.stage import STAGE

_LAST = "training.encoder"


def run_phases(name: str, out: Path, overrides: list[str], redo: bool) -> int:
    """Run them, their data being finished; returns the exit code."""
    recipe = open_recipe(name, overrides)
    steps = chain(recipe, load_stages())
    own = [step for step in steps if step.stage == STAGE.name]
    if _LAST not in [step.name for step in own]:
        raise UsageError(f"{recipe.path}: {_LAST} is not asked for: add [{_LAST}]")
    phases = own[: [step.name for step in own].index(_LAST) + 1]
    again = {step.name for step in phases} if redo else set()
    return run_steps(phases, recipe, out, again, False, {step.name for step in steps})
