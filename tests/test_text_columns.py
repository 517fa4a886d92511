"""Columns of texts give what one text at a time gives, for every character and any mix of them."""

import random
import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupairs.text import clean, key
from rupairs.text_columns import clean_column, key_column

TRAPS = [
    "Во́лга",
    "Чай\u00a0с лимоном",
    " два  пробела\r\n",
    "ко\u00adпия",
    "Cлово с латинской C",
    "минус -5 и –7, но 10–20",
    "«−3»",
    "№5, № 6, К№7",
    "…",
    "и\u0306 не й",
    "ﬁn ½ ² ™ ß ſ İ",
    "Ёж 😀 ❤️ 🇷🇺",
    "",
    "снег_дождь",
]
ALPHABET = "абвё АВСabcХx0-9–−№«»\"'(.,!…\u00a0\u00ad\u0301\u0306\n\t😀%+½²"


def same(texts: list[str]) -> None:
    column = clean_column(pa.array(texts, pa.string()))
    assert column.to_pylist() == [clean(text) for text in texts]
    assert key_column(column).to_pylist() == [key(clean(text)) for text in texts]


def test_traps() -> None:
    same(TRAPS)


@pytest.mark.parametrize("frame", ["{}", "слово{}слово", "a{}b", " {} ", "{0}{0}", "({}5)"])
def test_every_character(frame: str) -> None:
    characters = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) != "Cs"
    ]
    known = [c for c in characters if unicodedata.category(c) != "Cn"]
    step = 1 if frame == "{}" else 7
    assigned = known[:0x3000] + known[0x3000::step]
    same([frame.format(character) for character in assigned])


@given(st.lists(st.text(alphabet=ALPHABET), max_size=20))
def test_any_mix(texts: list[str]) -> None:
    same(texts)


@given(st.lists(st.text(), max_size=20))
def test_any_text(texts: list[str]) -> None:
    same(texts)


def test_slices_and_an_empty_column() -> None:
    column = pa.array(["лишнее", "Ёж -5", "Cкоро"], pa.string()).slice(1)
    assert key_column(clean_column(column)).to_pylist() == ["еж −5", "скоро"]
    assert clean_column(pa.array([], pa.string())).to_pylist() == []
    assert key_column(pa.array([], pa.string())).to_pylist() == []


def test_long_random_documents() -> None:
    draw = random.Random(1)
    same(["".join(draw.choices(ALPHABET, k=3_000)) for _ in range(20)])
