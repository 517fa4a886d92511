"""What training begins with: the run's encoder, or the model that `[training.encoder]` names.

The run's encoder also judges similarity and finds neighbours; a model that is yet to be trained
into a sentence encoder, as USER began with deberta-v1, cannot.
"""

from typing import Any

from rupairs.encoder import model_path
from rupairs.recipe import EncoderSection, Recipe
from rupairs.steps import Context

STAGE1 = "training.stage1"


def initial_encoder(recipe: Recipe) -> EncoderSection:
    """Return the encoder as it was before any training."""
    training: Any = recipe.sections["training"]
    return training.encoder.start or recipe.encoder


def first_model(context: Context) -> tuple[str, str | None]:
    """Return what a step begins with and its revision: stage 1's model if there is one."""
    if STAGE1 in context.inputs:
        return str(context.inputs[STAGE1].whole()), None
    section = initial_encoder(context.recipe)
    return model_path(section), section.revision
