"""Native files of the sources: read with every row accounted for, or refused by name."""

import bz2
import gzip
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz import native
from tests.fuzz.damage import FUZZED, JUNK, damaged, spelled, twisted
from tests.fuzz.native import Rows
from tests.fuzz.reading import read


def packed(name: str, content: bytes) -> bytes:
    """Return a file as its suffix says that it is packed."""
    if name.endswith(".zip"):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.writestr("data/train.jsonl", content)
        return sink.getvalue()
    return gzip.compress(content, mtime=0) if name.endswith(".gz") else bz2.compress(content)


def counted(case: Rows, content: bytes, rows: list[Any]) -> None:
    """Read one file and compare what came of it with what its rows must give."""
    with tempfile.TemporaryDirectory() as folder:
        came = read(case.source, Path(folder), {case.file: content})
    if came is not None:
        assert came == case.gives(rows)


def told(content: bytes) -> list[Any]:
    """Return the objects of JSON lines that could be read."""
    lines = content.decode("utf-8").removeprefix("\ufeff").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


@pytest.mark.parametrize("case", [*native.JSON_LINES, *native.CELLS, *native.PARQUET])
def test_what_is_damaged_here_is_whole_to_begin_with(case: Rows, tmp_path: Path) -> None:
    writers = {".csv": native.cells, ".parquet": native.parquet}
    write: Any = writers.get(Path(case.file).suffix, native.json_lines)
    content = native.cells(case.rows, "\t") if case.file.endswith(".tsv") else write(case.rows)
    assert read(case.source, tmp_path, {case.file: content}) == case.gives(case.rows)


@pytest.mark.parametrize("name", native.TOGETHER)
def test_so_are_sources_of_several_files(name: str, tmp_path: Path) -> None:
    files = {file: text.encode() for file, text in native.TOGETHER[name].items()}
    assert read(name, tmp_path, files)


@FUZZED
@given(case=st.sampled_from(native.JSON_LINES), data=st.data())
def test_json_lines_with_bytes_changed(case: Rows, data: st.DataObject) -> None:
    content = data.draw(damaged(native.json_lines(case.rows)))
    with tempfile.TemporaryDirectory() as folder:
        came = read(case.source, Path(folder), {case.file: content})
    if came is not None:
        assert came == case.gives(told(content))


@FUZZED
@given(case=st.sampled_from(native.JSON_LINES), data=st.data())
def test_json_lines_with_values_changed(case: Rows, data: st.DataObject) -> None:
    rows = data.draw(twisted(case.rows))
    counted(case, native.json_lines(rows), rows)


ONE_PIECE = [case for case in native.JSON_LINES if case.source in ("panorama", "pravo_israel")]


@FUZZED
@given(case=st.sampled_from(ONE_PIECE), array=st.booleans(), data=st.data())
def test_json_of_one_piece(case: Rows, array: bool, data: st.DataObject) -> None:
    rows = data.draw(twisted(case.rows))
    text = spelled(rows) if array else spelled({"data": rows})
    with tempfile.TemporaryDirectory() as folder:
        came = read(case.source, Path(folder), {"all.json": text.encode()})
    assert came is None or (array and came == len(rows))


@FUZZED
@given(case=st.sampled_from(native.CELLS), data=st.data())
def test_tables_with_bytes_changed(case: Rows, data: st.DataObject) -> None:
    delimiter = "\t" if case.file.endswith(".tsv") else ","
    content = data.draw(damaged(native.cells(case.rows, delimiter)))
    with tempfile.TemporaryDirectory() as folder:
        came = read(case.source, Path(folder), {case.file: content})
    # Quotes join and line feeds part rows: only the file itself says how many there are.
    assert came is None or 0 < came <= content.count(b"\n") + 1


PACKED = {
    "lenta-ru-news.csv.gz": ("lenta", native.cells(native.NEWS)),
    "lenta-ru-news.csv.bz2": ("lenta", native.cells(native.NEWS)),
    "train.jsonl.gz": ("mr_tydi", native.json_lines(native.JOINED)),
    "RCB.zip": ("rcb", native.json_lines(native.NLI)),
}


@FUZZED
@given(st.sampled_from(sorted(PACKED)), st.booleans(), st.data())
def test_packed_files_with_bytes_changed(name: str, inside: bool, data: st.DataObject) -> None:
    source, whole = PACKED[name]
    if inside:
        content = packed(name, data.draw(damaged(whole)))
    else:
        content = data.draw(damaged(packed(name, whole)))
    with tempfile.TemporaryDirectory() as folder:
        came = read(source, Path(folder), {name: content})
    # Each has a checksum over what is in it.
    assert came is None or inside or came == 2


@FUZZED
@given(case=st.sampled_from(native.PARQUET), data=st.data())
def test_parquet_with_bytes_changed(case: Rows, data: st.DataObject) -> None:
    content = data.draw(damaged(native.parquet(case.rows)))
    with tempfile.TemporaryDirectory() as folder:
        came = read(case.source, Path(folder), {case.file: content})
    assert came is None or came == case.gives(case.rows)


@FUZZED
@given(case=st.sampled_from(native.PARQUET), data=st.data())
def test_parquet_with_values_changed(case: Rows, data: st.DataObject) -> None:
    rows = data.draw(twisted(case.rows))
    try:
        content = native.parquet(rows)
    except (pa.ArrowException, AttributeError, OverflowError, TypeError, ValueError):
        return  # no table
    counted(case, content, pa.Table.from_pylist(rows).to_pylist())


@FUZZED
@example({"info": {"features": {"label": {"names": "entailment"}}}})
@example({"info": {"features": {"label": {"names": [["entailment"]]}}}})
@given(st.recursive(JUNK, lambda j: st.fixed_dictionaries({"info": j, "features": j, "label": j})))
def test_what_a_parquet_file_says_of_its_columns(said: Any) -> None:
    case = native.PARQUET[0]
    content = native.parquet(case.rows, {"huggingface": spelled(said)})
    counted(case, content, case.rows)


# Of these a line is a row.
A_LINE = {"miracl": "qrels.miracl-v1.0-ru-train.tsv", "opus100": "opus.en-ru-train.ru"}


@FUZZED
@given(name=st.sampled_from(sorted(native.TOGETHER)), data=st.data())
def test_sources_of_several_files_with_bytes_changed(name: str, data: st.DataObject) -> None:
    files = {file: text.encode() for file, text in native.TOGETHER[name].items()}
    changed = data.draw(st.sampled_from(sorted(files)))
    files[changed] = data.draw(damaged(files[changed]))
    with tempfile.TemporaryDirectory() as folder:
        came = read(name, Path(folder), files)
    if came is not None and name in A_LINE:
        lines = files[A_LINE[name]].removesuffix(b"\n").split(b"\n")
        assert came == len(lines)
