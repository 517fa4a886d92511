"""The verb `rupairs card`."""

from typing import Annotated

import typer

from rupairs.options import Out, Recipe, Redo, Set


def register(app: typer.Typer) -> None:
    """Add the stage's verb to the command line."""

    @app.command()
    def card(
        release: Annotated[str, typer.Argument(help="ruhnp, ruwanli or encoder.")],
        recipe: Recipe,
        out: Out,
        redo: Redo = False,
        override: Set = None,
    ) -> None:
        """Write one release folder with its card, from finished stages."""
        from rupairs.runs import run_one

        raise typer.Exit(run_one(f"data_cards.{release}", recipe, out, override or [], redo))
