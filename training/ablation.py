"""The ablation of USER's thesis: the same recipe with one thing left out at a time.

Each variant is a run of its own below `RUN/ablation`, over the finished data of `RUN`. What two
variants have in common is trained once; a stopped matrix goes on where it was.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rupairs.errors import UsageError
from rupairs.execution import locked, run_step
from rupairs.manifest import NAME
from rupairs.options import print_json
from rupairs.progress import Progress
from rupairs.recipe import Recipe
from rupairs.runs import open_recipe, run_steps
from rupairs.steps import Step, chain, load_stages
from training.stage import STAGE, TrainingSection

Settings = dict[str, Any]
_MODELS = ("encoder", "stage1", "symmetric", "asymmetric")
_WAYS = ("fixed", "official")


@dataclass(frozen=True)
class Variant:
    """A row of the table; `change` returns the settings without it, None if they have none of it.

    `published` is the mean of Encodechka's eight sentence tasks in the thesis.
    """

    name: str
    title: str
    published: float
    change: Callable[[Settings], Settings | None]


def _in_all(settings: Settings, **values: Any) -> Settings:
    changed = {name: settings[name] | values for name in _MODELS if settings[name]}
    return settings | changed


def _no_instructions(settings: Settings) -> Settings | None:
    return _in_all(settings, instructions=False)


def _no_angle(settings: Settings) -> Settings | None:
    if not any(settings[name]["angle_weight"] for name in _MODELS if settings[name]):
        return None
    return _in_all(settings, angle_weight=0.0)


def _no_split(settings: Settings) -> Settings | None:
    """One model sees as many examples as two, by the settings of the symmetric one."""
    symmetric, asymmetric = settings["symmetric"], settings["asymmetric"]
    if not symmetric:
        return None
    steps = symmetric["steps"] + asymmetric["steps"]
    encoder = settings["encoder"] | symmetric | {"steps": steps}
    return settings | {"symmetric": None, "asymmetric": None, "encoder": encoder}


def _no_stage1(settings: Settings) -> Settings | None:
    return settings | {"stage1": None} if settings["stage1"] else None


def _no_pretraining(settings: Settings) -> Settings | None:
    return _in_all(settings, initial="random", freeze_embeddings=False)


VARIANTS = (
    Variant("full", "the recipe", 0.772, lambda settings: settings),
    Variant("no-instructions", "no instructions", 0.769, _no_instructions),
    Variant("no-angle", "no AnglE", 0.759, _no_angle),
    Variant("no-split", "one model for all pairs", 0.743, _no_split),
    Variant("no-stage1", "no stage 1", 0.739, _no_stage1),
    Variant("no-pretraining", "no pre-training (random weights)", 0.711, _no_pretraining),
)


def ablate(name: str, out: Path, overrides: list[str], only: list[str], as_json: bool) -> None:
    """Run the matrix and print the scores beside the published ones."""
    recipe = open_recipe(name, overrides)
    if "training" not in recipe.sections:
        raise UsageError(f"{recipe.path}: an ablation needs a [training] section")
    if recipe.sections["training"].model_dump()["evaluation"]["encodechka"] is None:
        raise UsageError(
            f"{recipe.path}: an ablation compares scores on Encodechka; give its folder: --set "
            "training.evaluation.encodechka=FOLDER"
        )
    if unknown := sorted(set(only) - {variant.name for variant in VARIANTS}):
        known = ", ".join(variant.name for variant in VARIANTS)
        raise UsageError(f"{unknown[0]}: no such variant; known: {known}")
    # What the steps before print is no part of the JSON.
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        data = _make_data(recipe, out)
    progress = Progress()
    rows = []
    for variant in VARIANTS:
        if only and variant.name not in only:
            continue
        changed = variant_recipe(recipe, variant)
        progress.say(f"{variant.name}: {variant.title}")
        if changed is None:
            progress.say("  left out: the recipe has nothing of it")
        else:
            scores = _run(changed, out, variant.name, data, progress)
            rows.append({"variant": variant.name, "title": variant.title} | scores)
            rows[-1]["published"] = variant.published
    _write(rows, out / "ablation", as_json)


def variant_recipe(recipe: Recipe, variant: Variant) -> Recipe | None:
    """Return the recipe of a variant; None where it would be the recipe itself."""
    settings = recipe.sections["training"].model_dump()
    changed = variant.change(settings)
    if changed is None:
        return None
    section = TrainingSection.model_validate(changed)
    return Recipe(recipe.path, {**recipe.sections, "training": section})


def _make_data(recipe: Recipe, out: Path) -> list[Step]:
    """Make what training reads, unless it is there; return the steps that training reads."""
    steps = chain(recipe, load_stages())
    named = {step.name: step for step in steps}
    own = {step.name for step in steps if step.stage == STAGE.name}
    read = [need for name in own for need in (*named[name].inputs, *named[name].optional_inputs)]
    wanted = sorted({name for name in read if name in named} - own)
    needed: set[str] = set()
    waiting = list(wanted)
    while waiting:
        step = named[waiting.pop()]
        if step.name not in needed:
            needed.add(step.name)
            waiting += [n for n in (*step.inputs, *step.optional_inputs) if n in named]
    before = [step for step in steps if step.name in needed]
    run_steps(before, recipe, out, set(), False, set(named))
    return [named[name] for name in wanted]


def _run(
    recipe: Recipe, out: Path, name: str, data: list[Step], progress: Progress
) -> dict[str, Any]:
    """Train and measure one variant; return its scores."""
    run = out / "ablation" / name
    with locked(run):
        for step in data:
            _link(step.path(out), step.path(run))
        steps = chain(recipe, load_stages())
        own = [step for step in steps if step.stage == STAGE.name]
        for step in own:
            _borrow(step, out / "ablation" / VARIANTS[0].name, run)
            progress.say(f"  {step.name}: {step.title}")
            outcome = run_step(step, run, recipe, {s.name for s in steps}, progress)
            if step.name == "training.evaluation":
                scores = _scores(outcome.manifest.facts["scores"]["after"])
    return scores


def _link(target: Path, link: Path) -> None:
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent), target_is_directory=True)


def _borrow(step: Step, full: Path, run: Path) -> None:
    """Take over a step of the whole recipe; it is made again if its settings or inputs differ."""
    source, target = step.path(full), step.path(run)
    if target.exists() or run == full or not (source / NAME).is_file():
        return
    unfinished = target.with_name(f".{target.name}.borrowed")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished)
    unfinished.rename(target)


def _scores(after: dict[str, Any]) -> dict[str, Any]:
    """Return the means over Encodechka's sentence tasks, or over those that were measured."""
    tasks = after.get("encodechka", {})
    found: dict[str, Any] = {"tasks": len(tasks)}
    for way in _WAYS:
        values = [score[way] for score in tasks.values() if score.get(way) is not None]
        whole = after.get("means", {}).get(way, {}).get("Mean S")
        found[way] = whole or (sum(values) / len(values) if values else None)
    return found


def _write(rows: list[dict[str, Any]], folder: Path, as_json: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    (folder / "ablation.json").write_text(text, encoding="utf-8")
    if as_json:
        print_json(rows)
        return
    table = Table(title="Encodechka, mean of the tasks measured")
    for column in ("variant", "tasks", *_WAYS, "published, 8 tasks"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for row in rows:
        means = (row[way] for way in _WAYS)
        cells = ["" if mean is None else f"{mean:.4f}" for mean in means]
        table.add_row(row["title"], str(row["tasks"]), *cells, f"{row['published']:.3f}")
    Console().print(table)
