"""`rupairs sources` and `rupairs harvest run`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rupairs.options import AsJson, Out, print_json

FromDir = Annotated[
    Path | None,
    typer.Option("--from-dir", help="Native files, one folder a source; else the Hub is asked."),
]


def register(app: typer.Typer) -> None:
    """Add the harvest's commands."""
    harvest = typer.Typer(help="Fetch open data sets and unify them.", no_args_is_help=True)
    app.add_typer(harvest, name="harvest")

    @app.command()
    def sources(as_json: AsJson = False) -> None:
        """Show the open data sets this can read, with their licenses."""
        show_sources(as_json)

    @harvest.command()
    def run(
        out: Out,
        names: Annotated[
            list[str] | None,
            typer.Argument(metavar="SOURCE", help="Default: those with a folder in --from-dir."),
        ] = None,
        from_dir: FromDir = None,
        as_json: AsJson = False,
    ) -> None:
        """Turn native files into one table of pairs and one of sentences, without a recipe."""
        raise typer.Exit(run_harvest(tuple(names or ()), out, from_dir, as_json))


def show_sources(as_json: bool) -> None:
    """Print the table of sources."""
    from harvest.sources import SOURCES

    rows: list[dict[str, Any]] = [
        {
            "name": s.name,
            "title": s.title,
            "gives": s.gives,
            "relations": list(s.relations),
            "symmetric": s.symmetric if s.pairs else None,
            "license": s.license,
            "expected": s.expected,
            "hub": [part.repo for part in s.hub],
            "url": s.url,
            "note": s.note,
        }
        for s in SOURCES
    ]
    if as_json:
        print_json(rows)
        return
    _print_table(rows)


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Sources; pairs are those that USER-base reports", box=box.SIMPLE_HEAD)
    for name in ("name", "gives", "license"):
        table.add_column(name, no_wrap=True)
    table.add_column("pairs", justify="right", no_wrap=True)
    table.add_column("from", overflow="fold")
    for row in rows:
        expected = row["expected"]
        table.add_row(
            row["name"],
            "\n".join(row["relations"]) or row["gives"],
            row["license"],
            "" if expected is None else f"{expected:,}",
            "\n".join(row["hub"]) or row["url"].removeprefix("https://"),
        )
    console = Console()
    console.print(table)
    console.print("Next: rupairs harvest run NAME... --out runs/harvest", highlight=False)


def run_harvest(names: tuple[str, ...], out: Path, from_dir: Path | None, as_json: bool) -> int:
    """Run both steps of the harvest for some sources; returns the exit code."""
    from harvest.sources import SOURCES, get
    from harvest.stage import STAGE, HarvestSection
    from rupairs.errors import UsageError
    from rupairs.recipe import validate
    from rupairs.runs import run_steps
    from rupairs.steps import chain

    if not names and from_dir is not None:
        names = tuple(s.name for s in SOURCES if (from_dir / s.name).is_dir())
    if not names:
        known = ", ".join(s.name for s in SOURCES)
        where = f"{from_dir} has no folder of that name" if from_dir else "or give --from-dir"
        raise UsageError(f"name a source, {where}; known: {known}")
    asked = [get(name) for name in names]
    section: dict[str, Any] = {
        "pairs": {"sources": [s.name for s in asked if s.pairs]},
        "texts": {"sources": [s.name for s in asked if s.sentences]},
    }
    if from_dir is not None:
        section["from_dir"] = str(from_dir.resolve())
    data = {"run": {"name": "harvest"}, "harvest": section}
    recipe = validate(Path("harvest run"), data, {"harvest": HarvestSection})
    steps = chain(recipe, {"harvest": STAGE})
    return run_steps(steps, recipe, out, set(), as_json, {s.name for s in steps})
