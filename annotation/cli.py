"""The verbs of `rupairs annotate`."""

from pathlib import Path
from typing import Annotated

import typer

from annotation import crowd_table, deciding
from rupairs.options import print_json, step_verb


def register(app: typer.Typer) -> None:
    """Add the stage's verbs to the command line."""
    annotate = typer.Typer(help="Review by people: tasks out, votes in.", no_args_is_help=True)
    step_verb(annotate, "push", "annotation.push", "Write the tasks and the labelling page.")
    step_verb(annotate, "simulate", "annotation.simulated", "Make up votes, for a demo only.")
    deciding.register(annotate)
    crowd_table.register(annotate)
    annotate.command("studio")(_studio)
    annotate.command("triples")(_triples)
    app.add_typer(annotate, name="annotate")


def _studio(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8080,
    data: Annotated[
        Path, typer.Option(help="Where the server keeps everything, its keys included.")
    ] = Path("runs/studio"),
) -> None:
    """Serve Label Studio, which `make studio` installs, on loopback until interrupted."""
    from annotation.studio import serve

    serve(data, port, lambda message: typer.echo(message, err=True))


def _triples(
    release: Annotated[Path, typer.Argument(help="A folder with query, pos, neg in Parquet.")],
    out: Annotated[Path | None, typer.Option(help="Where tasks.json and config.xml go.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many, drawn by hash.")] = None,
    seed: Annotated[int, typer.Option(help="Decides which, and who stands first.")] = 0,
    export: Annotated[
        list[Path] | None, typer.Option(help="Count the answers of an exported file instead.")
    ] = None,
) -> None:
    """Have paraphrases and hard negatives reviewed, or count what the annotators said."""
    from annotation.triples import count_answers, write_triples
    from rupairs.errors import UsageError

    if (out is None) == (not export):
        raise UsageError("give either --out, to write tasks, or --export, to count answers")
    if out is not None:
        typer.echo(f"{write_triples(release, out, limit, seed)} tasks in {out}")
        return
    print_json(count_answers(release, export or [], seed))
