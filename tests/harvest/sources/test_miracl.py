"""MIRACL: judgements by id, joined to the passages at hand."""

import gzip

import pytest

from harvest.reading.retrieval import titled
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl

MIRACL = {
    "topics.miracl-v1.0-ru-train.tsv": '3\tКто сказал "да?\n8\tЧто такое Байкал?\n',
    "qrels.miracl-v1.0-ru-train.tsv": (
        "3\tQ0\t1#0\t1\n3\tQ0\t1#1\t0\n8\tQ0\t9#9\t1\n5\tQ0\t1#0\t1\n"
    ),
    "topics.miracl-v1.0-ru-dev.tsv": "broken",
    "docs-0.jsonl": jsonl({"docid": "7#0", "title": "Лишнее", "text": "Не нужно."}),
    "docs-1.jsonl": jsonl(
        {"docid": "1#0", "title": "Байкал", "text": "Байка́л — озеро."},
        {"docid": "1#1", "title": "Байкал", "text": "В него впадает 300 рек."},
    ),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_judgements_are_joined_to_the_passages_at_hand(
    put: Native, read: Read, compressed: bool
) -> None:
    files: dict[str, str | bytes] = {}
    for name, text in MIRACL.items():
        if compressed and name.startswith("docs"):
            files[f"corpus/{name}.gz"] = gzip.compress(text.encode())
        else:
            files[name] = text
    put("miracl", files)
    relevant, irrelevant, absent, unasked = read("miracl")
    assert (relevant.row, relevant.query) == ("3:1#0", 'Кто сказал "да?')
    assert (relevant.passage, relevant.relation, relevant.polarity) == (
        "Байка́л — озеро.",
        "relevant_passage",
        1,
    )
    assert (irrelevant.passage, irrelevant.relation, irrelevant.polarity) == (
        "Байкал. В него впадает 300 рек.",
        "irrelevant_passage",
        -1,
    )
    assert (absent.reason, absent.row["query"]) == ("passage_text_absent", "Что такое Байкал?")
    assert absent.row["passage_id"] in absent.evidence
    assert unasked.reason == "query_absent"


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("Байкал", "Байка́л — озеро.", "Байка́л — озеро."),
        ("Рим", "Римляне жили здесь.", "Рим. Римляне жили здесь."),
        ("", "Текст.", "Текст."),
    ],
)
def test_a_title_is_not_said_twice(title: str, text: str, whole: str) -> None:
    assert titled(title, text) == whole
