"""Columns: a table whose pairs stand in two of its columns, said as data.

1. A column that nobody could look up is given as several names; the first that the file has is
   taken, and what was taken is said. The recipe may name it: `rows.columns.SOURCE.query = "name"`.
2. A file that has none of the names stops the harvest with the names it has.
3. Parquet columns go on as they are; other tables are read row by row.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from harvest.reading.drafts import draft_table, row_numbers, texts
from harvest.reading.lines import AGAIN
from harvest.reading.rows import column_names, read_rows
from harvest.source import Draft, Native, Unusable
from rupairs.errors import RupairsError, UsageError
from rupairs.pairs import POSITIVE
from rupairs.store import read_batches

Change = Callable[[str], str]


@dataclass(frozen=True)
class Columns:
    """A pair a row: the query in the first of `query` that is there, the passage likewise.

    `change` mends a native text before anything else sees it, for instance calculator marks.
    """

    query: tuple[str, ...]
    passage: tuple[str, ...]
    relation: str
    polarity: int = POSITIVE
    change: Change | None = None


def column_pairs(
    native: Native, files: tuple[str, ...], *kinds: Columns
) -> Iterator[Draft | Unusable | pa.Table]:
    """Yield a draft a row and kind, from the files of the first of the globs that matches any.

    A row is named `number`, counted over all files from 1; with several kinds, `number.kind`.
    Raises `UsageError` if the recipe names columns and there are several kinds of pairs.
    """
    if native.columns and len(kinds) > 1:
        raise UsageError(
            f"harvest.rows.columns.{native.source}: a row gives {len(kinds)} pairs, and one choice "
            "of columns would be taken for all of them"
        )
    start = 0
    for path in native.some(*files):
        chosen = [_choose(native, path, kind) for kind in kinds]
        if path.suffix == ".parquet" and len(kinds) == 1 and not kinds[0].change:
            before = start
            for table in _tables(path, chosen[0], kinds[0], start):
                start += table.num_rows
                yield table
            if start == before:
                raise RupairsError(f"{path}: the table has no rows; {AGAIN}")
            continue
        row = None
        for row in read_rows(path, tuple(dict.fromkeys(c for pair in chosen for c in pair))):
            for n, ((query, passage), kind) in enumerate(zip(chosen, kinds, strict=True), 1):
                name = str(start + row.number) + (f".{n}" if len(kinds) > 1 else "")
                mend = kind.change or str
                sides = mend(row.text(query)), mend(row.text(passage))
                yield Draft(name, *sides, kind.relation, kind.polarity)
        start += row.number if row else 0


def choose(native: Native, path: Path, side: str, names: tuple[str, ...]) -> str:
    """Return the column of `path` that holds a side (`query`, `passage`, ...), and say which.

    Raises `RupairsError` naming the columns that are there and the setting that chooses one.
    """
    there = column_names(path)
    asked = native.columns.get(side)
    found = [asked] if asked else [n for n in names if n in there]
    if not found or found[0] not in there:
        wanted = asked or " or ".join(names)
        raise RupairsError(
            f"{path}: {native.source} needs a column {wanted} for the {side}; the columns are "
            f"{', '.join(there)}; say which one with harvest.rows.columns.{native.source}.{side}"
        )
    if len(names) > 1 or asked:
        native.say(f"{native.source}: {side} is column {found[0]} of {', '.join(there)}")
    return found[0]


def _choose(native: Native, path: Path, kind: Columns) -> tuple[str, str]:
    query = choose(native, path, "query", kind.query)
    passage = choose(native, path, "passage", kind.passage)
    if query == passage:
        raise RupairsError(
            f"{path}: {native.source}: query and passage are both column {query}; "
            f"say which is which with harvest.rows.columns.{native.source}"
        )
    return query, passage


def _tables(path: Path, columns: tuple[str, str], kind: Columns, start: int) -> Iterator[pa.Table]:
    for batch in read_batches(path, list(columns)):
        query, passage = (texts(path, name, batch[name]) for name in columns)
        rows = row_numbers(start, batch.num_rows)
        start += batch.num_rows
        yield draft_table(rows, query, passage, kind.relation, kind.polarity)
