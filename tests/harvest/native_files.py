"""Native files as their publishers write them: tables, lines, archives."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvest.source import Unusable

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


def lines(*rows: tuple[Any, ...]) -> str:
    """Return lines of cells with tabs between them."""
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


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


def reasons(drafts: Iterable[Any]) -> list[str]:
    """Return why rows could not be used."""
    return [draft.reason for draft in drafts if isinstance(draft, Unusable)]


def real(folder: Path, *names: str) -> dict[str, str | bytes]:
    """Return files of the real data by name; the test is skipped where one is not at hand."""
    paths = [folder / name for name in names]
    if missing := [path.name for path in paths if not path.is_file()]:
        pytest.skip(f"no {', '.join(missing)} in the real data at hand")
    return {path.name: path.read_bytes() for path in paths}
