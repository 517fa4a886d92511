"""The command line: the verbs of the core, and those the stages register.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished with failed rows.
"""

import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from rupairs.errors import RupairsError, UsageError
from rupairs.options import RECIPES, AsJson, Out, Set

app = typer.Typer(
    help="Build Russian sentence-pair datasets and train sentence encoders on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
serve = typer.Typer(help="Start a model server.", no_args_is_help=True)
app.add_typer(serve, name="serve")


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help=RECIPES)],
    out: Out,
    until: Annotated[str | None, typer.Option(help="Stop after this step.")] = None,
    redo: Annotated[list[str] | None, typer.Option(help="Make this step again.")] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again for the LLM calls that failed.")
    ] = False,
    override: Set = None,
    as_json: AsJson = False,
) -> None:
    """Run every step of a recipe that is not finished yet."""
    from rupairs.runs import run_recipe

    finish(run_recipe(recipe, out, override or [], until, redo or [], as_json, retry_failed))


@app.command()
def demo(out: Out = Path("runs/demo"), as_json: AsJson = False) -> None:
    """Run the whole chain offline on the shipped sample and the embedded models."""
    from rupairs.runs import run_recipe

    finish(run_recipe("demo", out, [], None, [], as_json))


@app.command()
def plan(
    recipe: Annotated[str, typer.Argument(help=RECIPES)],
    tokens_per_second: Annotated[
        float | None, typer.Option(help="Measured generation speed, for the hours.")
    ] = None,
    measure: Annotated[
        int | None, typer.Option(min=1, help="Make so many sample calls a step, in --out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --measure: the run, whose log keeps the answers.")
    ] = None,
    override: Set = None,
    as_json: AsJson = False,
) -> None:
    """Show what a recipe would do and ask of the LLM; with --measure, by a sample of its calls."""
    from rupairs.planning import show_measured_plan, show_plan

    if measure is not None:
        if out is None:
            raise UsageError("--measure needs --out RUN: the log of that run keeps the answers")
        show_measured_plan(recipe, override or [], measure, out, as_json)
        return
    show_plan(recipe, override or [], tokens_per_second, as_json)


@app.command()
def scale(
    recipe: Annotated[str, typer.Argument(help=RECIPES)] = "full",
    rates: Annotated[Path | None, typer.Option(help="A rates file; else the shipped one.")] = None,
    measured: Annotated[
        list[Path] | None, typer.Option(help="JSON of a benchmark, or of plan --measure.")
    ] = None,
    rate: Annotated[list[str] | None, typer.Option(help="A rate of your own: name=value.")] = None,
    write: Annotated[
        list[Path] | None,
        typer.Option(help="A .md page whose tables are made anew, or a .toml for the rates."),
    ] = None,
    override: Set = None,
    as_json: AsJson = False,
) -> None:
    """Show what a recipe takes at other sizes, from measured rates, and what breaks first."""
    from rupairs.scale.show import show_scale

    show_scale(recipe, override or [], rates, measured or [], rate or [], write or [], as_json)


@app.command()
def status(
    run_directory: Annotated[Path, typer.Argument(metavar="RUN")], as_json: AsJson = False
) -> None:
    """Show how far a run has come."""
    from rupairs.runs import show_status

    show_status(run_directory, as_json)


@app.command()
def report(run_directory: Annotated[Path, typer.Argument(metavar="RUN")]) -> None:
    """Write report.html: the whole run on one page, also of an unfinished one."""
    from rupairs.run_page.page import write_page

    typer.echo(write_page(run_directory))


@app.command()
def trace(
    out: Out,
    name: Annotated[
        str | None, typer.Argument(help="A pair or text id, SOURCE#ROW, or SOURCE#ARTICLE.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="A text of the row, as in a released file.")
    ] = None,
    made: Annotated[
        bool, typer.Option("--made", help="What was made from it, not what it was made from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where a row came from (calls, votes, source), or all that was made from it."""
    from rupairs.trace_shown import show_trail

    show_trail(out, name, text, made, as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Show what this machine can run, which licenses come with it, and what to install."""
    from rupairs.doctor import show_doctor

    show_doctor(as_json)


@serve.command()
def embedded(
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8080,
    slots: Annotated[int, typer.Option(help="Completions at a time.")] = 8,
) -> None:
    """Serve the embedded base model on loopback, OpenAI-compatible, until interrupted."""
    from rupairs.embedded.llm import serve as serve_embedded

    serve_embedded(port=port, slots=slots)


@serve.command()
def vllm(
    model: Annotated[str, typer.Option(help="A Hub id, or a folder.")],
    port: Annotated[int, typer.Option(help="0 takes a free one.")] = 8000,
    revision: Annotated[str, typer.Option(help="Of the model on the Hub.")] = "",
    max_model_len: Annotated[
        int | None, typer.Option(help="Tokens of prompt and answer; 8192, or what the model has.")
    ] = None,
    log: Annotated[Path, typer.Option(help="Where vLLM writes.")] = Path("runs/vllm.log"),
    vllm_args: Annotated[
        list[str] | None, typer.Argument(help="After --: arguments of vLLM's own.")
    ] = None,
) -> None:
    """Serve a model with vLLM, which `make vllm` installs, on loopback until interrupted."""
    from rupairs.vllm.command import Served
    from rupairs.vllm.server import serve as serve_vllm

    arguments = tuple(vllm_args or ())
    served = Served(model, revision, None, port, max_model_len, arguments)
    serve_vllm(served, log, lambda message: typer.echo(message, err=True))


def finish(code: int) -> None:
    """End the command with an exit code."""
    raise typer.Exit(code)


def main() -> None:
    """Run the command line; a failure a person can act on is one line on stderr."""
    for point in entry_points(group="rupairs.commands"):
        point.load()(app)
    try:
        app(standalone_mode=True)
    except UsageError as error:
        _fail(str(error), 2)
    except RupairsError as error:
        _fail(str(error), 1)
    except OSError as error:
        _fail(f"{error.filename or 'input/output'}: {error.strerror or error}", 1)
    except KeyboardInterrupt:
        _fail("interrupted; finished work is kept, run the same command to go on", 130)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
