"""Whole runs: every step of a recipe in order, and how far a run has come."""

import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rupairs.errors import RupairsError, UsageError
from rupairs.execution import Outcome, locked, run_step
from rupairs.llm.budget import Clock
from rupairs.manifest import NAME, read_manifest
from rupairs.options import EXIT_FAILED_ROWS, print_json
from rupairs.progress import Progress
from rupairs.recipe import Recipe, find_recipe, load_recipe, validate
from rupairs.steps import Step, chain, load_stages

COPY = "recipe.json"


def open_recipe(name: str, overrides: list[str]) -> Recipe:
    """Return a recipe by path or shipped name, validated against the installed stages."""
    sections = {n: s.section for n, s in load_stages().items()}
    return load_recipe(find_recipe(name), sections, tuple(overrides))


def run_recipe(
    name: str,
    out: Path,
    overrides: list[str],
    until: str | None,
    redo: list[str],
    as_json: bool,
    retry_failed: bool = False,
) -> int:
    """Run a recipe in `out`; returns the exit code."""
    recipe = open_recipe(name, overrides)
    steps = chain(recipe, load_stages(), [until] if until else None)
    names = [s.name for s in steps]
    for asked in (*redo, *([until] if until else [])):
        if asked not in names:
            raise UsageError(f"{asked}: not a step of this recipe; steps: {', '.join(names)}")
    if until:
        steps = steps[: names.index(until) + 1]
    again = set(redo) | {s.name for s in steps if retry_failed and _has_failed(s.path(out))}
    return run_steps(steps, recipe, out, again, as_json, set(names))


def _has_failed(directory: Path) -> bool:
    """Say whether calls of a finished step failed; made again, it asks for those alone."""
    if not (directory / NAME).is_file():
        return False
    return bool(read_manifest(directory).facts.get("failed_calls"))


def run_one(step: str, name: str, out: Path, overrides: list[str], redo: bool = False) -> int:
    """Run a single step of a recipe, its inputs being finished; returns the exit code."""
    recipe = open_recipe(name, overrides)
    steps = {s.name: s for s in chain(recipe, load_stages(), [step])}
    if step not in steps:
        raise UsageError(f"{recipe.path}: {step} is not asked for; steps: {', '.join(steps)}")
    return run_steps([steps[step]], recipe, out, {step} if redo else set(), False, set(steps))


def run_again(
    names: tuple[str, ...], run: Path, recipe: str | None, overrides: list[str], redo: bool
) -> int:
    """Run those of the steps that a recipe, by default the run's own, asks for."""
    if recipe is None and overrides:
        raise UsageError("--set needs --recipe")
    read = open_recipe(recipe, overrides) if recipe else recipe_of(run)
    steps = {s.name: s for s in chain(read, load_stages(), names)}
    asked = [steps[name] for name in names if name in steps]
    if not asked:
        raise UsageError(f"{read.path}: asks for none of {', '.join(names)}")
    again = {step.name for step in asked} if redo else set()
    return run_steps(asked, read, run, again, False, set(steps))


def recipe_of(run: Path) -> Recipe:
    """Return the recipe that a run keeps; `UsageError` if the folder is no run."""
    path = run / COPY
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{run}: not a run directory (it has no {COPY})") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: damaged ({error}); give --recipe") from None
    if not isinstance(data, dict):
        raise UsageError(f"{path}: damaged (no table of sections); give --recipe")
    return validate(path, data, {n: s.section for n, s in load_stages().items()})


def run_steps(
    steps: list[Step], recipe: Recipe, out: Path, redo: set[str], as_json: bool, names: set[str]
) -> int:
    """Run the given steps in order and print the table of what was made."""
    progress, clock = Progress(), Clock()
    outcomes = []
    with locked(out):
        (out / COPY).write_text(recipe.to_json(), encoding="utf-8")
        for number, step in enumerate(steps, 1):
            progress.say(f"[{number}/{len(steps)}] {step.name}: {step.title}")
            outcome = run_step(step, out, recipe, names, progress, step.name in redo, clock)
            said = "already there" if outcome.state == "kept" else _said(outcome)
            progress.say(f"  {said}")
            outcomes.append(outcome)
    _write_page(out, progress)
    _print_outcomes(outcomes, out, as_json)
    incomplete = ("failed_calls", "unavailable")
    failed = any(o.manifest.facts.get(name) for o in outcomes for name in incomplete)
    return EXIT_FAILED_ROWS if failed else 0


