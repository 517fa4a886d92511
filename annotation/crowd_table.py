"""`rupairs annotate measure FOLDER`: the rules of aggregation on real people's votes, as tables."""

from pathlib import Path
from typing import Annotated, Any

import typer

from rupairs.options import AsJson, print_json

Row = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("measure")(_measure)


def _measure(
    folder: Annotated[Path, typer.Argument(help="A folder of votes in a known native layout.")],
    min_control_accuracy: Annotated[
        float, typer.Option(help="Exclude workers with fewer controls right.")
    ] = 0.5,
    min_controls: Annotated[int, typer.Option(help="Controls it takes to judge a worker.")] = 5,
    draws: Annotated[int, typer.Option(help="How often votes on controls are drawn.")] = 5,
    seed: Annotated[int, typer.Option(help="The seed of all draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure agreement, workers and every method of aggregation on real crowd votes."""
    from annotation.crowd import read_pools
    from annotation.measure import Measurement, below_majority, measure
    from annotation.stage import QualitySection

    rules = QualitySection(min_control_accuracy=min_control_accuracy, min_controls=min_controls)
    rows = [measure(pool, Measurement(rules, draws, seed)) for pool in read_pools(folder)]
    below = below_majority(rows)
    if as_json:
        print_json({"pools": rows, "below_majority": below})
        return
    for row in rows:
        typer.echo("\n".join(lines(row)) + "\n")
    typer.echo(
        "majority is the default of annotation.decisions.method: what is decided without naming "
        "another is never below majority."
    )
    typer.echo("Below majority:" if below else "No method is below majority anywhere.")
    for line in below:
        typer.echo(f"- {line}")


def lines(row: Row) -> list[str]:
    """Return what was measured on one pool as Markdown."""
    found = [
        f"## {row['pool']}",
        "",
        f"{row['items']} items, {row['votes']} votes, {row['workers']} workers; "
        f"{row['controls']} controls with {row['control_votes']} votes.",
        f"Krippendorff's alpha {_span(row['krippendorff_alpha'])}, equal pairs of votes "
        f"{_span(row['percent_agreement'])}, kappa over {row['cohen_kappa_pairwise']['items']} "
        f"pairs of workers {_span(row['cohen_kappa_pairwise'])}.",
    ]
    if row["control_accuracy"] is None:
        found.append("No known labels: methods are compared with held-out votes and each other.")
    else:
        found.append(
            f"{row['control_accuracy']:.1%} of the votes on controls are right; the rule excludes "
            f"{row['excluded']} workers, after which alpha is "
            f"{_span(row['alpha_without_excluded'])}."
        )
    names = ["gold", "gold_without_excluded"] if row["gold"] else []
    titles = {
        "gold": "right on controls",
        "gold_without_excluded": "the same, workers excluded",
        "held_out": "held-out votes",
    }
    heads = [f"{titles[name]} | beyond majority" for name in (*names, "held_out")]
    found += ["", f"| method | {' | '.join(heads)} | says as majority |"]
    found.append("|---|" + "--:|" * (2 * len(heads) + 1))
    for method, same in row["same_label"].items():
        cells = [
            _span(row[name][method][figure], 100)
            for name in (*names, "held_out")
            for figure in ("accuracy", "beyond_majority")
        ]
        found.append(f"| {method} | {' | '.join(cells)} | {100 * same:.1f} |")
    return found


def _span(figure: Row, scale: int = 1) -> str:
    if figure["value"] is None:
        return "not defined"
    digits = 1 if scale == 100 else 3
    value, low, high = (figure[name] for name in ("value", "low", "high"))
    if low is None:
        return f"{scale * value:.{digits}f}"
    return f"{scale * value:.{digits}f} ({scale * low:.{digits}f} to {scale * high:.{digits}f})"
