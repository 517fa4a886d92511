"""A few rows of a Parquet file, from all over it, as lines of text for a table."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_CHARACTERS = 300
_ITEMS = 6
_BATCH = 1_024


@dataclass(frozen=True)
class Sample:
    """Some rows of a file; a cell is the lines of one value.

    Columns that are empty in all these rows are left out. `fault` says why there are none.
    """

    file: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[tuple[str, ...], ...], ...] = ()
    fault: str = ""


def sample(folder: Path, file: str, count: int, texts_first: bool = True) -> Sample:
    """Return `count` rows, evenly spaced over the beginnings of evenly spaced row groups."""
    try:
        found = _read(folder / file, count).to_pylist()
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        first_line = str(error).partition("\n")[0][:200]
        return Sample(file, fault=f"cannot be read ({first_line.replace(f'{folder}/', '')})")
    rows = [{name: _lines(value) for name, value in row.items()} for row in found]
    told = [name for name in rows[0] if any(row[name] for row in rows)] if rows else []
    if texts_first:
        told.sort(key=lambda name: not any(_is_text(row[name]) for row in rows))
    return Sample(file, tuple(told), tuple(tuple(row[name] for name in told) for row in rows))


def _read(path: Path, count: int) -> pa.Table:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        groups = sorted({n * file.num_row_groups // count for n in range(count)})
        groups = [g for g in groups if g < file.num_row_groups]
        heads = [next(file.iter_batches(_BATCH, row_groups=[group]), None) for group in groups]
        table = pa.Table.from_batches(
            [head for head in heads if head is not None], file.schema_arrow
        )
    chosen = sorted({n * table.num_rows // count for n in range(count)}) if table.num_rows else []
    return table.take(chosen) if chosen else table


def _is_text(lines: tuple[str, ...]) -> bool:
    return any(" " in line for line in lines)


def _lines(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return () if value is None or value == "" else (_cut(_text(value)),)
    lines = [_cut(_text(item)) for item in value[:_ITEMS]]
    if len(value) > _ITEMS:
        lines.append(f"… {len(value) - _ITEMS} more")
    return tuple(lines)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"
