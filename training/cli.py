"""The verbs of training: `train run`, and `evaluate` on any encoder."""

from pathlib import Path
from typing import Annotated

import typer

from rupairs.options import AsJson, step_verb

Model = Annotated[
    str, typer.Argument(help="A folder, a Hugging Face id, or `embedded`.", metavar="MODEL")
]
Models = Annotated[
    list[str], typer.Argument(help="Folders, Hugging Face ids, or `embedded`.", metavar="MODEL...")
]


def register(app: typer.Typer) -> None:
    """Add the groups `train` and `evaluate`."""
    train = typer.Typer(help="Train the encoder.", no_args_is_help=True)
    app.add_typer(train, name="train")
    step_verb(train, "run", "training.encoder", "Train the encoder on the pairs of a run.")

    evaluate = typer.Typer(help="Measure encoders.", no_args_is_help=True)
    app.add_typer(evaluate, name="evaluate")
    step_verb(evaluate, "run", "training.evaluation", "Compare a run's encoder before and after.")
    evaluate.command("encodechka")(_encodechka)
    evaluate.command("cosine")(_cosine)


def _encodechka(
    model: Model,
    data: Annotated[Path, typer.Option("--data", help="A folder with Encodechka's files.")],
    as_json: AsJson = False,
) -> None:
    """Score an encoder on Encodechka's STS and PI."""
    from training.evaluation.tables import show_encodechka

    show_encodechka(model, data, as_json)


def _cosine(
    models: Models,
    pairs: Annotated[Path, typer.Option("--pairs", help="A stage directory of pairs.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the plot to this PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare cosines of positives and negatives on the held-out pairs of a stage."""
    from training.evaluation.tables import show_cosine

    show_cosine(models, pairs, out, as_json)
