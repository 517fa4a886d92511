"""What damaged native files once came to: a traceback, a hang, or rows that were lost unseen."""

import html
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harvest.source import Draft, Native
from harvest.sources import get
from harvest.sources.fialka import _turns
from harvest.sources.gsm8k_ru import worked
from rupairs.errors import RupairsError
from tests.fuzz import native
from tests.fuzz.damage import DEEP, promptly, spelled
from tests.fuzz.reading import read


def drafts(name: str, folder: Path, file: str, content: bytes) -> list[Draft]:
    (folder / file).write_bytes(content)
    reader = get(name).pairs
    assert reader
    found = reader(Native(name, str(folder), {file: folder / file}, "files", "unknown"))
    return [item for item in found if isinstance(item, Draft)]


def refused(name: str, folder: Path, file: str, content: bytes | str) -> str:
    with pytest.raises(RupairsError) as error:
        drafts(name, folder, file, content if isinstance(content, bytes) else content.encode())
    assert str(folder / file) in str(error.value)
    return str(error.value)


def test_a_true_label_is_no_number(tmp_path: Path) -> None:
    row = spelled({**native.NLI[0], "label": True})
    assert "label True is none of" in refused("rcb", tmp_path, "train.jsonl", row)


def test_brackets_within_brackets_are_named_by_line(tmp_path: Path) -> None:
    row = spelled({**native.NLI[0], "label": DEEP})
    assert "line 1: not JSON" in refused("rcb", tmp_path, "train.jsonl", row)
    assert "not JSON" in refused("panorama", tmp_path, "all.json", spelled([DEEP]))


@pytest.mark.parametrize("passages", [7, True, {"docid": "1"}, "text", [{"docid": 1, "text": 2}]])
def test_passages_of_another_form_are_named_by_row(tmp_path: Path, passages: Any) -> None:
    row = spelled({**native.JOINED[0], "positive_passages": passages})
    said = refused("mr_tydi", tmp_path, "train.jsonl", row)
    assert "row 1: positive_passages is not a list of docid and text" in said


@pytest.mark.parametrize("cell", ["[{[]: 1}]", "[" + "-" * 10_000 + "1]", "[" * 5_000 + "]"])
def test_keywords_that_are_no_list_are_named_by_row(tmp_path: Path, cell: str) -> None:
    row = spelled({"keywords": cell, "content": "Мост закрыли."})
    assert "row 1: keywords is no list" in refused("russian_keywords", tmp_path, "a.jsonlines", row)


def test_numbers_of_thousands_of_digits_are_read_or_refused(tmp_path: Path) -> None:
    long = "1" * 5_000
    files = {n: text.encode() for n, text in native.TOGETHER["miracl"].items()}
    qrels = "qrels.miracl-v1.0-ru-train.tsv"
    assert read("miracl", tmp_path, files | {qrels: f"3\tQ0\t1#0\t{long}\n".encode()}) == 1
    files = {n: text.encode() for n, text in native.TOGETHER["mmarco_ru"].items()}
    assert (
        read("mmarco_ru", tmp_path, files | {"qrels.train.tsv": f"{long}\t0\t1\t1\n".encode()})
        is None
    )
    with pytest.raises(ValueError, match="Exceeds the limit"):
        html.unescape(f"&#{long};")
    text = f"# text = &#{long};\n".encode()
    assert read("ud_russian_gsd", tmp_path, {"a.conllu": text}) is None


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    said = refused("lenta", tmp_path, "lenta-ru-news.csv", "title,text,title\nа,б,в\n")
    assert "column title is there twice" in said
    table = pa.Table.from_arrays([pa.array(["а"])] * 3, names=["title", "text", "title"])
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    refused("lenta", tmp_path, "train.parquet", sink.getvalue().to_pybytes())


def test_texts_of_parquet_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    whole = native.parquet([{"title": "title", "text": "QQQQ"}])
    assert drafts("lenta", tmp_path, "train.parquet", whole) == []  # a whole table
    raw = pa.array([b"\xd2\xe5"], pa.binary()).view(pa.string())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"title": raw, "text": raw, "summary": raw}), sink)
    for name in ("lenta", "gazeta"):
        said = refused(name, tmp_path, "train.parquet", sink.getvalue().to_pybytes())
        assert "not a readable Parquet file" in said


def test_an_empty_table_is_no_smaller_data_set(tmp_path: Path) -> None:
    content = pa.BufferOutputStream()
    pq.write_table(pa.table({"title": [""], "text": [""]}).slice(0, 0), content)
    assert "no rows" in refused("lenta", tmp_path, "train.parquet", content.getvalue().to_pybytes())


@pytest.mark.parametrize("hostile", ["<<" + "=" * 200_000, "<<" * 100_000, "<<1=" * 50_000])
def test_calculator_marks_are_looked_for_in_one_pass(hostile: str) -> None:
    with promptly():
        assert worked(hostile) == hostile


def test_turns_of_a_chat_are_looked_for_in_one_pass() -> None:
    with promptly():
        assert _turns("<|user|>" * 100_000) == []
        assert _turns("<|user|>" + "</s> x" * 100_000 + "</s>") == [("user", "</s> x" * 100_000)]
