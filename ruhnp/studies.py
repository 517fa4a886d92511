"""The verbs that study a finished release: `audit` and `shift`."""

from pathlib import Path
from typing import Annotated

import typer

from rupairs.options import AsJson, Out


def audit(
    out: Out,
    count: Annotated[int, typer.Option("--count", min=1, help="Negatives to draw.")] = 200,
    votes: Annotated[
        Path | None, typer.Option("--votes", help="Label Studio's JSON export, to be counted.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw released negatives for people to judge; with --votes, tell how many are false."""
    from ruhnp.audit import count_votes, draw_tasks
    from ruhnp.audit_page import show

    rows = count_votes(out, votes) if votes else draw_tasks(out, count)
    show(out, rows, voted=votes is not None, as_json=as_json)


def shift(
    out: Out,
    before: Annotated[list[str], typer.Option("--before", help="An encoder; may be repeated.")],
    after: Annotated[list[str], typer.Option("--after", help="The same encoder, trained.")],
    pairs: Annotated[
        list[Path] | None,
        typer.Option("--pairs", help="CSV, TSV, JSONL or Parquet: text1, text2, label."),
    ] = None,
    prompt: Annotated[
        list[str] | None,
        typer.Option("--prompt", help="Put before every text: one for all encoders or for each."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare cosines before and after training, on RuHNP's test part and on other pairs."""
    from ruhnp.shift_report import show_shift

    show_shift(out, {"before": before, "after": after}, pairs or [], prompt or [], as_json)
