"""Native files as their publishers write them: tables, lines, archives."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# More than a batch of the Parquet reader, so that the numbers of rows must carry over.
MANY = 9_000


def parquet(
    rows: Iterable[Mapping[str, Any]],
    class_names: list[str] | None = None,
    schema: pa.Schema | None = None,
) -> bytes:
    """Return a Parquet file; its column `label` has `class_names`, as `datasets` writes them."""
    table = pa.Table.from_pylist(list(rows), schema=schema)
    if class_names:
        label = {"names": class_names, "_type": "ClassLabel"}
        info = json.dumps({"info": {"features": {"label": label}}})
        table = table.replace_schema_metadata({"huggingface": info})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def jsonl(*rows: Mapping[str, Any]) -> str:
    """Return a JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def zipped(files: Mapping[str, str]) -> bytes:
    """Return a zip archive of texts by name."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return sink.getvalue()


def tarred(files: Mapping[str, str], packed: str = "gz") -> bytes:
    """Return a tar archive of texts by name; `packed` is gz, bz2, xz or nothing."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=f"w:{packed}") as tape:  # type: ignore[call-overload]
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tape.addfile(entry, io.BytesIO(text.encode()))
    return sink.getvalue()


def sides(drafts: Iterable[Any]) -> list[tuple[str, str]]:
    """Return (query, passage) of the pairs that were read."""
    return [(draft.query, draft.passage) for draft in drafts]
