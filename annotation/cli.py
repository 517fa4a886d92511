"""The verbs of `rupairs annotate`."""

import typer

from rupairs.options import step_verb


def register(app: typer.Typer) -> None:
    """Add the stage's verbs to the command line."""
    annotate = typer.Typer(help="Review by people: tasks out, votes in.", no_args_is_help=True)
    step_verb(annotate, "push", "annotation.push", "Write the tasks and the labelling page.")
    step_verb(annotate, "simulate", "annotation.simulated", "Make up votes, for a demo only.")
    step_verb(annotate, "pull", "annotation.pull", "Read the votes from an exported file.")
    step_verb(annotate, "report", "annotation.decisions", "Decide the items, state agreement.")
    app.add_typer(annotate, name="annotate")
