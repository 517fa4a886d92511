"""Stage directories: rows in, Parquet out, every dropped row kept with its reason.

A directory is built beside its final name and renamed when complete, so a reader sees a whole
stage or none. The same rows in the same order give the same bytes.
"""

import itertools
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rupairs.errors import RupairsError
from rupairs.manifest import Counts, Manifest, read_manifest, sha256

T = TypeVar("T")

DROPPED = "dropped.parquet"
DROPPED_SCHEMA = pa.schema(
    [
        pa.field("reason", pa.string(), nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("row", pa.string(), nullable=False),
    ]
)
_BUFFER = 8_192
# What Arrow says of damaged bytes, of kinds it cannot read, and of names that are not UTF-8.
_UNREADABLE = (
    *(pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, pa.ArrowKeyError),
    *(OSError, UnicodeDecodeError),
)


def slices(table: pa.Table, names: Iterable[str], characters: int = 500_000) -> Iterator[pa.Table]:
    """Yield the table in pieces of about so many characters in the named columns, at least a row.

    Work over flat arrays of characters is fastest, and smallest, while they fit the caches.
    """
    sizes = sum(pc.utf8_length(table[n]).to_numpy().astype(np.int64) for n in names)
    if not table.num_rows:
        yield table
        return
    piece = np.cumsum(sizes) // characters
    starts = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), table.num_rows]
    for start, end in itertools.pairwise(starts):
        yield table.slice(start, end - start)


def write_table(table: pa.Table, path: Path) -> None:
    """Write one Parquet file with the project's settings (zstd, page checksums)."""
    with _writer(path, table.schema) as writer:
        writer.write_table(table)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise RupairsError(f"{path}: no such file") from None
    except _UNREADABLE as error:
        first_line = str(error).partition("\n")[0][:200]
        raise RupairsError(
            f"{path}: not a readable Parquet file ({first_line}); "
            "it was truncated or damaged: make or fetch it again"
        ) from None


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read one Parquet file, checksums verified; `RupairsError` names a damaged one."""
    with _naming(path):
        return pq.read_table(path, columns=columns, page_checksum_verification=True)


def schema_of(path: Path) -> pa.Schema:
    """Return the Arrow schema of a Parquet file, errors as in `read_table`."""
    with _naming(path):
        return pq.read_schema(path)


def read_batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of one Parquet file, errors as in `read_table`."""
    with _naming(path):
        file = pq.ParquetFile(path, page_checksum_verification=True)
        names = file.schema_arrow.names
        if len(set(names)) < len(names):
            raise RupairsError(f"{path}: two columns have one name: {', '.join(sorted(names))}")
        for batch in file.iter_batches(batch_size=_BUFFER, columns=columns):
            # Nothing else looks whether texts are UTF-8, until something breaks on them.
            batch.validate(full=True)
            yield batch


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values as an Arrow array.

    JSON can spell half of a character (a lone surrogate: a text was cut there); it is left out,
    for no file can hold it.
    """
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([v.encode("utf-8", "ignore").decode() for v in values], kind)


class RowsFile:
    """A Parquet file that grows by buffered rows."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self.rows = 0
        self._buffer: list[Mapping[str, Any]] = []
        self._writer = _writer(path, schema)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._buffer.append(row)
        self.rows += 1
        if len(self._buffer) >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            self._writer.write_table(pa.Table.from_pylist(self._buffer, schema=self.schema))
            self._buffer = []

    def add_table(self, table: pa.Table) -> None:
        """Add the rows of a table."""
        self._flush()
        self._writer.write_table(table)
        self.rows += table.num_rows

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        self._writer.close()


