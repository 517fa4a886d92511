import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupairs.text import clean, digest, key, mixed_script_words, share

RUSSIAN = st.text(
    alphabet=st.one_of(
        st.characters(min_codepoint=0x400, max_codepoint=0x45F),
        st.sampled_from(" \u00a0\u00ad\u0301\u0306\u0308\u200b«»—-–−.,!?0123456789abcABCeoё"),
        st.characters(),
    )
)


@given(RUSSIAN)
def test_clean_and_key_are_idempotent(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert key(key(text)) == key(text)
    assert key(clean(text)) == key(text)


@given(RUSSIAN)
def test_clean_is_nfc_and_key_never_vanishes(text: str) -> None:
    assert unicodedata.is_normalized("NFC", clean(text))
    assert bool(key(text)) == bool(clean(text))


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("за\u0301мок", "замок"),
        ("и\u0306од и е\u0308лка", "йод и ёлка"),
        ("5\u00a0км\u202f/\u2009ч", "5 км / ч"),
        ("со\u00adгла\u200bсие", "согласие"),
        ("  «Ёж» — 3\u00a0%\n", "«Ёж» — 3 %"),
    ],
)
def test_clean_repairs_only_what_has_no_meaning(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ёлка стоит.", "елка стоит"),
        ("«Мир», труд — май!", '"Мир" труд май'),
        ("Mосква", "Москва"),
        ("Аpple", "Apple"),
        ("−5 градусов", "-5 градусов"),
        ("за\u0301мок", "замок"),
    ],
)
def test_key_joins(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3,5 км", "35 км"),
        ("-5 градусов", "5 градусов"),
        ("5 %", "5"),
        ("мой", "мои"),
        ("1950 год", "1951 год"),
    ],
)
def test_key_keeps_apart(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_mixed_script_words_are_found() -> None:
    assert mixed_script_words("Мoсква и Apple") == ["Мoсква"]


def test_digest_knows_borders_and_share_is_even() -> None:
    assert digest(("аб", "в")) != digest(("а", "бв"))
    drawn = [share(str(i), 1, "x") for i in range(2000)]
    assert min(drawn) >= 0 and max(drawn) < 1
    assert 0.45 < sum(drawn) / len(drawn) < 0.55
    assert share("1", 1, "x") != share("1", 2, "x")
