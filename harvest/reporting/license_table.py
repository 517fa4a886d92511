"""The licenses of a finished pair table, or of a part of it, as a person asks for them."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from harvest.reporting.survey import count_rows
from rupairs.errors import UsageError
from rupairs.licenses import LicenseSummary, facts, permits, summary
from rupairs.options import print_json
from rupairs.store import StageReader

COLUMNS = ("source", "license", "relation", "split", "polarity")
Where = Mapping[str, tuple[str, ...]]


def parse_where(conditions: list[str]) -> Where:
    """Return column → values of conditions such as `source=lenta,gazeta`; `UsageError` if wrong."""
    chosen: dict[str, tuple[str, ...]] = {}
    for condition in conditions:
        column, equals, values = condition.partition("=")
        if column not in COLUMNS or not equals or not all(values.split(",")):
            known = ", ".join(COLUMNS)
            raise UsageError(f"--where {condition}: write COLUMN=VALUE,VALUE; columns: {known}")
        if column in chosen:
            raise UsageError(f"--where {column} is given twice; put its values into one")
        chosen[column] = tuple(values.split(","))
    return chosen


def licenses_of(out: Path, where: Where) -> LicenseSummary:
    """Return the terms of the pairs of a finished harvest that have these values.

    Raises `UsageError` for a value that no pair has.
    """
    table = StageReader(out / "harvest/pairs")
    counts = count_rows(table.parts(), COLUMNS)
    rows: dict[tuple[str, str], int] = defaultdict(int)
    for column, values in where.items():
        known = {str(key[COLUMNS.index(column)]) for key in counts}
        if missing := sorted(set(values) - known):
            raise UsageError(
                f"{table.directory}: no pair has {column}={','.join(missing)}; "
                f"there are: {', '.join(sorted(known)) or 'no pairs at all'}"
            )
    for key, count in counts.items():
        row = dict(zip(COLUMNS, map(str, key), strict=True))
        if all(row[column] in values for column, values in where.items()):
            rows[row["source"], row["license"]] += count
    return summary(rows)


def show_licenses(out: Path, where: list[str], as_json: bool) -> None:
    """Print the licenses of a finished pair table, or of a part of it, and what they permit."""
    found = licenses_of(out, parse_where(where))
    if as_json:
        print_json(facts(found))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    for title, parts in (("license", found.licenses), ("condition", found.conditions)):
        table = Table(box=box.SIMPLE_HEAD)
        for name in (title, "pairs", "share", "sources"):
            number = name in ("pairs", "share")
            table.add_column(name, justify="right" if number else "left", no_wrap=number)
        for part in parts:
            sources = ", ".join(part.sources)
            table.add_row(part.name, f"{part.rows:,}", f"{part.share:.1%}", sources)
        console.print(table)
    console.print(f"A set of these {found.rows:,} pairs (facts, no legal advice):", soft_wrap=True)
    for use, answer in permits(found).items():
        console.print(f"  {use}: {answer}", markup=False, soft_wrap=True)