class StageWriter:
    """Writes the rows of one stage: `part-*.parquet` and `dropped.parquet` in `directory`.

    Iterate the candidates through `each`, then `keep` or `drop` every one of them exactly once
    (or announce a table of them by `take_in`, and `keep_table` what passes of it); leaving the
    `with` block checks that none was lost.
    """

    def __init__(self, directory: Path, schema: pa.Schema, rows_per_part: int = 1_000_000) -> None:
        self.directory = directory
        self.schema = schema
        self.rows_per_part = rows_per_part
        self.rows_in = 0
        self.rows_out = 0
        self.reasons: Counter[str] = Counter()
        self._parts = 0
        self._part = self._next_part()
        self._dropped = RowsFile(directory / DROPPED, DROPPED_SCHEMA)

    def _next_part(self) -> RowsFile:
        part = RowsFile(self.directory / f"part-{self._parts:05d}.parquet", self.schema)
        self._parts += 1
        return part

    def each(self, candidates: Iterable[T]) -> Iterator[T]:
        """Yield the candidates, counting them in."""
        for candidate in candidates:
            self.rows_in += 1
            yield candidate

    def take_in(self, rows: int) -> None:
        """Count candidates that come as a table and not through `each`."""
        self.rows_in += rows

    def keep(self, row: Mapping[str, Any]) -> None:
        """Write a row that passes."""
        self._turn()
        self._part.add(row)
        self.rows_out += 1

    def keep_table(self, table: pa.Table) -> None:
        """Write rows that pass."""
        if table.num_rows:
            self._turn()
            self._part.add_table(table)
            self.rows_out += table.num_rows

    def _turn(self) -> None:
        if self._part.rows >= self.rows_per_part:
            self._part.close()
            self._part = self._next_part()

    def drop(self, row: Mapping[str, Any], reason: str, evidence: str = "") -> None:
        """Write a row that does not pass, with a one-word reason and what shows it."""
        text = json.dumps(row, ensure_ascii=False, default=str)
        # Half of a character, see `column`, stays as JSON spells it.
        text = text.encode("utf-8", "backslashreplace").decode()
        self._dropped.add({"reason": reason, "evidence": evidence, "row": text})
        self.reasons[reason] += 1

    def counts(self) -> Counts:
        """Return the counts so far."""
        return Counts(
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            rows_dropped=self.reasons.total(),
            dropped_by_reason=dict(sorted(self.reasons.items())),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._part.close()
        self._dropped.close()
        lost = self.rows_in - self.rows_out - self.reasons.total()
        if error is None and lost:
            raise RuntimeError(
                f"{self.directory}: {self.rows_in} rows in, {self.rows_out} out, "
                f"{self.reasons.total()} dropped: {lost} unaccounted for"
            )


class StageReader:
    """A finished stage directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest: Manifest = read_manifest(directory)

    def whole(self) -> Path:
        """Return the directory after comparing every file with the checksum in the manifest.

        Parquet has checksums of its own; what else is read or passed on goes through here.
        Raises `RupairsError` naming the file that differs.
        """
        for name, facts in self.manifest.files.items():
            if sha256(self.directory / name) != facts.sha256:
                raise RupairsError(
                    f"{self.directory}/{name}: is not what the stage wrote; delete "
                    f"{self.directory} and run the stage again"
                )
        return self.directory

    def table(self, columns: list[str] | None = None) -> pa.Table:
        """Return all rows as one Arrow table."""
        tables = [read_table(path, columns) for path in self.parts()]
        return pa.concat_tables(tables)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows as dictionaries, a batch in memory at a time."""
        for path in self.parts():
            for batch in read_batches(path):
                yield from batch.to_pylist()

    def parts(self) -> list[Path]:
        """Return the part files in order; `RupairsError` if the stage holds no table."""
        names = sorted(n for n in self.manifest.files if n.startswith("part-"))
        if not names:
            raise RupairsError(f"{self.directory}: the manifest lists no part-*.parquet")
        return [self.directory / name for name in names]


def gather(stages: Iterable[Path], directory: Path, schema: pa.Schema) -> None:
    """Put the parts and the dropped rows of several directories into one, in their order.

    Parts are linked and not copied where the file system can. Without any part, one is written
    that has no rows.
    """
    number = 0
    dropped = RowsFile(directory / DROPPED, DROPPED_SCHEMA)
    for stage in stages:
        for part in sorted(stage.glob("part-*.parquet")):
            if pq.read_metadata(part).num_rows:
                _link(part, directory / f"part-{number:05d}.parquet")
                number += 1
        for batch in read_batches(stage / DROPPED):
            dropped.add_table(pa.Table.from_batches([batch]))
    dropped.close()
    if not number:
        write_table(schema.empty_table(), directory / "part-00000.parquet")


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def replace_directory(new: Path, final: Path) -> None:
    """Put the complete directory `new` in the place of `final`."""
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    new.rename(final)
    shutil.rmtree(old, ignore_errors=True)