def _write_page(out: Path, progress: Progress) -> None:
    from rupairs.run_page.page import PAGE, write_page

    try:
        write_page(out)
    except Exception as error:  # noqa: BLE001 (the run is done, with or without its page)
        progress.say(f"{PAGE} was not written: {error}")


def _said(outcome: Outcome) -> str:
    counts, seconds = outcome.manifest.counts, outcome.manifest.seconds
    if not counts.rows_in:
        return f"done in {seconds:.0f} s"
    return f"{counts.rows_out} rows kept, {counts.rows_dropped} dropped, {seconds:.0f} s"


def _print_outcomes(outcomes: list[Outcome], out: Path, as_json: bool) -> None:
    rows = [
        {
            "step": o.step.name,
            "state": o.state,
            "rows_in": o.manifest.counts.rows_in,
            "rows_out": o.manifest.counts.rows_out,
            "rows_dropped": o.manifest.counts.rows_dropped,
            "seconds": o.manifest.seconds,
            "simulated": o.manifest.simulated,
            "where": str(o.directory),
        }
        for o in outcomes
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(title=f"{out}: what was made")
    for name in ("where", "state", "kept", "dropped", "s", "votes"):
        right = name in ("kept", "dropped", "s")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row, outcome in zip(rows, outcomes, strict=True):
        counted = outcome.manifest.counts.rows_in > 0
        table.add_row(
            str(outcome.directory.relative_to(out)),
            outcome.state,
            str(row["rows_out"]) if counted else "",
            str(row["rows_dropped"]) if counted else "",
            f"{outcome.manifest.seconds:.0f}",
            "simulated" if outcome.manifest.simulated else "",
        )
    console = Console()
    console.print(table)
    for line in _next(outcomes, out):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _next(outcomes: list[Outcome], out: Path) -> list[str]:
    made = {o.step.name for o in outcomes}
    lines = [
        f"The whole run on one page: {out}/report.html. Each folder has a report.md.",
        f"How far this run is: rupairs status {out}",
    ]
    if "data_cards.ruhnp" in made:
        lines.append(
            f'Open a release: python -c "from datasets import load_dataset; '
            f"print(load_dataset('{out}/release/ruhnp'))\""
        )
    if "training.encoder" in made:
        lines.append(
            f'Use the encoder: python -c "from sentence_transformers import SentenceTransformer; '
            f"print(SentenceTransformer('{out}/training/encoder').encode('Привет').shape)\""
        )
    return lines


def show_status(run: Path, as_json: bool) -> None:
    """Print every step of a run with its state and counts."""
    rows = [
        {"step": s.name, **_state(s.path(run))} for s in chain(recipe_of(run), load_stages(), ())
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(title=str(run))
    columns = ("step", "state", "in", "kept", "dropped", "seconds", "votes")
    for name in columns:
        words = name in ("step", "state", "votes")
        # Only a long state, which tells of damage, may take several lines.
        table.add_column(name, justify="left" if words else "right", no_wrap=name != "state")
    for row in rows:
        table.add_row(*(escape(str(row.get(name, ""))) for name in columns))
    Console().print(table)


def _state(directory: Path) -> dict[str, object]:
    if not (directory / NAME).is_file():
        begun = directory.with_name(f".{directory.name}.partial").exists()
        return {"state": "begun" if begun else "absent"}
    try:
        manifest = read_manifest(directory)
    except RupairsError as error:
        return {"state": f"damaged: {error}"}
    counts = manifest.counts
    return {
        "state": "done",
        "in": counts.rows_in,
        "kept": counts.rows_out,
        "dropped": counts.rows_dropped,
        "seconds": manifest.seconds,
        "votes": "simulated" if manifest.simulated else "",
    }
