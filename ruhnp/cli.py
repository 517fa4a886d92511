"""The verbs of `rupairs ruhnp`."""

import typer

from rupairs.options import step_verb


def register(app: typer.Typer) -> None:
    """Add the stage's verbs to the command line."""
    ruhnp = typer.Typer(help="Paraphrases and hard non-paraphrases.", no_args_is_help=True)
    step_verb(ruhnp, "anchors", "ruhnp.anchors", "Choose the anchor sentences.")
    step_verb(ruhnp, "generate", "ruhnp.generate", "Ask the model; resumes from the replay log.")
    step_verb(ruhnp, "verify", "ruhnp.verify", "Check every generated text.")
    step_verb(ruhnp, "release", "ruhnp.release", "Make rows and splits.")
    app.add_typer(ruhnp, name="ruhnp")
