"""The step `training.encoder` when there are two models: how much of each the encoder is."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError
from rupairs.silence import silence
from rupairs.steps import Context
from training.cocktail import open_alike, weighted_sum
from training.development import Measured, measure
from training.run import choice, pair_inputs, work_folder
from training.saving import save_encoder
from training.settings import EncoderTraining, Merge
from training.stage import PARTS
from training.table import SPLITS, write_table
from training.views import View, build_views

Point = tuple[float, Measured]
"""A weight of the symmetric model, and how the merged one does."""


def merge(context: Context) -> None:
    """Merge the symmetric and the asymmetric model; the result and its curve go into `out`."""
    config: EncoderTraining = context.config
    views = _development(context)
    if not views and config.merge.rule != "fixed":
        raise RupairsError(
            f'training.encoder.merge.rule = "{config.merge.rule}" needs pairs of the split '
            f'{SPLITS[1]}, and there are none; give rule = "fixed" and a weight'
        )
    paths = [str(context.inputs[f"training.{part}"].whole()) for part in PARTS]
    with silence():
        models = open_alike(paths)
        points, losses = _measured(context, models, views)
        weight = chosen_weight(config.merge, points, losses)
        states = [model.state_dict() for model in models]
        models[0].load_state_dict(weighted_sum(states, (weight, 1 - weight)))
        longest = int(models[0].max_seq_length)
        save_encoder(models[0], context.out, longest, config.instructions)
    _write(context, weight, points, losses)


def _development(context: Context) -> tuple[View, ...]:
    config: EncoderTraining = context.config
    wanted = choice(context)
    held_out = type(wanted)(wanted.only, wanted.without, splits=SPLITS[1:])
    table = write_table(pair_inputs(context), held_out, work_folder(context) / "held_out")
    settings = config.model_copy(update={"validation_rows": config.merge.examples})
    return build_views(table, settings, context.seed, held_out=True).all


def _measured(
    context: Context, models: Sequence[Any], views: Sequence[View]
) -> tuple[list[Point], list[float]]:
    """Return the points of the curve, and the losses of the two models alone."""
    if not views:
        return [], []
    settings: Merge = context.config.merge
    weights = [n / (settings.points - 1) for n in range(settings.points)]
    if settings.rule != "sweep":
        weights = [0.0, 1.0]
    states = [{k: v.clone() for k, v in model.state_dict().items()} for model in models]
    points: list[Point] = []
    with context.progress.bar("merges measured", len(weights)) as tell:
        for weight in weights:
            models[0].load_state_dict(weighted_sum(states, (weight, 1 - weight)))
            points.append((weight, measure(models[0], views, context.recipe.encoder.batch_size)))
            tell(1, f"{weight:.2f} symmetric: {points[-1][1].mean:.4f}")
    models[0].load_state_dict(states[0])
    return points, [points[-1][1].loss, points[0][1].loss]


def chosen_weight(settings: Merge, points: Sequence[Point], losses: Sequence[float]) -> float:
    """Return the weight of the symmetric model; of equally good ones that nearest to a half.

    `losses` are those of the symmetric and the asymmetric model.
    """
    if settings.rule == "fixed":
        return settings.weight
    if settings.rule == "softmax":
        symmetric, asymmetric = losses
        return 1 / (1 + math.exp((symmetric - asymmetric) / settings.temperature))
    return max(points, key=lambda point: (point[1].mean, -abs(point[0] - 0.5)))[0]


def _write(
    context: Context, weight: float, points: Sequence[Point], losses: Sequence[float]
) -> None:
    settings: Merge = context.config.merge
    curve = [{"weight": w, **asdict(found)} for w, found in points]
    facts = {"rule": settings.rule, "weight_symmetric": weight, "losses": losses, "curve": curve}
    context.facts |= {"merge": facts, "weight_symmetric": weight}
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    (context.out / "merge.json").write_text(text, encoding="utf-8")
    notes = f"{weight:.4f} of the symmetric model, the rest of the asymmetric one: {settings.rule}."
    lines = [notes, "", *_table(points)]
    if len(points) > 2:
        plot(points, weight, context.out / "merge.png")
        lines += ["", "![Held-out pairs by the weight of the symmetric model](merge.png)"]
    (context.out / "notes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(points: Sequence[Point]) -> list[str]:
    if not points:
        return []
    lines = [
        "Held-out pairs, mean reciprocal rank of the positive:",
        "",
        "| weight of the symmetric | symmetric pairs | asymmetric pairs | mean | loss |",
        "|--:|--:|--:|--:|--:|",
    ]
    for weight, found in points:
        kinds = (found.symmetric, found.asymmetric, found.mean, found.loss)
        cells = ("" if value is None else f"{value:.4f}" for value in kinds)
        lines.append(f"| {weight:.2f} | {' | '.join(cells)} |")
    return lines


def plot(points: Sequence[Point], weight: float, path: Path) -> None:
    """Draw the curve of the sweep, with a line at the weight taken."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    weights = [point[0] for point in points]
    for name, style in (("symmetric", "--"), ("asymmetric", ":"), ("mean", "-")):
        values = [getattr(found, name) for _, found in points]
        if values[0] is not None:
            axes.plot(weights, values, style, marker="o", markersize=3, label=name)
    axes.axvline(weight, color="0.6", linewidth=1)
    axes.set_xlabel("weight of the symmetric model")
    axes.set_ylabel("mean reciprocal rank, held-out pairs")
    axes.legend()
    figure.savefig(path, dpi=120, metadata={"Software": None})
