"""What the audit tells a person: what was drawn, and how many negatives are false."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruhnp.meaning_votes import DIFFERENT, SAME, UNCLEAR

Row = dict[str, Any]

TASKS, PAGE_COPY = "tasks.json", "config.xml"
_SHOWN = 20


def audit_folder(run: Path) -> Path:
    """Return where the audit of a run lies."""
    return run / "ruhnp" / "audit"


def show(run: Path, rows: Sequence[Row], voted: bool, as_json: bool) -> None:
    """Print what was drawn, or what the votes say, and what to do next."""
    from rich.console import Console
    from rich.table import Table

    from rupairs.options import print_json

    if as_json:
        print_json(rows)
        return
    names = list(rows[0])
    shown = Table(*names, title=str(audit_folder(run)))
    for row in rows:
        cells = [row[name] for name in names]
        shown.add_row(*(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells))
    console = Console()
    console.print(shown)
    if not voted:
        said = f"Import {TASKS} into a Label Studio project whose labelling page is {PAGE_COPY}, "
        said += f"export JSON, then: rupairs ruhnp audit --out {run} --votes EXPORT.json"
        console.print(said, markup=False, highlight=False, soft_wrap=True)


def page(facts: Mapping[str, Any]) -> str:
    """Return the audit as Markdown."""
    lines = ["# False negatives among the released negatives", ""]
    if facts["simulated"]:
        lines += ["> **Simulated:** votes of this audit were made by a program.", ""]
    if not facts["same_release"]:
        lines += ["> The sample was drawn from an earlier release of this run.", ""]
    lines += [
        f"{facts['voted']} of {facts['drawn']} drawn pairs have votes, by {facts['annotators']} "
        "people. A false negative says the same as its anchor; unclear pairs are left out of the "
        "rates. Intervals are Wilson's, 95 %.",
        "",
        "| kind of change | released | voted | same | different | unclear | rate | interval |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for kind, rate in by_kind(facts):
        counts = " | ".join(str(rate[n]) for n in ("population", "pairs", SAME, DIFFERENT, UNCLEAR))
        lines.append(f"| {kind} | {counts} | {_share(rate)} |")
    if facts["weighted_rate"] is not None:
        shown = f"{facts['weighted_rate']:.1%}"
        lines += ["", f"Weighed by how many negatives of each kind were released: {shown}."]
    if facts["false_negatives"]:
        lines += ["", "## False negatives", ""]
        for row in facts["false_negatives"][:_SHOWN]:
            lines.append(f"- {row['change']}: {row['first']} — {row['second']}")
    return "\n".join(lines) + "\n"


def _share(rate: Mapping[str, Any]) -> str:
    if rate["rate"] is None:
        return "– | –"
    return f"{rate['rate']:.1%} | {rate['low']:.1%}–{rate['high']:.1%}"


def by_kind(facts: Mapping[str, Any]) -> list[tuple[str, Row]]:
    """Return (kind of change, its rate) in order, all kinds together last."""
    return [*facts["kinds"].items(), ("all", facts["all"])]
