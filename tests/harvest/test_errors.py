"""A file that is not what it should be stops the harvest, and the message says which and where."""

import bz2
import gzip
from pathlib import Path
from typing import Any

import pytest

from harvest.fetching.fetch import native
from harvest.sources import get
from rupairs.errors import RupairsError, UsageError
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl, parquet
from tests.harvest.sources.test_miracl import MIRACL
from tests.harvest.sources.test_paraphrases import HNP_SCHEMA

LENTA = "lenta-ru-news.csv"
HEADER = "url,title,text,topic,tags\n"
NLI: dict[str, Any] = {"premise": "Да.", "hypothesis": "Нет.", "label": "neutral"}
ARTICLE = {"id": "1", "url": "u", "title": "т", "text": "Текст."}
CUT_GZIP = gzip.compress((HEADER + "u,т,текст,а,б\n" * 500).encode())[:-20]
CUT_BZ2 = bz2.compress((HEADER + "u,т,текст,а,б\n" * 500).encode())[:-20]
CUT_PARQUET = parquet([ARTICLE] * 100)[:-30]
BIBLE = {
    "org_nt_RUSSYN.txt": "раз\nдва\n",
    "org_nt_vref.txt": "MAT 1:1\nMAT 1:2\n",
    "eng_nt_BSB.txt": "one\ntwo\nthree\n",
    "DERIVED_eng_nt_vref.txt": "MAT 1:1\nMAT 1:2\n",
}


@pytest.mark.parametrize(
    ("source", "files", "parts"),
    [
        ("lenta", {LENTA: ""}, [LENTA, "is empty"]),
        ("lenta", {LENTA: HEADER}, [LENTA, "no rows"]),
        ("lenta", {LENTA: "a;b\n1;2\n"}, [LENTA, "column title", "are a;b", "columns.lenta.query"]),
        ("lenta", {LENTA: HEADER + "u,т,текст\n"}, [LENTA, "row 1", "3 cells under 5"]),
        ("lenta", {LENTA: HEADER + 'u,т,"нет конца\n'}, [LENTA, "line 2", "not valid CSV"]),
        ("lenta", {LENTA: HEADER.encode() + b"u,\xd2\xe5,x,y,z\n"}, [LENTA, "line 2", "byte 28"]),
        ("lenta", {f"{LENTA}.gz": CUT_GZIP}, [f"{LENTA}.gz", "cannot be read after line"]),
        ("lenta", {f"{LENTA}.bz2": CUT_BZ2}, [f"{LENTA}.bz2", "cannot be read after line"]),
        ("lenta", {f"{LENTA}.gz": HEADER}, [f"{LENTA}.gz", "Not a gzipped file"]),
        ("rcb", {"train.jsonl": "\n\n"}, ["train.jsonl", "no rows"]),
        ("rcb", {"train.jsonl": jsonl(NLI) + '{"premise": \n'}, ["train.jsonl", "line 2", "JSON"]),
        ("rcb", {"train.jsonl": "[1]\n"}, ["train.jsonl", "line 1", "not a JSON object"]),
        ("rcb", {"train.jsonl": jsonl({"premise": "Да."})}, ["line 1", "hypothesis, label"]),
        (
            "rcb",
            {"train.jsonl": jsonl(NLI, NLI | {"label": "maybe"})},
            ["train.jsonl: row 2", "'maybe' is none of entailment, contradiction, neutral"],
        ),
        ("terra", {"train.jsonl": jsonl(NLI | {"label": 7})}, ["row 1", "label 7"]),
        ("terra", {"train.jsonl": jsonl(NLI | {"label": "entailment", "premise": 5})}, ["int"]),
        ("wikipedia", {"train-0.parquet": CUT_PARQUET}, ["train-0.parquet", "truncated"]),
        ("wikipedia", {"train-0.parquet": parquet([{"id": "1"}])}, ["title, text", "are id"]),
        ("wikipedia", {"articles.jsonl": jsonl(ARTICLE | {"id": 1})}, ["row 1: id is int"]),
        ("ruparadetox", {"train.tsv": "a\tb\n1\t2\n"}, ["train.tsv", "toxic_comment", "a, b"]),
        ("ruparadetox", {"train.tsv": ""}, ["train.tsv", "is empty"]),
        (
            "miracl",
            MIRACL | {"topics.miracl-v1.0-ru-train.tsv": "3 Кто?\n"},
            ["topics.miracl-v1.0-ru-train.tsv: line 1"],
        ),
        (
            "miracl",
            MIRACL | {"qrels.miracl-v1.0-ru-train.tsv": "3\tQ0\t1#0\tда\n"},
            ["qrels.miracl-v1.0-ru-train.tsv: line 1"],
        ),
        (
            "miracl",
            {"docs-0.jsonl": MIRACL["docs-0.jsonl"]},
            ["miracl needs topics.miracl-v1.0-ru-train.tsv", "found: docs-0.jsonl"],
        ),
        ("bible", BIBLE, ["eng_nt_BSB.txt has 3 lines", "DERIVED_eng_nt_vref.txt has 2"]),
        (
            "bible",
            BIBLE | {"org_nt_vref.txt": "MAT 1:1\nMAT 1:1\n"},
            ["org_nt_vref.txt", "MAT 1:1 stands there twice"],
        ),
        ("bible", {"vref.txt": "MAT 1:1\n"}, ["rus-russyn.txt with vref.txt", "found: vref.txt"]),
        ("bible", {"en-ru.txt.zip": b"PK\x03\x04"}, ["en-ru.txt.zip", "cannot be read"]),
        ("mednli", {"ru_mli_train_v1.jsonl": jsonl(NLI)}, ["line 1", "ru_sentence1, ru_sentence2"]),
        ("ru_wanli", {"train.parquet": parquet([NLI])[:-9]}, ["train.parquet", "truncated"]),
        ("ru_hnp", {"train.parquet": parquet([{"query": "а"}])}, ["column pos, neg", "are query"]),
        (
            "ru_hnp",
            {"train.parquet": parquet([], schema=HNP_SCHEMA)},
            ["train.parquet", "the table has no rows"],
        ),
        ("ud_russian_gsd", {"a.conllu": "1\tx\n"}, ["a.conllu", "not a CoNLL-U file"]),
    ],
)
def test_unreadable_files_are_named(
    put: Native, read: Read, source: str, files: dict[str, str | bytes], parts: list[str]
) -> None:
    folder = put(source, files)
    with pytest.raises(RupairsError) as error:
        read(source)
    assert str(folder / source) in str(error.value)
    for part in parts:
        assert part in str(error.value)


def test_a_wrong_path_names_the_folder_and_what_it_should_hold(put: Native, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        native(get("rcb"), tmp_path)
    assert str(tmp_path / "rcb") in str(error.value)
    assert "train.jsonl" in str(error.value)
    folder = put("rcb", {"readme.txt": "x"})
    with pytest.raises(UsageError, match=r"native/rcb: holds none of train\.jsonl"):
        native(get("rcb"), folder)


@pytest.mark.parametrize("name", ["mednli", "ud_russian_gsd"])
def test_a_source_that_cannot_be_fetched_says_where_it_is(name: str) -> None:
    with pytest.raises(UsageError) as error:
        native(get(name), None)
    assert get(name).url in str(error.value)
    assert f"DIR/{name}" in str(error.value)
    assert "--from-dir" in str(error.value)
