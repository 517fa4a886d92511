"""Rows of native tables: JSON lines, CSV, TSV with CSV quoting, and Parquet, read the same way.

A row that cannot be read stops the harvest and is named by file and number: a file that is not
what it should be must not turn into a smaller data set.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harvest.lines import AGAIN, text_lines
from rupairs.errors import RupairsError

# The csv module stops at 131,072 characters a cell; long articles pass that.
_LONGEST_CELL = 1 << 24


@dataclass(frozen=True, slots=True)
class Row:
    """One native row and where it stands; `number` counts the rows of the file from 1."""

    path: Path
    number: int
    values: dict[str, Any]

    def text(self, column: str) -> str:
        """Return a text cell, "" for a null; `RupairsError` for anything else."""
        value = self.values.get(column)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.error(f"{column} is {type(value).__name__}, not text")
        return value

    def error(self, problem: str) -> RupairsError:
        """Return the error that names this row."""
        return RupairsError(f"{self.path}: row {self.number}: {problem}")


def read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Yield the rows of a table of any known kind, told by the name of the file.

    Raises `RupairsError` naming the file when it is unreadable, holds no row, or lacks one of
    `columns` (with the columns it has).
    """
    kind = path.suffixes[-2] if path.suffix in (".gz", ".bz2") else path.suffix
    if kind == ".parquet":
        rows = _parquet(path, columns)
    elif kind == ".jsonl":
        rows = _json_lines(path, columns)
    else:
        rows = _csv(path, columns, "\t" if kind == ".tsv" else ",")
    row = None
    for row in rows:
        yield row
    if row is None:
        raise RupairsError(f"{path}: the table has no rows; {AGAIN}")


def columns_of(path: Path) -> list[str]:
    """Return the names in the header of a CSV or TSV file."""
    for row in _records(path, "\t" if path.suffix == ".tsv" else ","):
        return row
    raise RupairsError(f"{path}: no header; {AGAIN}")


def _require(where: str, columns: tuple[str, ...], found: list[str]) -> None:
    if missing := [c for c in columns if c not in found]:
        raise RupairsError(
            f"{where}: needs a column {', '.join(missing)}; the columns are {', '.join(found)}"
        )


def _json_lines(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    for number, line in text_lines(path):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except ValueError as error:
            raise RupairsError(f"{path}: line {number}: not JSON ({error}); {AGAIN}") from None
        if not isinstance(values, dict):
            raise RupairsError(f"{path}: line {number}: not a JSON object; {AGAIN}")
        _require(f"{path}: line {number}", columns, list(values))
        yield Row(path, number, values)


def _records(path: Path, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader((line for _, line in text_lines(path)), delimiter=delimiter, strict=True)
    try:
        yield from (record for record in reader if record)
    except csv.Error as error:
        raise RupairsError(
            f"{path}: line {reader.line_num}: not valid CSV ({error}); {AGAIN}"
        ) from None


def _csv(path: Path, columns: tuple[str, ...], delimiter: str) -> Iterator[Row]:
    records = _records(path, delimiter)
    header = next(records, [])
    _require(str(path), columns, header)
    for number, record in enumerate(records, 1):
        if len(record) != len(header):
            raise RupairsError(
                f"{path}: row {number}: {len(record)} cells under {len(header)} columns; {AGAIN}"
            )
        yield Row(path, number, dict(zip(header, record, strict=True)))


def _parquet(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    from rupairs.store import read_batches

    number = 0
    for batch in read_batches(path):
        _require(str(path), columns, batch.schema.names)
        for values in batch.to_pylist():
            number += 1
            yield Row(path, number, values)
