"""Single texts: each once over all sources, within the lengths, of whole documents of a sample."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import harvest.texts as harvest_texts
from rupairs.store import StageReader
from tests.harvest.conftest import Harvest, Native, assert_balanced, dropped, reasons
from tests.harvest.native_files import jsonl

pytestmark = pytest.mark.usefixtures("without_plots")

WIKIPEDIA = {"sources": ["wikipedia"]}


def article(number: int, text: str, title: str = "Заголовок") -> dict[str, object]:
    return {"id": str(number), "url": "u", "title": title, "text": text}


def conllu(*sentences: str) -> str:
    return "".join(
        f"# sent_id = s{n}\n# text = {text}\n1\t_\t_\t_\t_\t_\t_\t_\t_\t_\n\n"
        for n, text in enumerate(sentences)
    )


def test_texts_come_once_and_within_the_lengths(harvest: Harvest, put: Native) -> None:
    text = "Эта фраза повторяется дважды. Эта фраза повторяется дважды! Да.\n" + "а" * 60
    folder = put("wikipedia", {"articles.jsonl": jsonl(article(7, text))})
    texts = harvest(folder, texts=WIKIPEDIA | {"max_characters": 50})["texts"]
    assert [r["source_row"] for r in texts.rows()] == ["7#1"]
    assert reasons(texts) == [
        ("duplicate", "the same text came before"),
        ("too_short", "text has 3 characters"),
        ("too_long", "text has 60 characters"),
    ]
    assert_balanced(texts)


@pytest.mark.parametrize("first", ["wikipedia", "ud_russian_gsd"])
def test_of_two_sources_the_first_keeps_a_text(harvest: Harvest, put: Native, first: str) -> None:
    put("wikipedia", {"articles.jsonl": jsonl(article(1, "Ёлка стояла у окна. Снег шёл долго."))})
    text = conllu("Елка стояла у окна!", "Кот смотрел на ёлку.", "кот смотрел на ЕЛКУ")
    folder = put("ud_russian_gsd", {"ru_gsd-ud-train.conllu": text})
    names = sorted(["wikipedia", "ud_russian_gsd"], key=lambda name: name != first)
    texts = harvest(folder, texts={"sources": names})["texts"]
    kept = Counter(r["source"] for r in texts.rows())
    assert kept == ({first: 2} | {names[1]: 1})
    assert texts.manifest.counts.dropped_by_reason == {"duplicate": 2}
    assert_balanced(texts)
    assert texts.manifest.licenses == {
        "wikipedia": "CC-BY-SA-3.0",
        "ud_russian_gsd": "CC-BY-SA-4.0",
    }


def test_a_text_keeps_its_title_and_its_place(harvest: Harvest, put: Native) -> None:
    articles = [
        article(3, "Озеро лежит в горах.", " Глубо\u0301кое\xa0озеро "),
        article(5, "Река течёт.", ""),
    ]
    folder = put("wikipedia", {"articles.jsonl": jsonl(*articles)})
    rows = list(harvest(folder, texts=WIKIPEDIA)["texts"].rows())
    assert [(r["source_row"], r["title"]) for r in rows] == [("3#1", "Глубокое озеро"), ("5#1", "")]
    assert rows[0]["source_revision"].startswith("files-")


def test_only_russian_texts_stay(harvest: Harvest, put: Native) -> None:
    english = "The lake lies high in the mountains and freezes in winter."
    folder = put(
        "wikipedia", {"articles.jsonl": jsonl(article(1, f"Озеро лежит в горах. {english}"))}
    )
    checked = harvest(folder, "a", texts=WIKIPEDIA)["texts"]
    assert [r["text"] for r in checked.rows()] == ["Озеро лежит в горах."]
    assert [reason for reason, _ in reasons(checked)] == ["wrong_language"]
    unchecked = harvest(folder, "b", texts=WIKIPEDIA | {"check_language": False})["texts"]
    assert unchecked.manifest.counts.rows_out == 2


def test_a_document_without_text_is_accounted_for(harvest: Harvest, put: Native) -> None:
    articles = [article(1, "\n \n", "Пустая"), article(2, "Озеро лежит в горах."), article(3, "")]
    folder = put("wikipedia", {"articles.jsonl": jsonl(*articles)})
    texts = harvest(folder, texts=WIKIPEDIA)["texts"]
    assert reasons(texts) == [
        ("empty_text", "articles.jsonl row 1"),
        ("empty_text", "articles.jsonl row 3"),
    ]
    assert '"title": "Пустая"' in dropped(texts)[0]["row"]
    assert texts.manifest.counts.rows_in == 3
    assert_balanced(texts)


def test_texts_of_nothing_end_with_an_empty_table(harvest: Harvest, put: Native) -> None:
    folder = put("wikipedia", {"articles.jsonl": jsonl(article(1, ""))})
    texts = harvest(folder, texts=WIKIPEDIA)["texts"]
    assert texts.table().num_rows == 0
    assert_balanced(texts)


def test_half_of_a_character_is_left_out(harvest: Harvest, put: Native) -> None:
    line = r'{"id": "1", "url": "u", "title": "\ud83d", "text": "Озеро лежит \ud83d в горах."}'
    folder = put("wikipedia", {"articles.jsonl": line + "\n"})
    rows = list(harvest(folder, texts=WIKIPEDIA)["texts"].rows())
    assert [(r["text"], r["title"]) for r in rows] == [("Озеро лежит в горах.", "")]


def test_a_sample_takes_whole_documents_by_their_id(
    harvest: Harvest, put: Native, tmp_path: Path
) -> None:
    articles = [article(n, f"Предложение номер {n}. Второе о {n}.") for n in range(200)]
    folder = put("wikipedia", {"articles.jsonl": jsonl(*articles)})

    def documents(out: str, fraction: float, seed: int) -> Counter[str]:
        settings = WIKIPEDIA | {"fraction": fraction, "min_characters": 1}
        stage = harvest(folder, out, seed, texts=settings)["texts"]
        return Counter(r["source_row"].partition("#")[0] for r in stage.rows())

    small, large = documents("a", 0.2, 1), documents("b", 0.5, 1)
    assert set(small) < set(large)
    counted = StageReader(tmp_path / "a/harvest/texts").manifest.facts["sources"]["wikipedia"]
    assert counted["documents"] == {"read": 200, "taken": len(small)}
    assert set(small.values()) == {2}
    assert 20 <= len(small) <= 60
    assert documents("c", 0.2, 2) != small


def test_the_license_of_ones_own_files_is_that_of_their_texts(
    harvest: Harvest, put: Native
) -> None:
    folder = put("wikipedia", {"articles.jsonl": jsonl(article(1, "Озеро лежит в горах."))})
    told: dict[str, Any] = WIKIPEDIA | {"licenses": {"wikipedia": "CC0-1.0"}}
    texts = harvest(folder, texts=told)["texts"]
    assert {r["license"] for r in texts.rows()} == {"CC0-1.0"}
    assert texts.manifest.licenses == {"wikipedia": "CC0-1.0"}


def test_a_text_is_remembered_from_one_batch_to_the_next(
    harvest: Harvest, put: Native, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest_texts, "_BATCH", 20)
    sentences = [f"Запись под номером {n}" for n in (*range(60), 0)]
    folder = put("ud_russian_gsd", {"ru_gsd-ud-train.conllu": conllu(*sentences)})
    texts = harvest(folder, texts={"sources": ["ud_russian_gsd"], "check_language": False})["texts"]
    assert texts.manifest.counts.rows_out == 60
    assert texts.manifest.counts.dropped_by_reason == {"duplicate": 1}
