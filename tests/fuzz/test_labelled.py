"""Folders of texts and labels that people hand in: all of a file is read, or it is named."""

import csv
import io
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ruhnp.contrast import read_sets
from ruhnp.measuring.labelled import SETS, read_set
from rupairs.benchmark_texts import read_benchmarks
from rupairs.errors import RupairsError
from tests.fuzz import native
from tests.fuzz.damage import DEEP, FUZZED, JUNK, damaged, promptly, spelled, twisted
from training.evaluation.encodechka.files import documents, table
from training.evaluation.retrieval import read_collection

TEXTS = ["Снег выпал в октябре.", "Река впадает в море.", "Мост закрыли до весны."]
FILES = {
    "a.csv": "text,label\n" + "".join(f'"{text}",1\n' for text in TEXTS),
    "a.tsv": "text\tlabel\n" + "".join(f"{text}\t1\n" for text in TEXTS),
    "a.txt": "\n".join(TEXTS),
    "a.json": json.dumps({"data": [{"texts": TEXTS}]}),
    "a.jsonl": "".join(json.dumps([text, None, 5]) + "\n" for text in TEXTS),
}
XML = """<?xml version='1.0' encoding='UTF8'?>
<data><corpus><paraphrase><value name="text_1">Снег &amp;quot;выпал&amp;quot;.</value>
<value name="text_2">Выпал снег.</value><value name="class">1</value></paraphrase></corpus></data>
"""
DETOX = "INPUT:toxic_comment\tINPUT:neutral_comment\tOUTPUT:is_match\tGOLDEN:is_match\n"
LABELLED = {
    "paraphraser.ru": XML,
    "STS-B ru": "Снег выпал.,Выпал снег.,4.5\nДа здравствует,Нет,0.5\n",
    "XNLI ru": "sentence1,sentence2,gold_label\nСнег выпал.,Выпал снег.,entailment\n",
    "MERA ruDetox": DETOX + "грубо\tвежливо\ttrue\t\n" * 5,
}
SPOILT_XML = st.sampled_from(
    [
        XML.replace("UTF8", "nonsense"),
        XML.replace("UTF8", "koi8-r"),
        XML.replace("Выпал снег.", "&a;"),
        XML.replace("<data>", '<!DOCTYPE d [<!ENTITY a SYSTEM "/etc/passwd">]><data>'),
        XML.replace("<data>", "<data>" * 3_000),
        XML.replace("1</value>", "&#1;</value>"),
        XML.replace("&amp;quot;", f"&amp;#{'9' * 5_000};"),
    ]
)


def readable(name: str, content: bytes) -> int | None:
    """Read a folder of one file of benchmark texts; None where it was refused by its name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with promptly():
            try:
                found = read_benchmarks(Path(folder))
            except RupairsError as error:
                assert str(error).startswith(f"{path}: ")
                return None
    assert len(found.keys) == len(found.names)
    return len(found.keys)


def test_benchmarks_are_whole_to_begin_with() -> None:
    assert {readable(name, text.encode()) for name, text in FILES.items()} == {3}


@FUZZED
@given(st.sampled_from(sorted(FILES)), st.data())
def test_benchmarks_with_bytes_changed(name: str, data: st.DataObject) -> None:
    readable(name, data.draw(damaged(FILES[name].encode())))


@FUZZED
@example(DEEP)
@example({"a": "половина \ud83d знака есть"})
@given(JUNK)
def test_benchmarks_of_any_json(value: Any) -> None:
    readable("a.json", spelled(value).encode())
    readable("a.jsonl", spelled(value).encode())


def labelled(name: str, content: bytes) -> int | None:
    """Read the one file of a labelled set; None where it was refused by its name."""
    (chosen,) = (s for s in SETS if s.name == name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        with promptly():
            try:
                pairs = read_set(chosen, [path])
            except RupairsError as error:
                assert str(error).startswith(f"{path}: ")
                return None
    assert all(p.first and p.second and p.label in (-1, 0, 1) for p in pairs)
    assert not any("root:" in p.first + p.second for p in pairs)
    return len(pairs)


def test_labelled_sets_are_whole_to_begin_with() -> None:
    counts = {name: labelled(name, text.encode()) for name, text in LABELLED.items()}
    assert counts == dict.fromkeys(LABELLED, 1) | {"STS-B ru": 2}


@FUZZED
@given(st.sampled_from(sorted(LABELLED)), st.data())
def test_labelled_sets_with_bytes_changed(name: str, data: st.DataObject) -> None:
    labelled(name, data.draw(damaged(LABELLED[name].encode())))


@FUZZED
@given(SPOILT_XML)
def test_xml_that_asks_for_more(text: str) -> None:
    labelled("paraphraser.ru", text.encode())


@pytest.mark.parametrize("missing", ["Снег выпал.\n", "Снег выпал.,Выпал снег.\n", ",,\n"])
def test_rows_of_too_few_cells_are_named(missing: str) -> None:
    assert labelled("XNLI ru", f"sentence1,sentence2,gold_label\n{missing}".encode()) is None
    assert labelled("STS-B ru", missing.encode()) is None


CONTRAST = [{"text1": "Снег.", "text2": "Снежок.", "label": n} for n in (0, 1)]


@FUZZED
@example("a.jsonl", spelled({"text1": DEEP}).encode())
@given(
    st.sampled_from(["a.csv", "a.jsonl", "a.tsv"]),
    damaged(native.cells(CONTRAST)) | twisted(CONTRAST).map(native.json_lines),
)
def test_contrast_sets_are_read_or_refused(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with promptly():
            try:
                (found,) = read_sets(path)
            except RupairsError as error:
                assert str(error).startswith(f"{path}: ")
                return
    assert found.positive and found.negative


SQUAD = {
    "data": [
        {"paragraphs": [{"context": "Маяк на мысу.", "qas": [{"id": "1", "question": "Где?"}]}]}
    ]
}
WORDS = {"texts": ["Иван в Перми."], "labels": [[["PER", 0, 4], ["LOC", 7, 12]]]}
CELLS = io.StringIO()
csv.writer(CELLS).writerows([["text", "label"], ["Снег выпал.", "1"], ["Дождь.", "0"]])


@FUZZED
@example(spelled(DEEP).encode())
@example(spelled({"data": [{"paragraphs": [{"context": 5, "qas": []}]}]}).encode())
@given((twisted(SQUAD) | twisted(WORDS) | JUNK).map(lambda v: spelled(v).encode()))
def test_evaluation_files_of_any_json(content: bytes) -> None:
    evaluated(content)


@FUZZED
@given(
    st.sampled_from([CELLS.getvalue(), json.dumps(SQUAD), json.dumps(WORDS)]).flatmap(
        lambda text: damaged(text.encode())
    )
)
def test_evaluation_files_with_bytes_changed(content: bytes) -> None:
    evaluated(content)


def evaluated(content: bytes) -> None:
    """Read one file as each kind of evaluation file; where it is refused, it is by its name."""
    readers = (read_collection, documents, partial(table, columns=("text", "label")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.json"
        path.write_bytes(content)
        for read in readers:
            with promptly():
                try:
                    read(path)
                except RupairsError as error:
                    assert str(path) in str(error)
