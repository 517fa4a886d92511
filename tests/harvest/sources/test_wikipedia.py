"""Wikipedia: articles become sentences."""

from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl

ARTICLES = jsonl(
    {
        "id": "7",
        "url": "u",
        "title": "Город",
        "text": "Го́род основан в 1685 г. на реке. Он вырос.\n\nИстория\nПервый абзац без точки",
    },
    {"id": "8", "url": "u", "title": "Пусто", "text": "\n \n"},
)


def test_sentences_stay_inside_paragraphs(put: Native, read: Read) -> None:
    put("wikipedia", {"articles.jsonl": ARTICLES})
    *sentences, empty = read("wikipedia")
    assert [(s.row, s.text) for s in sentences] == [
        ("7#1", "Го́род основан в 1685 г. на реке."),
        ("7#2", "Он вырос."),
        ("7#3", "История"),
        ("7#4", "Первый абзац без точки"),
    ]
    assert {s.title for s in sentences} == {"Город"}
    assert empty.reason == "empty_text"


def test_a_sample_is_of_whole_articles(put: Native, read: Read) -> None:
    articles = [{"id": str(n), "url": "u", "title": "т", "text": "Раз. Два."} for n in range(200)]
    put("wikipedia", {"articles.jsonl": jsonl(*articles)})
    rows = [s.row for s in read("wikipedia", fraction=0.25, seed=3)]
    assert 20 < len({row.partition("#")[0] for row in rows}) < 80
    assert len(rows) == 2 * len({row.partition("#")[0] for row in rows})
