"""Benchmark texts: every text of three words or more in a folder of files of any common kind.

The folder's files name the benchmarks (`encodechka/stsb_dev.csv` is `encodechka/stsb_dev`). Cells
of CSV and TSV, strings of JSON and JSON lines, string columns of Parquet and lines of plain text
are read; files of other kinds are counted and said.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from harvest.lines import text_lines
from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import sha256
from rupairs.store import read_batches
from rupairs.text_columns import clean_column, key_column

if TYPE_CHECKING:
    from harvest.stage import HarvestSection

_MIN_WORDS = 3
_LONGEST_CELL = 1 << 24
_TEXT_KINDS = (".csv", ".tsv", ".json", ".jsonl", ".txt", ".parquet")


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
        if path.is_file() and _kind(path) in _TEXT_KINDS
    }
    if not found:
        raise UsageError(f"{folder}: no file of benchmark texts ({' '.join(_TEXT_KINDS)})")
    return found


def benchmark_inputs(section: "HarvestSection") -> dict[str, str]:
    """Return the SHA-256 of every benchmark file by name."""
    folder = section.pairs.benchmarks
    files = benchmark_files(folder) if folder else {}
    return {f"benchmarks/{name}": sha256(path) for name, path in files.items()}


def read_benchmarks(folder: Path) -> Benchmarks:
    """Return the texts of a folder; `RupairsError` names a file that cannot be read."""
    files = benchmark_files(folder)
    owners: dict[str, dict[str, None]] = {}
    counts = {}
    for name, path in files.items():
        texts = [text for text in _texts(path) if len(text.split()) >= _MIN_WORDS]
        keys = key_column(clean_column(pa.array(texts, pa.string()))).to_pylist()
        label = name.removesuffix("".join(path.suffixes))
        for key in keys:
            if key.count(" ") >= _MIN_WORDS - 1:
                owners.setdefault(key, {})[label] = None
        counts[label] = len(texts)
    others = [p for p in folder.rglob("*") if p.is_file() and _kind(p) not in _TEXT_KINDS]
    skipped = sorted(p.relative_to(folder).as_posix() for p in others)
    names = [", ".join(labels) for labels in owners.values()]
    return Benchmarks(pa.array(owners, pa.string()), names, counts, skipped)


def _kind(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".bz2"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _texts(path: Path) -> Iterator[str]:
    kind = _kind(path)
    if kind == ".parquet":
        yield from _parquet(path)
    elif kind == ".txt":
        yield from (line for _, line in text_lines(path))
    elif kind in (".csv", ".tsv"):
        csv.field_size_limit(_LONGEST_CELL)
        lines = (line for _, line in text_lines(path))
        # Not strict: a benchmark need not be valid CSV for its texts to be found.
        for row in csv.reader(lines, delimiter="\t" if kind == ".tsv" else ","):
            yield from row
    else:
        yield from _json(path, kind)


def _json(path: Path, kind: str) -> Iterator[str]:
    try:
        if kind == ".jsonl":
            for _, line in text_lines(path):
                if line.strip():
                    yield from _strings(json.loads(line))
        else:
            yield from _strings(json.loads("".join(line for _, line in text_lines(path))))
    except ValueError as error:
        raise RupairsError(f"{path}: not JSON ({error}); take it out of the folder") from None


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
