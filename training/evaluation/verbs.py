"""The verbs of evaluation: `evaluate`, on a run or on any encoder."""

from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from rupairs.errors import UsageError
from rupairs.options import AsJson, step_verb

Model = Annotated[
    str, typer.Argument(help="A folder, a Hugging Face id, or `embedded`.", metavar="MODEL")
]
Models = Annotated[
    list[str], typer.Argument(help="Folders, Hugging Face ids, or `embedded`.", metavar="MODEL...")
]
Results = Annotated[Path, typer.Option("--out", help="Where mteb keeps its results.")]


def register(app: typer.Typer) -> None:
    """Add the group `evaluate`."""
    evaluate = typer.Typer(help="Measure encoders.", no_args_is_help=True)
    app.add_typer(evaluate, name="evaluate")
    step_verb(evaluate, "run", "training.evaluation", "Compare a run's encoder before and after.")
    evaluate.command("encodechka")(_encodechka)
    evaluate.command("report")(_report)
    evaluate.command("mteb")(_mteb)
    evaluate.command("retrieval")(_retrieval)
    evaluate.command("cosine")(_cosine)
    evaluate.command("pareto")(_pareto)


def _encodechka(  # noqa: PLR0913, PLR0917 (one option each)
    model: Model,
    data: Annotated[Path, typer.Option("--data", help="A folder with Encodechka's files.")],
    mode: Annotated[str, typer.Option("--mode", help="fixed, official or both.")] = "both",
    prompt: Annotated[
        str | None, typer.Option("--prompt", help="Before every text; default: the encoder's own.")
    ] = None,
    tasks: Annotated[str, typer.Option("--tasks", help="Some tasks only: STS,PI.")] = "",
    rows: Annotated[int | None, typer.Option("--rows", help="So many rows a file.")] = None,
    bf16: Annotated[
        bool, typer.Option("--bf16", help="Compute in bf16: scores move by some thousandths.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score an encoder on Encodechka's ten tasks."""
    from training.evaluation.tables import Asked, show_encodechka
    from training.stage import Mode, Task

    if mode not in get_args(Mode):
        raise UsageError(f"{mode}: no such mode; there are {', '.join(get_args(Mode))}")
    wanted = _listed(tasks) or list(get_args(Task))
    unknown = [task for task in wanted if task not in get_args(Task)]
    if unknown:
        raise UsageError(
            f"{unknown[0]}: no task of Encodechka; they are {', '.join(get_args(Task))}"
        )
    show_encodechka(model, Asked(data, wanted, rows, cast(Mode, mode), prompt, bf16), as_json)


def _listed(given: str) -> list[Any]:
    return [name.strip() for name in given.split(",") if name.strip()]


def _report(
    scores: Annotated[
        Path, typer.Argument(help="What `evaluate encodechka --json` printed.", metavar="SCORES")
    ],
    out: Annotated[Path, typer.Option("--out", help="The page.")] = Path("report.html"),
) -> None:
    """Write scores on Encodechka as a page, beside published encoders."""
    from training.evaluation.tables import write_scores

    write_scores(scores, out)
    typer.echo(str(out))


def _mteb(
    model: Model,
    benchmark: Annotated[
        str, typer.Option("--benchmark", help="A name of mteb, ru10-reconstructed, ru-recall100.")
    ] = "MTEB(rus, v1.1)",
    tasks: Annotated[str, typer.Option("--tasks", help="Some tasks only, with commas.")] = "",
    out: Results = Path("runs/mteb"),
    batch_size: Annotated[int, typer.Option("--batch-size", min=1)] = 32,
    as_json: AsJson = False,
) -> None:
    """Run a benchmark of MTEB; what is finished is kept and not run again."""
    from training.evaluation.tables import show_mteb

    show_mteb(model, benchmark, _listed(tasks), out, batch_size, as_json)


def _retrieval(
    models: Models,
    data: Annotated[
        Path, typer.Option("--data", help="A stage directory of pairs, or JSON in SQuAD's form.")
    ],
    out: Results = Path("runs/mteb"),
    as_json: AsJson = False,
) -> None:
    """Let encoders find the passages of one's own questions; nothing is fetched."""
    from training.evaluation.tables import show_retrieval

    show_retrieval(models, data, out, as_json)


def _cosine(
    models: Models,
    pairs: Annotated[
        list[Path], typer.Option("--pairs", help="A stage of pairs; may be given again.")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="Write the plot to this PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare cosines of positives and negatives on the held-out pairs of stages."""
    from training.evaluation.tables import show_cosine

    show_cosine(models, pairs, out, as_json)


def _pareto(
    models: Models,
    data: Annotated[
        Path, typer.Option("--data", help="Encodechka's folder, or a text file: what is timed.")
    ],
    scores: Annotated[
        list[Path] | None,
        typer.Option("--scores", help="What `evaluate encodechka --json` printed; again for each."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Write the plot here.")] = Path("pareto.png"),
    as_json: AsJson = False,
) -> None:
    """Time encoders side by side and plot quality against speed and size."""
    from training.evaluation.tables import show_pareto

    show_pareto(models, data, scores or [], out, as_json)
