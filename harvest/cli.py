"""`rupairs sources` and `rupairs harvest run|verify|sweep|licenses`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rupairs.options import AsJson, Out

FromDir = Annotated[
    Path | None,
    typer.Option("--from-dir", help="Native files, one folder a source; else they are fetched."),
]
FetchMissing = Annotated[
    bool, typer.Option("--fetch-missing", help="Fetch sources without a folder in --from-dir.")
]
SkipUnavailable = Annotated[
    bool,
    typer.Option("--skip-unavailable", help="Go on without sources that cannot be had; ends in 3."),
]
Found = Annotated[Path | None, typer.Option("--out", help="A finished run, to compare with.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="SOURCE")]
All = Annotated[
    bool, typer.Option("--all", help="All open sources of USER-base, before those that are named.")
]
BenchmarksDir = Annotated[
    Path | None, typer.Option("--benchmarks", help="Folder of texts that must not leak in.")
]
Engine = Annotated[str, typer.Option("--engine", help="local or ray.")]


def register(app: typer.Typer) -> None:
    """Add the harvest's commands."""
    harvest = typer.Typer(help="Fetch open data sets and unify them.", no_args_is_help=True)
    app.add_typer(harvest, name="harvest")

    @app.command()
    def sources(out: Found = None, from_dir: FromDir = None, as_json: AsJson = False) -> None:
        """Show the open data sets: state, license, pairs expected and found, why they differ."""
        from harvest.listing import show_sources

        show_sources(out, from_dir, as_json)

    @harvest.command()
    def run(  # noqa: PLR0913, PLR0917 (one option each)
        out: Out,
        names: Names = None,
        every: All = False,
        from_dir: FromDir = None,
        fetch_missing: FetchMissing = False,
        skip_unavailable: SkipUnavailable = False,
        benchmarks: BenchmarksDir = None,
        engine: Engine = "local",
        as_json: AsJson = False,
    ) -> None:
        """Turn open data sets into one table of pairs and one of sentences, without a recipe.

        Without SOURCE: those with a folder in --from-dir, or --all.
        """
        chosen = _chosen(tuple(names or ()), every, from_dir)
        settings: dict[str, Any] = {
            "engine": engine,
            "pairs": {},
            "fetch_missing": fetch_missing,
            "skip_unavailable": skip_unavailable,
        }
        if from_dir is not None:
            settings["from_dir"] = str(from_dir.resolve())
        if benchmarks is not None:
            from harvest.benchmarks import benchmark_files

            benchmark_files(benchmarks)  # a wrong path is said now and not when all rows are read
            settings["pairs"]["benchmarks"] = str(benchmarks.resolve())
        raise typer.Exit(run_harvest(chosen, settings, out, as_json))

    @harvest.command()
    def verify(out: Out, as_json: AsJson = False) -> None:
        """Compare every count of a run with the card of USER-base; 1 if a source is not whole."""
        from harvest.listing import verify_counts

        raise typer.Exit(verify_counts(out, as_json))

    @harvest.command()
    def sweep(
        out: Out,
        benchmarks: Annotated[Path, typer.Option("--benchmarks", help="Folder of texts.")],
        sample: Annotated[int, typer.Option("--sample", help="Pairs to look at.")] = 100_000,
        as_json: AsJson = False,
    ) -> None:
        """Show what each threshold of decontamination would remove, with an example of each."""
        from harvest.sweep import show_sweep

        show_sweep(out, benchmarks, sample, as_json)

    @harvest.command()
    def licenses(
        out: Out,
        where: Annotated[
            list[str] | None,
            typer.Option("--where", help="Only such pairs: source=a,b, relation=..., split=..."),
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Show the licenses of a run's pairs, or of some of them, and what they permit together."""
        from harvest.reporting.license_table import show_licenses

        show_licenses(out, where or [], as_json)


def _chosen(names: tuple[str, ...], every: bool, from_dir: Path | None) -> tuple[str, ...]:
    from harvest.sources import SOURCES
    from rupairs.errors import UsageError

    if from_dir is not None and not from_dir.is_dir():
        raise UsageError(f"{from_dir}: no such folder")
    if every:
        return _all(names, from_dir)
    if not names and from_dir is not None:
        names = tuple(s.name for s in SOURCES if (from_dir / s.name).is_dir())
    if not names:
        known = ", ".join(s.name for s in SOURCES)
        where = f"{from_dir} has no folder of that name" if from_dir else "or give --from-dir"
        raise UsageError(f"name a source, {where}, or give --all; known: {known}")
    return names


def _all(names: tuple[str, ...], from_dir: Path | None) -> tuple[str, ...]:
    """Return the sources of USER-base, credentialed ones where they are at hand, and `names`."""
    from harvest.sources import CREDENTIALED, SOURCES, USER_BASE

    at_hand = [n for n in CREDENTIALED if from_dir is not None and (from_dir / n).is_dir()]
    chosen = [s.name for s in SOURCES if s.name in (*USER_BASE, *at_hand)]
    chosen += [name for name in names if name not in chosen]
    if absent := [name for name in CREDENTIALED if name not in chosen]:
        typer.echo(
            f"--all leaves out {', '.join(absent)}: read from DIR/NAME of --from-dir DIR only; "
            "how to get it: rupairs sources",
            err=True,
        )
    return tuple(chosen)


def run_harvest(names: tuple[str, ...], settings: dict[str, Any], out: Path, as_json: bool) -> int:
    """Run the steps of the harvest for some sources; returns the exit code."""
    from harvest.sources import get
    from harvest.stage import STAGE, HarvestSection
    from rupairs.recipe import validate
    from rupairs.runs import run_steps
    from rupairs.steps import chain

    asked = [get(name) for name in names]
    section = settings | {
        "rows": {"sources": [s.name for s in asked if s.pairs]},
        "texts": {"sources": [s.name for s in asked if s.texts]},
    }
    data = {"run": {"name": "harvest"}, "harvest": section}
    recipe = validate(Path("harvest run"), data, {"harvest": HarvestSection})
    steps = chain(recipe, {"harvest": STAGE})
    return run_steps(steps, recipe, out, set(), as_json, {s.name for s in steps})
