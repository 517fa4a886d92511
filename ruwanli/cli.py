"""The verbs of `rupairs ruwanli`."""

import typer

from rupairs.options import step_verb


def register(app: typer.Typer) -> None:
    """Add the stage's verbs to the command line."""
    ruwanli = typer.Typer(help="NLI examples by the WANLI algorithm.", no_args_is_help=True)
    step_verb(ruwanli, "cartography", "ruwanli.cartography", "Chart the NLI rows by a classifier.")
    step_verb(ruwanli, "seeds", "ruwanli.seeds", "Draw ambiguous seeds and find their neighbours.")
    step_verb(ruwanli, "generate", "ruwanli.generate", "Ask the model; resumes from the log.")
    step_verb(ruwanli, "filter", "ruwanli.filter", "Drop faults and repeats, keep the variable.")
    step_verb(ruwanli, "complete", "ruwanli.complete", "Ask for hypotheses that premises lack.")
    step_verb(ruwanli, "release", "ruwanli.release", "Join the decisions and make splits.")
    app.add_typer(ruwanli, name="ruwanli")
