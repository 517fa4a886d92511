"""The verbs `rupairs card`, `rupairs publish` and `rupairs verify`."""

from pathlib import Path
from typing import Annotated

import typer

from rupairs.options import AsJson, Out, Recipe, Redo, Set


def register(app: typer.Typer) -> None:
    """Add the stage's verbs to the command line."""
    _card(app)
    _publish(app)
    _verify(app)


def _card(app: typer.Typer) -> None:
    @app.command()
    def card(
        release: Annotated[str, typer.Argument(help="pairs, ruhnp, ruwanli or encoder.")],
        recipe: Recipe,
        out: Out,
        redo: Redo = False,
        only_redistributable: Annotated[
            bool,
            typer.Option("--only-redistributable", help="Leave out what may not go out."),
        ] = False,
        override: Set = None,
    ) -> None:
        """Write one release folder with its card, from finished stages.

        What is left out is listed beside the release, in left_out.parquet.
        """
        from rupairs.runs import run_one

        step, overrides = f"data_cards.{release}", override or []
        if only_redistributable:
            overrides = [*overrides, f"{step}.only_redistributable=true"]
        raise typer.Exit(run_one(step, recipe, out, overrides, redo))


def _publish(app: typer.Typer) -> None:
    @app.command()
    def publish(  # noqa: PLR0913, PLR0917 (one option each)
        folder: Annotated[Path, typer.Argument(help="A release folder, as RUN/release/ruhnp.")],
        repo: Annotated[str, typer.Argument(help="OWNER/NAME on the Hub.")],
        yes: Annotated[bool, typer.Option("--yes", help="Send it; else only show what.")] = False,
        public: Annotated[
            bool, typer.Option("--public", help="Make a new repository public, not private.")
        ] = False,
        branch: Annotated[
            str, typer.Option(help="The branch to send to; made if it is not there.")
        ] = "main",
        pull_request: Annotated[
            bool, typer.Option("--pr", help="Open a pull request, for others to merge.")
        ] = False,
        tag: Annotated[
            str | None, typer.Option(help="Tag the commit, as v1.0; a tag is never moved.")
        ] = None,
        message: Annotated[str, typer.Option(help="The commit's first line.")] = "",
        simulated: Annotated[
            bool, typer.Option("--simulated", help="Publish though the reviewers were a program.")
        ] = False,
        displace: Annotated[
            bool,
            typer.Option("--displace", help="Let the release's prose replace that of others."),
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Show what publishing a release folder would change on the Hub; with --yes, do it.

        The token comes from HF_TOKEN or `hf auth login`; another Hub from HF_ENDPOINT.
        """
        from data_cards.publish import Wishes
        from data_cards.remote import Place
        from data_cards.shown import publish_shown

        wishes = Wishes(public, pull_request, tag, message, simulated, displace)
        publish_shown(folder, Place(repo, "dataset", branch), wishes, yes, as_json)


def _verify(app: typer.Typer) -> None:
    @app.command()
    def verify(
        name: Annotated[str, typer.Argument(help="A folder, or OWNER/NAME on the Hub.")],
        revision: Annotated[str | None, typer.Option(help="On the Hub.")] = None,
        benchmarks: Annotated[
            Path | None, typer.Option(help="A folder of texts that must not be in it.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Check a data set, anybody's: repeats, splits, siblings, languages, card, checksums.

        Exit code 1 if it has faults.
        """
        from data_cards.shown import verify_shown

        raise typer.Exit(verify_shown(name, revision, benchmarks, as_json))
