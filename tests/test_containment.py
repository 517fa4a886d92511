"""What is found is what a search of every text for every known text finds."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rupairs.containment import Hit, KnownTexts, _together
from rupairs.grams import Grams, N
from rupairs.rare_grams import RareGrams
from rupairs.text import key
from tests.test_near import VOCABULARY

WORDS = [*VOCABULARY, "и", "в", "на"]
SENTENCE = "старый учитель каждое утро читает новую книгу у открытого окна"


def windows(text: str) -> list[str]:
    return [text[i : i + N] for i in range(len(text) - N + 1)] or [text] * bool(text)


def by_search(known: list[str], texts: list[str], floor: float) -> list[Hit]:
    """Return what `KnownTexts.hits` is said to return, by looking at every pair of texts."""
    found = []
    for row, text in enumerate(texts):
        theirs = windows(text)
        for number, wanted in enumerate(known):
            ours = set(windows(wanted))
            if text == wanted:
                found.append(Hit(row, number, 1.0, equal=True))
            elif ours and len(ours) >= min(len(theirs) / 2, 30):
                score = len(ours & set(theirs)) / len(ours)
                if score >= floor and 2 * len(ours) < len(theirs):
                    score = _together(wanted, text)
                if score >= floor:
                    found.append(Hit(row, number, round(score, 4), equal=False))
    return found


def hits(known: list[str], texts: list[str], floor: float = 0.8) -> list[Hit]:
    return KnownTexts(pa.array(known, pa.string()), floor).hits(pa.array(texts, pa.string()))


def sentence(draw: random.Random, low: int = 3, high: int = 16) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randint(low, high)))


def variant(text: str, draw: random.Random) -> str:
    """Return a text that may hold `text`: changed, shortened, framed, repeated or scattered."""
    words = text.split()
    for _ in range(draw.choice([0, 0, 1, 1, 2, 4])):
        words[draw.randrange(len(words))] = draw.choice(WORDS)
    if draw.random() < 0.3:
        words = words[: draw.randint(1, len(words))]
    framed = [sentence(draw, 1, 30), " ".join(words), sentence(draw, 1, 30)]
    scattered = [piece for word in words for piece in (word, sentence(draw, 1, 3))]
    return " ".join(
        draw.choice([words, framed[:2], framed[1:], framed, [*words, *words], scattered])
    )


@pytest.mark.parametrize("floor", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_search_of_everything_finds_the_same(floor: float, seed: int) -> None:
    draw = random.Random(seed)
    known = list(dict.fromkeys(sentence(draw) for _ in range(120)))
    known += ["да", "нет", "ой", "утро", "завтра утро", "и в на"]
    texts = [variant(draw.choice(known), draw) for _ in range(250)]
    texts += [sentence(draw, 1, 60) for _ in range(50)] + draw.sample(known, 20) + ["", "да", "ой"]
    draw.shuffle(texts)
    expected = by_search(known, texts, floor)
    assert hits(known, texts, floor) == expected
    assert len({hit.row for hit in expected if hit.equal}) >= 20
    assert len([hit for hit in expected if not hit.equal]) > 20


def test_few_letters_and_many_repeats() -> None:
    """Texts of two letters share most grams, hold them many times, and many are equally rare."""
    draw = random.Random(3)
    known = list({"".join(draw.choices("аб", k=draw.randint(1, 14))) for _ in range(100)})
    texts = ["".join(draw.choices("аб", k=draw.randint(0, 25))) for _ in range(200)]
    for floor in (0.5, 0.7, 0.8, 0.9, 1.0):
        assert hits(known, texts, floor) == by_search(known, texts, floor)


def test_equal_by_key() -> None:
    known = [key("Ёж спит — и видит сны!"), key("Кот ест.")]
    texts = [key(t) for t in ("ЕЖ СПИТ, И ВИДИТ СНЫ", "«Кот ест»", "Cон", "кот ест 2")]
    assert hits(known, texts) == [
        Hit(0, 0, 1.0, equal=True),
        Hit(1, 1, 1.0, equal=True),
        Hit(3, 1, 1.0, equal=False),
    ]


def test_three_words() -> None:
    known = ["мальчик ест яблоко"]
    texts = [
        "мальчик ест яблоко",
        "мальчик ест яблоко в саду",
        "сегодня мальчик ест яблоки",
        "мальчик ест яблоко а девочка сидит рядом и читает толстую книгу",
        "девочка ест яблоко",
    ]
    found = hits(known, texts)
    assert [(hit.row, hit.score) for hit in found] == [(0, 1.0), (1, 1.0), (2, 0.9286)]
    assert [hit.row for hit in hits(known, texts, floor=0.5)] == [0, 1, 2, 4]


def test_a_phrase_counts_only_where_it_is_half_of_the_text() -> None:
    phrase = "кто стучится в дверь ко мне"  # 23 grams
    rest = "а" * (2 * 23 - 24)
    assert hits([phrase], [f"{phrase} {rest}"]) == [Hit(0, 0, 1.0, equal=False)]
    assert hits([phrase], [f"{phrase} а{rest}"]) == []


def test_a_longer_text_counts_in_a_document_of_any_length() -> None:
    draw = random.Random(5)
    document = f"{sentence(draw, 300, 300)} {SENTENCE} {sentence(draw, 300, 300)}"
    assert hits([SENTENCE], [document]) == [Hit(0, 0, 1.0, equal=False)]
    changed = document.replace("новую книгу", "новую газету")
    assert [(hit.row, hit.equal) for hit in hits([SENTENCE], [changed])] == [(0, False)]
    assert hits([SENTENCE], [changed], floor=1.0) == []


def test_grams_that_stand_apart_are_no_text() -> None:
    draw = random.Random(6)
    pieces = [SENTENCE[i : i + 9] for i in range(0, len(SENTENCE) - 4, 5)]
    scattered = " ".join(f"{piece} {sentence(draw, 25, 25)}" for piece in pieces)
    assert set(windows(SENTENCE)) <= set(windows(scattered))
    assert hits([SENTENCE], [scattered], floor=0.5) == []


def test_the_stretch_most_like_the_known_text_is_nearly_the_best() -> None:
    draw = random.Random(7)
    for _ in range(60):
        known = sentence(draw, 6, 20)
        words = known.split()
        words[draw.randrange(len(words))] = draw.choice(WORDS)
        planted = " ".join(words)
        text = f"{sentence(draw, 30, 80)} {planted} {sentence(draw, 30, 80)}"
        ours, start = set(windows(known)), text.index(planted)
        stretch = text[max(0, start - N) : start + len(planted) + N]
        assert _together(known, text) >= sum(gram in stretch for gram in ours) / len(ours) - 0.1


def test_empty_columns_and_no_known_texts() -> None:
    assert hits([], []) == []
    assert hits([], ["мальчик ест яблоко", ""]) == []
    assert hits([SENTENCE], []) == []
    assert hits([SENTENCE], ["", ""]) == []


def test_known_texts_shorter_than_a_gram_are_only_ever_equal() -> None:
    assert hits(["кот", "да"], ["кот", "кот да", "да да да", "да"], floor=0.5) == [
        Hit(0, 0, 1.0, equal=True),
        Hit(3, 1, 1.0, equal=True),
    ]


def test_the_same_text_in_several_rows_and_several_texts_in_one() -> None:
    other = "тихий ветер зовет лодку вдоль синего берега до самого утра"
    texts = [SENTENCE, f"{other} {SENTENCE}", SENTENCE]
    assert hits([SENTENCE, other], texts) == [
        Hit(0, 0, 1.0, equal=True),
        Hit(1, 0, 1.0, equal=False),
        Hit(1, 1, 1.0, equal=False),
        Hit(2, 0, 1.0, equal=True),
    ]


def test_a_text_inside_another_known_one() -> None:
    """A row that equals one known text may hold another besides."""
    shorter = SENTENCE.partition(" у ")[0]
    assert hits([SENTENCE, shorter], [SENTENCE]) == [
        Hit(0, 0, 1.0, equal=True),
        Hit(0, 1, 1.0, equal=False),
    ]


def test_slices() -> None:
    column = pa.array(["лишнее", SENTENCE, "кот"])
    assert KnownTexts(column.slice(1), 0.8).hits(column.slice(1, 1)) == [Hit(0, 0, 1.0, equal=True)]


def test_rows_do_not_depend_on_each_other() -> None:
    draw = random.Random(9)
    known = [sentence(draw) for _ in range(40)]
    texts = [variant(draw.choice(known), draw) for _ in range(80)]
    alone = [hit._replace(row=n) for n, text in enumerate(texts) for hit in hits(known, [text])]
    assert hits(known, texts) == alone


def test_saved_texts_find_what_they_found(tmp_path: Path) -> None:
    known = pa.array(["лодка плывет вдоль берега", "река замерзла в ноябре и вскрылась в марте"])
    texts = pa.array(["лодка плывет вдоль берега реки", "да " * 900 + known[1].as_py(), ""])
    made = KnownTexts(known, 0.8, texts)
    made.save(tmp_path / "known")
    loaded = KnownTexts.load(tmp_path / "known")
    assert loaded.floor == 0.8
    assert loaded.hits(texts) == made.hits(texts) != []


def test_texts_whose_grams_only_share_their_first_bits_are_no_hits() -> None:
    """Nothing of the text is found though its grams fall into the buckets of known ones."""
    known = KnownTexts(
        pa.array([f"текст номер {n} из длинного списка текстов" for n in range(2_000)]), 0.8
    )
    for text in ("жж щщ ъъ", "фыва пролд йцукен", "qwerty uiop"):
        assert known.hits(pa.array([text])) == []
    few = RareGrams.of(np.array([5 << 44], np.uint64), np.array([0]), np.array([1]))
    other = Grams(np.array([(5 << 44) + 1], np.uint64), np.array([0, 1]))
    assert [len(found) for found in few.common(other, 1)] == [0, 0]
