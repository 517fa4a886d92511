"""Sources of instructions and dialogues, layout by layout."""

import pytest

from harvest.source import Draft
from rupairs.errors import RupairsError
from tests.harvest.conftest import Native, Read
from tests.harvest.native_files import jsonl, parquet, reasons, sides


@pytest.mark.parametrize(
    ("asked", "answered"), [("instruction", "output"), ("prompt", "completion")]
)
def test_fialka_columns_are_found_and_said(
    put: Native, read: Read, asked: str, answered: str
) -> None:
    row = {asked: "Назови три реки.", answered: "Ока,\nКама, Лена."}
    put("fialka", {"data/train-00000-of-00001-0a.parquet": parquet([row])})
    said: list[str] = []
    (draft,) = read("fialka", say=said.append)
    assert draft == Draft("1", "Назови три реки.", "Ока,\nКама, Лена.", "instruction_answer")
    assert said[0] == f"fialka: query is column {asked} of {asked}, {answered}"


def test_fialka_appends_the_input_of_an_instruction(put: Native, read: Read) -> None:
    rows = [
        {"instruction": "Сократи.", "input": "Очень длинный текст.", "output": "Текст."},
        {"instruction": "Поздоровайся.", "input": "", "output": "Привет!"},
        {"instruction": "Спой.", "input": None, "output": None},
    ]
    put("fialka", {"train.parquet": parquet(rows)})
    drafts = read("fialka")
    assert sides(drafts) == [
        ("Сократи.\nОчень длинный текст.", "Текст."),
        ("Поздоровайся.", "Привет!"),
        ("Спой.", ""),
    ]
    assert [d.row for d in drafts] == ["1", "2", "3"]
    # Told that the input is the question, it is not added a second time.
    first = read("fialka", columns={"query": "input"})[0]
    assert (first.query, first.passage) == ("Очень длинный текст.", "Текст.")


@pytest.mark.parametrize("column", ["text", "texts"])
def test_fialka_parses_chats(put: Native, read: Read, column: str) -> None:
    good = (
        "<|system|>\nТы помощник.</s>\n<|user|>\nКак зачеркнуть <s>слово</s> в тексте?</s>\n"
        "<|assistant|>\nТак: <s>вот</s>.\nИ всё.</s>\n<|user|>\nСпасибо</s>\n"
        "<|assistant|>\nНе за что</s>"
    )
    bad = [
        "<|user|>\nБез ответа</s>\n",
        "<|user|>\nОборван</s>\n<|assistant|>\nОтвет без кон",
        "<|assistant|>\nОтвет до вопроса</s>\n<|user|>\nВопрос</s>\n",
        "Просто текст",
    ]
    put("fialka", {"train-0.parquet": parquet({column: chat} for chat in (good, *bad))})
    draft, *lost = read("fialka")
    assert (draft.row, draft.query) == ("1", "Как зачеркнуть <s>слово</s> в тексте?")
    assert draft.passage == "Так: <s>вот</s>.\nИ всё."
    assert reasons(lost) == ["malformed_chat"] * 4
    assert "row 5" in lost[-1].evidence
    assert lost[-1].row == {column: "Просто текст"}


def test_fialka_with_other_columns_stops_and_tells_what_to_set(put: Native, read: Read) -> None:
    put("fialka", {"train.parquet": parquet([{"вопрос": "Кто?", "ответ": "Я."}])})
    with pytest.raises(RupairsError, match=r"columns are вопрос, ответ.*columns.fialka.query"):
        read("fialka")
    (draft,) = read("fialka", columns={"query": "вопрос", "passage": "ответ"})
    assert (draft.query, draft.passage) == ("Кто?", "Я.")


def test_summ_dialog_news_asks_for_the_text_by_its_summary(put: Native, read: Read) -> None:
    first = {"info": "Аня: Ты где?\r\nОля: Дома.", "summary": "Оля дома."}
    second = {"info": "Мост открыли в мае.", "summary": None}
    put(
        "summ_dialog_news",
        {
            "data/train-00000-of-00002.parquet": parquet([first]),
            "data/train-00001-of-00002.parquet": parquet([second]),
            "data/test-00000-of-00001.parquet": b"never read",
            "data/validation-00000-of-00001.parquet": b"never read",
        },
    )
    drafts = read("summ_dialog_news")
    assert sides(drafts) == [
        ("Оля дома.", "Аня: Ты где?\r\nОля: Дома."),
        ("", "Мост открыли в мае."),
    ]
    assert [d.row for d in drafts] == ["1", "2"]
    assert {d.relation for d in drafts} == {"summary_text"}


@pytest.mark.parametrize(
    ("column", "name"),
    [("dialogue", "default/train/0000.parquet"), ("text", "train.jsonl"), ("dialog", "train.json")],
)
def test_dsum_ru_drops_the_marks_of_placeholders(
    put: Native, read: Read, column: str, name: str
) -> None:
    rows = [
        {
            "id": "1",
            column: "#Person1#: Где билет, #Лицо2#?\r\n# Человек 2 #: Звони на #PhoneNumber#!",
            "summary": "#Человек1# ищет билет.",
        },
        {"id": "2", column: "", "summary": "Пусто."},
        {"id": "3", column: "Том: смотри #море #лето, номер # 5 <file_gif>", "summary": "Море."},
    ]
    content = parquet(rows) if name.endswith("parquet") else jsonl(*rows)
    put("dsum_ru", {name: content, "default/test/0000.parquet": b"never read"})
    drafts = read("dsum_ru")
    assert sides(drafts) == [
        (
            "Человек1 ищет билет.",
            "Person1: Где билет, Лицо2?\r\nЧеловек 2: Звони на PhoneNumber!",
        ),
        ("Пусто.", ""),
        ("Море.", "Том: смотри #море #лето, номер # 5 <file_gif>"),
    ]
