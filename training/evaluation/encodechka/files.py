"""Encodechka's files as they lie in `encodechka_eval/data`: CSV tables, and JSON for words."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError

Row = tuple[str, ...]


def existing(folder: Path, name: str) -> Path:
    """Return the path of a file; `RupairsError` says where to get it when it is missing."""
    path = folder / name
    if not path.is_file():
        raise RupairsError(
            f"{path}: no such file; it is in encodechka_eval/data of "
            "https://github.com/avidale/encodechka"
        )
    return path


def table(path: Path, columns: Sequence[str], most: int | None = None) -> list[Row]:
    """Return the named columns of a CSV file, of all its rows or of `most` spread over it.

    Raises `RupairsError` naming the file and the line that cannot be used.
    """
    return spread(list(_rows(path, columns)), most)


def number(value: str, column: str, path: Path) -> float:
    """Return the number in a cell; `RupairsError` when it is none."""
    try:
        return float(value)
    except ValueError:
        raise RupairsError(f"{path}: {column} is {value!r}, not a number") from None


def spread(rows: list[Any], most: int | None) -> list[Any]:
    """Return `most` rows at even distances: the files are sorted by label or by genre."""
    if most is None or most >= len(rows):
        return rows
    return [rows[place * len(rows) // most] for place in range(most)]


def _rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            absent = [c for c in columns if c not in (reader.fieldnames or ())]
            if absent:
                raise RupairsError(f"{path}: no column {absent[0]}; has {reader.fieldnames}")
            for row in reader:
                values = tuple(row[c] for c in columns)
                if not all(values):
                    raise RupairsError(f"{path}, line {reader.line_num}: a value is missing")
                yield values
    except (csv.Error, UnicodeDecodeError) as error:
        raise RupairsError(f"{path}: not a CSV file in UTF-8 ({error})") from None


def documents(path: Path) -> list[tuple[str, list[tuple[str, int, int]]]]:
    """Return texts and their entities (kind, first character, one past the last).

    Raises `RupairsError` naming the file and the text when they have another form.
    """
    place = "the file"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        texts, labels = content["texts"], content["labels"]
        found = []
        for index, (text, entities) in enumerate(zip(texts, labels, strict=True)):
            place = f"text {index}"
            spans = [(str(kind), int(start), int(end)) for kind, start, end in entities]
            found.append((str(text), spans))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        form = '{"texts": [...], "labels": [[[kind, start, end], ...], ...]}'
        raise RupairsError(f"{path}: {place} is not of the form {form} ({error!r})") from None
    return found
