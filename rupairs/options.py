"""What the verbs share: options, exit codes, JSON for programs."""

import json
from pathlib import Path
from typing import Annotated

import typer

EXIT_FAILED_ROWS = 3

RECIPES = "A .toml file, or demo, real, full, full-24gb."
Recipe = Annotated[str, typer.Option("--recipe", help=RECIPES)]
Out = Annotated[Path, typer.Option("--out", help="The run's directory.")]
Redo = Annotated[bool, typer.Option("--redo", help="Make it again even if finished.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a setting: section.key=value.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def step_verb(app: typer.Typer, verb: str, step: str, summary: str) -> None:
    """Add a verb to a stage's commands that runs one step."""

    @app.command(verb, help=summary)
    def run(recipe: Recipe, out: Out, redo: Redo = False, override: Set = None) -> None:
        from rupairs.runs import run_one

        raise typer.Exit(run_one(step, recipe, out, override or [], redo))


def print_json(value: object) -> None:
    """Print a result for programs."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
