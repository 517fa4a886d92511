"""Verbs that take a run on from its tasks: read votes, judge annotators, decide, queue, report."""

from pathlib import Path
from typing import Annotated

import typer

from rupairs.options import Set

_VOTES = ("annotation.adjudication", "annotation.quality")
_DECIDED = (*_VOTES, "annotation.decisions", "annotation.queue")
VERBS = {
    "pull": (("annotation.pull",), "Read the votes: what is new on the server, or the files."),
    "quality": (_VOTES, "Judge the annotators, set votes aside by the recipe's rules."),
    "adjudicate": (_DECIDED, "Decide, and queue the undecided items for an adjudicator."),
    "report": ((*_DECIDED, "annotation.report"), "Decide, and show how annotation goes."),
}


def register(app: typer.Typer) -> None:
    """Add a verb for each entry of `VERBS`."""
    for verb, (steps, summary) in VERBS.items():
        _register(app, verb, steps, summary)


def _register(app: typer.Typer, verb: str, steps: tuple[str, ...], summary: str) -> None:
    @app.command(verb, help=summary)
    def run(
        run: Annotated[Path | None, typer.Argument(metavar="[RUN]", help="A run.")] = None,
        recipe: Annotated[
            str | None, typer.Option(help="A .toml file, or a shipped one; by default, the run's.")
        ] = None,
        out: Annotated[Path | None, typer.Option(help="The run's directory, as with RUN.")] = None,
        redo: Annotated[bool, typer.Option("--redo", help="Make it again.")] = False,
        override: Set = None,
    ) -> None:
        directory = run or out
        if directory is None or (run and out and run != out):
            raise typer.BadParameter(f"which run? rupairs annotate {verb} RUN")
        from rupairs.runs import run_again

        raise typer.Exit(run_again(steps, directory, recipe, override or [], redo))
