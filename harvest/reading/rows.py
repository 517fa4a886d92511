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

from harvest.reading.lines import AGAIN, text_lines
from rupairs.errors import RupairsError
from rupairs.store import read_batches, schema_of

# The csv module stops at 131,072 characters a cell; long articles pass that.
_LONGEST_CELL = 1 << 24
_DELIMITERS = {".tsv": "\t", ".csv": ","}


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


def read_rows(path: Path, columns: tuple[str, ...], extra: tuple[str, ...] = ()) -> Iterator[Row]:
    """Yield the rows of a table of any known kind, told by the name of the file.

    Of Parquet, only `columns` and those of `extra` that are there are read; all when `columns` is
    empty. Raises `RupairsError` naming the file when it is unreadable, holds no row, or lacks one
    of `columns` (with the columns it has).
    """
    kind = _kind(path)
    if kind == ".parquet":
        rows = _parquet(path, columns, extra)
    elif kind == ".jsonl":
        rows = _json_lines(path, columns)
    elif kind == ".json":
        rows = _json(path, columns)
    else:
        rows = _csv(path, columns, _DELIMITERS.get(kind, ","))
    row = None
    for row in rows:
        yield row
    if row is None:
        raise RupairsError(f"{path}: the table has no rows; {AGAIN}")


def column_names(path: Path) -> list[str]:
    """Return the names of a table's columns; of JSON, the keys of the first object."""
    kind = _kind(path)
    if kind == ".parquet":
        return list(schema_of(path).names)
    if kind in (".jsonl", ".json"):
        for row in read_rows(path, ()):
            return list(row.values)
    for header in _records(path, _DELIMITERS.get(kind, ",")):
        return header
    raise RupairsError(f"{path}: no header; {AGAIN}")


def _kind(path: Path) -> str:
    kind = path.suffixes[-2] if path.suffix in (".gz", ".bz2") else path.suffix
    return ".jsonl" if kind == ".jsonlines" else kind


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
        except (ValueError, RecursionError) as error:
            raise RupairsError(f"{path}: line {number}: not JSON ({error}); {AGAIN}") from None
        if not isinstance(values, dict):
            raise RupairsError(f"{path}: line {number}: not a JSON object; {AGAIN}")
        _require(f"{path}: line {number}", columns, list(values))
        yield Row(path, number, values)


def _json(path: Path, columns: tuple[str, ...]) -> Iterator[Row]:
    """Read a JSON array of objects; a file of one object a line is read as JSON lines."""
    head = next(text_lines(path))[1].lstrip()
    if not head.startswith("["):
        yield from _json_lines(path, columns)
        return
    try:
        array = json.loads("".join(line for _, line in text_lines(path)))
    except (ValueError, RecursionError) as error:
        raise RupairsError(f"{path}: not JSON ({error}); {AGAIN}") from None
    for number, values in enumerate(array, 1):
        if not isinstance(values, dict):
            raise RupairsError(f"{path}: row {number}: not a JSON object; {AGAIN}")
        _require(f"{path}: row {number}", columns, list(values))
        yield Row(path, number, values)


def _records(path: Path, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(_whole_lines(path), delimiter=delimiter, strict=True)
    try:
        yield from (record for record in reader if record)
    except csv.Error as error:
        raise RupairsError(
            f"{path}: line {reader.line_num}: not valid CSV ({error}); {AGAIN}"
        ) from None


def _whole_lines(path: Path) -> Iterator[str]:
    """Yield the lines; the csv module would take a NUL byte, a sign of damage, for a character."""
    for number, line in text_lines(path):
        if "\0" in line:
            raise RupairsError(f"{path}: line {number}: NUL byte; {AGAIN}")
        yield line


def _csv(path: Path, columns: tuple[str, ...], delimiter: str) -> Iterator[Row]:
    records = _records(path, delimiter)
    header = next(records, [])
    _require(str(path), columns, header)
    if twice := [c for c in columns if header.count(c) > 1]:
        raise RupairsError(f"{path}: column {twice[0]} is there twice; {AGAIN}")
    for number, record in enumerate(records, 1):
        if len(record) != len(header):
            raise RupairsError(
                f"{path}: row {number}: {len(record)} cells under {len(header)} columns; {AGAIN}"
            )
        yield Row(path, number, dict(zip(header, record, strict=True)))


def _parquet(path: Path, columns: tuple[str, ...], extra: tuple[str, ...]) -> Iterator[Row]:
    there = list(schema_of(path).names)
    _require(str(path), columns, there)
    asked = [name for name in there if name in (*columns, *extra)] if columns else None
    number = 0
    for batch in read_batches(path, asked):
        for values in batch.to_pylist():
            number += 1
            yield Row(path, number, values)
