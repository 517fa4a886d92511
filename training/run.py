"""The training steps: pairs in, an encoder out."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rupairs.arithmetic import precision
from rupairs.encoder import encoder_facts
from rupairs.errors import RupairsError
from rupairs.evaluation_sets import refuse
from rupairs.manifest import versions
from rupairs.steps import Context
from rupairs.text import digest
from training.beginning import STAGE1, first_model, initial_encoder
from training.checkpoints import only
from training.fit import MODEL, PAIRS, fit
from training.plan import Fit, Plan
from training.settings import ModelTraining
from training.stage import DATA, PARTS
from training.table import Choice, PairTable, write_table
from training.views import Views, build_views

NEGATIVES = "training.negatives"


def train_or_merge(context: Context) -> None:
    """Make the run's encoder: merged of the two models if there are two, else trained."""
    if all(f"training.{part}" in context.inputs for part in PARTS):
        from training.merging import merge

        merge(context)
    else:
        train(context)


def train(context: Context) -> None:
    """Train a model on the train split of the inputs; the model goes into `out`."""
    config: ModelTraining = context.config
    plan = make_plan(context)
    table = write_table(pair_inputs(context), choice(context), plan.folder / PAIRS)
    views = _views(context, table, config)
    facts = encoder_facts(initial_encoder(context.recipe), role="initial encoder")
    if facts not in context.models:
        context.models.append(facts)
    with context.progress.bar("steps", config.steps) as bar:

        def tell(steps: int, loss: float | None) -> None:
            bar(steps, "" if loss is None else f"loss {loss:.3f}")

        done = _fit(plan, tell)
    shutil.copytree(plan.folder / MODEL, context.out, dirs_exist_ok=True)
    unused = {source: dict(reasons) for source, reasons in views.unused.items()}
    context.facts |= _facts(config, done) | {"pairs": views.counts(), "unused": unused}
    (context.out / "notes.md").write_text(_notes(views, config, done), encoding="utf-8")


def _fit(plan: Plan, tell: Any) -> Fit:
    if plan.config.processes == 1:
        return fit(plan, tell)
    from training.processes import fit_in_processes

    return fit_in_processes(plan, tell)


def pair_inputs(context: Context) -> list[Any]:
    """Return the readers of the pairs; `RupairsError` when the recipe makes none."""
    found = [context.inputs[name] for name in (*DATA, NEGATIVES) if name in context.inputs]
    if not found:
        raise RupairsError(
            f"nothing to train on: {context.step.name} reads {', '.join(DATA[:-1])} and "
            f"{DATA[-1]}; put at least one of them into the recipe"
        )
    refuse(context.step.name, (reader.manifest for reader in found))
    return found


def choice(context: Context) -> Choice:
    """Return which pairs the step takes: those of its part, of the sources it names."""
    config: ModelTraining = context.config
    symmetric = {f"training.{part}": part == "symmetric" for part in PARTS}
    return Choice(config.only, config.without, symmetric.get(context.step.name))


def make_plan(context: Context) -> Plan:
    """Return the plan of the step."""
    import torch

    config: ModelTraining = context.config
    path, revision = first_model(context)
    cuda = "cuda" if torch.cuda.is_available() else "cpu"
    return Plan(
        model=path,
        revision=revision,
        max_length=initial_encoder(context.recipe).max_length,
        fresh=STAGE1 not in context.inputs,
        config=config,
        seed=context.seed,
        folder=work_folder(context, precision(config.bf16), cuda, config.processes),
        logs=context.run / "logs" / context.step.name,
    )


def work_folder(context: Context, *more: Any) -> Path:
    """Return the folder of what a kill must not lose, named after everything that decides it."""
    decides = {
        "config": context.config.identity(),
        "encoder": initial_encoder(context.recipe).identity(),
        "seed": context.seed,
        "inputs": {name: reader.manifest.content for name, reader in context.inputs.items()},
        "versions": versions(),
        "more": more,
    }
    return only(context.work / digest((json.dumps(decides, sort_keys=True),), size=8))


def _views(context: Context, table: PairTable, config: ModelTraining) -> Views:
    """Return the train views, and say what of the settings finds nothing."""
    views = build_views(table, config, context.seed)
    counts, name = views.counts(), context.step.name
    if not views.all:
        raise RupairsError(
            f"nothing to train on: of {len(table.rows)} pairs that {name} takes none is a positive "
            "of the train split that its sources let through"
        )
    asked = {*config.only, *(s for s, of in config.sources.items() if of.cap != 0)}
    for source in sorted(asked - set(counts)):
        context.progress.say(f"  {name}: there are no such pairs of {source}")
    for view in views.all:
        if len(view) == 1 and not view.negatives.size:
            context.progress.say(f"  {name}: {view.name} is a single pair, which teaches nothing")
    if config.patience and not build_views(table, config, context.seed, held_out=True).all:
        raise RupairsError(f"{name}: patience needs pairs of the validation split; there are none")
    return views


def _facts(config: ModelTraining, done: Fit) -> dict[str, Any]:
    curve = done.curve()
    return {
        "steps": len(done.losses),
        "examples": len(done.losses) * config.batch_size,
        "seconds": round(done.seconds, 2),
        "steps_per_second": round(done.steps_per_second, 3),
        "resumed_at_step": done.resumed_at,
        "final_loss": curve[-1][1],
        "loss_curve": curve,
        "held_out_losses": done.held_out,
        "best_step": done.best,
        "precision": precision(config.bf16),
        "parameters": done.parameters,
        "parameters_trained": done.trained,
    }


def _notes(views: Views, config: ModelTraining, done: Fit) -> str:
    # Nothing measured by a clock: the same seed gives the same bytes.
    lines = ["| source | positives with a hard negative | without |", "|---|--:|--:|"]
    for source, of in views.counts().items():
        lines.append(f"| {source} | {of['with_negative']} | {of['without_negative']} |")
    lines += _unused(views.unused)
    curve = done.curve()
    lines += [
        "",
        f"{len(done.losses)} steps of {config.batch_size} examples; mean loss {curve[0][1]:.3f} "
        f"over the first {curve[0][0]} and {curve[-1][1]:.3f} at the end.",
    ]
    lines += _held_out(done)
    return "\n".join(lines) + "\n"


def _unused(unused: Mapping[str, Mapping[str, int]]) -> list[str]:
    if not unused:
        return []
    lines = ["", "| source | pairs not trained on | because |", "|---|--:|---|"]
    for source, reasons in sorted(unused.items()):
        lines += [f"| {source} | {count} | {reason} |" for reason, count in reasons.items()]
    return lines


def _held_out(done: Fit) -> list[str]:
    if not done.held_out:
        return []
    first, last = done.held_out[0], done.held_out[-1]
    lines = [
        "",
        f"| held-out pairs | loss at step {first[0]} | at step {last[0]} |",
        "|---|--:|--:|",
    ]
    lines += [f"| {name} | {loss:.3f} | {last[1][name]:.3f} |" for name, loss in first[1].items()]
    if done.best is not None:
        lines += ["", f"Kept: step {done.best}, the best mean of the held-out losses."]
    return lines
