"""Benchmark texts: every text of three words or more in a folder of files of any common kind.

The folder's files name the benchmarks (`encodechka/stsb_dev.csv` is `encodechka/stsb_dev`). Cells
of CSV and TSV, strings of JSON and JSON lines, string columns of Parquet and lines of plain text
are read; files of other kinds are counted and said.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from rupairs.errors import RupairsError, UsageError
from rupairs.lines import text_lines
from rupairs.manifest import sha256
from rupairs.store import column, read_batches
from rupairs.text_columns import clean_column, key_column

_MIN_WORDS = 3
_LONGEST_CELL = (1 << 31) - 1
_TEXT_KINDS = (".csv", ".tsv", ".json", ".jsonl", ".txt", ".parquet")
_KIND = re.compile(r"(?i)(\.(?:csv|tsv|jsonl?|txt|parquet))(?:\.(?:gz|bz2))?$")


@dataclass(frozen=True)
class Benchmarks:
    """Keys of the texts, each once, and the benchmarks that hold it (names joined by a comma)."""

    keys: pa.Array
    names: list[str]
    files: dict[str, int]
    skipped: list[str]


def benchmark_files(folder: Path) -> dict[str, Path]:
    """Return the readable files below a folder by name; `UsageError` if there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder of benchmark texts")
    found = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _kind(path)
    }
    if not found:
        raise UsageError(f"{folder}: no file of benchmark texts ({' '.join(_TEXT_KINDS)})")
    return found


def benchmark_hashes(folder: Path | None) -> dict[str, str]:
    """Return the SHA-256 of every benchmark file by name, as the inputs of a step are named."""
    files = benchmark_files(folder) if folder else {}
    return {f"benchmarks/{name}": sha256(path) for name, path in files.items()}


def read_benchmarks(folder: Path) -> Benchmarks:
    """Return the texts of a folder; `RupairsError` names a file that cannot be read."""
    files = benchmark_files(folder)
    owners: dict[str, dict[str, None]] = {}
    counts: Counter[str] = Counter()
    for name, path in files.items():
        texts = [text for text in _texts(path) if len(text.split()) >= _MIN_WORDS]
        keys = key_column(clean_column(column(texts, pa.string()))).to_pylist()
        label = _KIND.sub("", name)
        for key in keys:
            if key.count(" ") >= _MIN_WORDS - 1:
                owners.setdefault(key, {})[label] = None
        counts[label] += len(texts)
    others = [p for p in folder.rglob("*") if p.is_file() and not _kind(p)]
    skipped = sorted(p.relative_to(folder).as_posix() for p in others)
    names = [", ".join(labels) for labels in owners.values()]
    return Benchmarks(pa.array(owners, pa.string()), names, dict(counts), skipped)


def _kind(path: Path) -> str:
    """Return the suffix that says how a file is read, or "" for a file that is not."""
    match = _KIND.search(path.name)
    return match[1].lower() if match else ""


def _texts(path: Path) -> Iterator[str]:
    kind = _kind(path)
    if kind == ".parquet":
        yield from _parquet(path)
    elif kind == ".txt":
        yield from (line for _, line in text_lines(path))
    elif kind in (".csv", ".tsv"):
        yield from _cells(path, "\t" if kind == ".tsv" else ",")
    else:
        yield from _json(path, kind)


def _cells(path: Path, delimiter: str) -> Iterator[str]:
    """Yield the cells of a table, which need not be valid CSV for its texts to be found.

    Where the first line lacks the delimiter but has another usual one, that one is meant.
    """
    csv.field_size_limit(_LONGEST_CELL)
    # A carriage return inside a line is an error to the csv module.
    lines = (line.replace("\r", " ") for _, line in text_lines(path))
    first = next(lines)
    other = max(";\t,|", key=first.count)
    if delimiter not in first and other in first:
        delimiter = other
    for row in csv.reader(chain([first], lines), delimiter=delimiter):
        for cell in row:
            yield cell
            if "\n" in cell:  # perhaps a stray quote, and these are rows of their own
                for line in cell.splitlines():
                    yield from chain.from_iterable(csv.reader([line], delimiter=delimiter))


def _json(path: Path, kind: str) -> Iterator[str]:
    number = 0
    try:
        if kind == ".jsonl":
            for number, line in text_lines(path):  # noqa: B007 (the error names it)
                if line.strip():
                    yield from _strings(json.loads(line))
        else:
            yield from _strings(json.loads("".join(line for _, line in text_lines(path))))
    except (ValueError, RecursionError) as error:
        place = f"{path}: line {number}" if number else str(path)
        raise RupairsError(f"{place}: not JSON ({error}); take it out of the folder") from None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _parquet(path: Path) -> Iterator[str]:
    for batch in read_batches(path):
        for row in batch.to_pylist():
            yield from _strings(row)
