"""The sentence: a single text with where it came from, the raw material of anchors."""

from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from rupairs.pairs import text_id

SENTENCE_SCHEMA = pa.schema(
    [
        pa.field("text_id", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_revision", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One text, field by field the columns of `SENTENCE_SCHEMA`."""

    text: str
    title: str
    source: str
    source_revision: str
    source_row: str
    license: str

    def row(self) -> dict[str, Any]:
        """Return the Parquet row."""
        return {"text_id": text_id(self.text), **asdict(self)}
