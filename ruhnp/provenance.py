"""The tables beside a release: where each pair came from, and the anchors it could not use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ruhnp.generated import GENERATED_SCHEMA, VERIFIED_SCHEMA
from rupairs.store import write_table

PROVENANCE, INCOMPLETE = "provenance.parquet", "incomplete.parquet"
_BUFFER = 8_192

# What verification measured (similarity, verdicts of a judge) goes with each pair.
PROVENANCE_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("change", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("call_id", pa.string(), nullable=True),
        pa.field("sample", pa.int32(), nullable=False),
        pa.field("prompt", pa.string(), nullable=True),
        *(field for field in VERIFIED_SCHEMA if field.name not in GENERATED_SCHEMA.names),
    ]
)
INCOMPLETE_SCHEMA = pa.schema(
    [
        pa.field("anchor_id", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("pos", pa.list_(pa.string()), nullable=False),
        pa.field("neg", pa.list_(pa.string()), nullable=False),
        pa.field("missing_pos", pa.int32(), nullable=False),
        pa.field("missing_neg", pa.int32(), nullable=False),
    ]
)


class Sheet:
    """A table that grows by rows and is written at the end."""

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._tables: list[pa.Table] = []
        self._rows: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) >= _BUFFER:
            self._flush()

    def write(self, path: Path) -> None:
        """Write the table as one Parquet file."""
        self._flush()
        write_table(pa.concat_tables(self._tables), path)

    def _flush(self) -> None:
        self._tables.append(pa.Table.from_pylist(self._rows, schema=self.schema))
        self._rows = []
