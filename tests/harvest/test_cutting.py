"""A cut text is a beginning of the text that ends where a sentence of the whole text ends."""

import re

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from razdel import sentenize

from harvest.cutting import cut, cut_column

SENTENCES = [
    "Поезд пришёл в г. Москва утром.",
    "Мы ждали недолго, т. е. минут десять.",
    "А. С. Пушкин родился на ул. Немецкой в 1799 г.",
    "«Куда ты?» — спросила она.",
    "Он ответил: «Домой.»",
    "Дождь… Кажется, надолго…",
    "Неужели?!",
    "Цена выросла на 3.5 % и составила 40 тыс. руб. за штуку.",
    "Смотри рис. 2 и табл. 4.",
    "(Так писали раньше.)",
    "Почему бы и нет?",
    "Купили яблоки, груши и т. д. на рынке у дома.",
    "Да!",
    "Проф. Иванов И. И. читал лекцию до вечера",
    "- Нет. - Да. - Хорошо.",
    "1. Первый пункт списка.",
    "Это сказал им. Ленина завод в 20 в. до н. э.",
]
TEXTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=25).map(" ".join)


def ends(text: str) -> set[int]:
    return {sentence.stop for sentence in sentenize(text)}


@settings(deadline=None)
@given(TEXTS, st.integers(10, 600))
def test_never_longer_and_always_a_beginning(text: str, limit: int) -> None:
    done = cut(text, limit)
    assert done
    assert text.startswith(done)
    assert len(done) <= limit
    assert done == text or len(text) > limit


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(10, 600))
def test_the_last_sentence_end_that_razdel_sees_in_the_whole_text(text: str, limit: int) -> None:
    assume(len(text) > limit)
    closed = re.compile(r".*[.!?…][\"»”')\]]*", re.DOTALL)
    fit = [e for e in ends(text) if limit // 2 < e <= limit and closed.fullmatch(text[:e])]
    if fit:
        assert cut(text, limit) == text[: max(fit)]
    else:
        assert text[len(cut(text, limit))] == " " or " " not in text[:limit]


@pytest.mark.parametrize("trap", ["г. Москва", "т. е. сюда", "А. С. Попов", "2 тыс. человек"])
def test_abbreviations_do_not_end_a_sentence(trap: str) -> None:
    first = "Вчера весь день было тепло и сухо."
    text = f"{first} Поезд пришёл в {trap} рано утром, а завтра он уже не придёт."
    assert cut(text, text.index(trap) + len(trap)) == first


@pytest.mark.parametrize(
    "sentence", ["Она спросила: «Кто там?»", "Всё стихло…", "Вот и всё!", "(Он ушёл.)", "Да ну?!"]
)
def test_closing_marks_stay_with_their_sentence(sentence: str) -> None:
    text = f"{sentence} Потом наступила тишина, и больше никто не говорил."
    assert cut(text, len(sentence) + 5) == sentence
    assert cut(text, len(sentence)) == sentence


def test_a_text_of_the_very_length_stays() -> None:
    assert cut("Да. Нет.", 8) == "Да. Нет."
    assert cut("", 5) == ""


def test_an_end_far_back_is_left_for_a_space() -> None:
    text = "Да. " + "слово " * 50
    done = cut(text.strip(), 100)
    assert done.endswith("слово")
    assert 94 <= len(done) <= 100


def test_one_huge_word() -> None:
    assert cut("ы" * 50, 20) == "ы" * 20
    assert cut("Ой " + "ы" * 50, 20) == "Ой"


def test_a_column() -> None:
    texts = ["Первое. Второе предложение.", "", "Кратко."]
    assert cut_column(pa.array(texts), 10).to_pylist() == ["Первое.", "", "Кратко."]
    assert cut_column(pa.array(texts).slice(1), 10).to_pylist() == ["", "Кратко."]
    assert cut_column(pa.array([], pa.string()), 10).to_pylist() == []


def test_a_long_document_is_cut_quickly() -> None:
    text = " ".join(SENTENCES) * 3_000
    done = cut(text, 4_000)
    assert 2_000 < len(done) <= 4_000
    assert len(done) in ends(text[:8_000])
