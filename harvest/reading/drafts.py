"""Draft tables: whole Parquet columns as drafts, without a Python object a row."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from harvest.reading.lines import AGAIN
from harvest.source import DRAFT_SCHEMA
from rupairs.errors import RupairsError
from rupairs.pairs import POSITIVE
from rupairs.store import read_batches, schema_of


def numbered_batches(
    paths: Iterable[Path], columns: tuple[str, ...]
) -> Iterator[tuple[Path, int, pa.RecordBatch]]:
    """Yield (file, how many rows of all files come before, batch of `columns`).

    Raises `RupairsError` naming a file that lacks a column or holds no row.
    """
    start = 0
    for path in paths:
        there = schema_of(path).names
        if missing := [name for name in columns if name not in there]:
            raise RupairsError(
                f"{path}: needs a column {', '.join(missing)}; the columns are {', '.join(there)}"
            )
        before = start
        for batch in read_batches(path, list(columns)):
            yield path, start, batch
            start += batch.num_rows
        if start == before:
            raise RupairsError(f"{path}: the table has no rows; {AGAIN}")


def row_numbers(start: int, size: int) -> pa.Array:
    """Return the names of `size` rows that come after `start` others: numbers from 1, as text."""
    return pa.arange(start + 1, start + size + 1).cast(pa.string())


def texts(path: Path, name: str, column: pa.Array) -> pa.Array:
    """Return a column as text, "" for a null; `RupairsError` if it holds anything else."""
    if not _is_text(column.type):
        raise RupairsError(f"{path}: column {name} is {column.type}, not text")
    return column.cast(pa.string()).fill_null("")


def draft_table(
    rows: pa.Array,
    query: pa.Array,
    passage: pa.Array,
    relation: str | pa.Array,
    polarity: int | pa.Array = POSITIVE,
) -> pa.Table:
    """Return a table of `DRAFT_SCHEMA`; a relation or polarity that is no array is that of all."""
    size = len(rows)
    if isinstance(relation, str):
        relation = pa.repeat(relation, size)
    if isinstance(polarity, int):
        polarity = pa.repeat(pa.scalar(polarity, pa.int8()), size)
    columns = [rows, query, passage, relation, polarity.cast(pa.int8()), pa.repeat("", size)]
    return pa.Table.from_arrays(columns, schema=DRAFT_SCHEMA)


_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(is_kind(value) for is_kind in _TEXT)
