"""Sums of school and questions of law, layout by layout."""

import json
from pathlib import Path
from typing import Any

import pytest

from harvest.source import Draft
from harvest.sources.gsm8k_ru import worked
from rupairs.errors import RupairsError
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl, parquet, real

SUM = {
    "question": "У Маши 3 корзины по 4 яблока, она съела одно. Сколько осталось?",
    "answer": (
        "Всего было 3*4 = <<3*4=12>>12 яблок.\nОсталось 12-1 = <<12-1=11>>11 яблок.\n#### 11"
    ),
}


WORKED = "Всего было 3*4 = 12 яблок.\nОсталось 12-1 = 11 яблок.\nОтвет: 11"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("data/train-00000-of-00001-abc.parquet", parquet([SUM])),
        ("train.jsonl", jsonl(SUM)),
    ],
)
def test_sums_lose_their_calculator_marks(
    put: Native, read: Read, file: str, content: str | bytes
) -> None:
    put("gsm8k_ru", {file: content, "test.jsonl": jsonl(SUM)})
    assert read("gsm8k_ru") == [Draft("1", SUM["question"], WORKED, "question_answer")]


@pytest.mark.parametrize(
    ("native", "mended"),
    [
        ("За 2 дня $<<2*5.5=11>>11.\n####  1,100 ", "За 2 дня $11.\nОтвет: 1,100 "),
        ("Итого <<7=7>>7. #### 7", "Итого 7. Ответ: 7"),
        ("Если 3 << 5, то 5 >> 3.", "Если 3 << 5, то 5 >> 3."),
        ("Строка <<2*2\n=4>> дальше", "Строка <<2*2\n=4>> дальше"),
    ],
)
def test_marks_are_what_stands_between_double_angles(native: str, mended: str) -> None:
    assert worked(native) == mended


QUESTION = "Кто платит налог на квартиру?"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("train.jsonl", jsonl({"id": 1, "question": QUESTION, "answer": "<p>Жилец.</p>"})),
        ("a/data.json", json.dumps([{"вопрос": QUESTION, "ответ": "<p>Жилец.</p>"}])),
        ("qa.json", jsonl({"title": QUESTION, "text": ["", None, "<p>Жилец.</p>", "Нет."]})),
        ("train/0000.parquet", parquet([{"q": QUESTION, "a": ["<p>Жилец.</p>"]}])),
    ],
)
def test_legal_answers_under_any_name(
    put: Native, read: Read, file: str, content: str | bytes
) -> None:
    put("pravo_israel", {file: content})
    assert read("pravo_israel") == [Draft("1", QUESTION, "<p>Жилец.</p>", "question_answer")]


def test_legal_files_of_other_splits_are_left_out(put: Native, read: Read) -> None:
    rows = {
        name: jsonl({"question": name, "answer": "Да."})
        for name in ("train_1.json", "train_2.json", "test.json")
    }
    put("pravo_israel", {**rows})
    drafts = read("pravo_israel")
    assert [(d.row, d.query) for d in drafts] == [("1", "train_1.json"), ("2", "train_2.json")]


def test_legal_answers_may_be_missing(put: Native, read: Read) -> None:
    rows = [{"question": QUESTION, "answer": answer} for answer in ([], None, [" "], "Да.")]
    put("pravo_israel", {"a.json": jsonl(*rows)})
    assert [d.passage for d in read("pravo_israel")] == ["", "", "", "Да."]


@pytest.mark.parametrize("answer", [{"text": "Да."}, [["Да."]], [{"text": "Да."}], 5, ["Да.", 5]])
def test_deeper_answers_stop(put: Native, read: Read, answer: Any) -> None:
    rows = [{"question": QUESTION, "answer": a} for a in ("Да.", answer)]
    put("pravo_israel", {"a.jsonl": jsonl(*rows)})
    with pytest.raises(RupairsError, match=r"a\.jsonl: row 2: answer is .*, not text"):
        read("pravo_israel")


def test_legal_columns_are_said_and_can_be_named(put: Native, read: Read) -> None:
    row = {"question": QUESTION, "answer": "Да.", "lawyer": "Смотря кто."}
    put("pravo_israel", {"a.json": jsonl(row)})
    said: list[str] = []
    (draft,) = read("pravo_israel", columns={"passage": "lawyer"}, say=said.append)
    assert draft.passage == "Смотря кто."
    assert said[1] == "pravo_israel: passage is column lawyer of question, answer, lawyer"
    put("pravo_israel", {"a.json": jsonl({"вопросы": QUESTION, "ответы": "Да."})})
    with pytest.raises(RupairsError, match=r"pravo_israel\.query"):
        read("pravo_israel")


def test_no_mark_is_left_in_the_real_sums(put: Native, read: Read, realdata: Path) -> None:
    files = real(realdata / "gsm8k", "train.jsonl")
    put("gsm8k_ru", files)
    drafts = read("gsm8k_ru")
    native = [json.loads(line)["answer"] for line in files["train.jsonl"].splitlines()]
    assert len(drafts) == len(native) == 7_473
    for draft, answer in zip(drafts, native, strict=True):
        first, *marked = answer.split("<<")
        plain = first + "".join(part.partition(">>")[2] for part in marked)
        steps, result = plain.split("\n#### ")
        assert draft.passage == f"{steps}\nОтвет: {result}"
        assert "<<" not in draft.passage
        assert "####" not in draft.passage
