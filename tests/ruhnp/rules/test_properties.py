"""What holds for every variant, whatever the rule."""

import re
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruhnp.rules import Variant, generate
from ruhnp.rules.registry import rules
from rupairs.russian import loop, new_mixed_words, not_russian
from rupairs.text import key
from tests.ruhnp.rules.made import SEEDS

ANCHORS = (
    "В 1874 году в посёлке была построена каменная церковь на 300 мест.",
    "Река Тихая является левым притоком Камы и берёт начало на севере уезда.",
    "Большинство рыбаков, живущих у залива, в течение зимы работает на заводе.",
    "«Аврора» — старейший кинотеатр города, который был открыт в мае 1913 года.",
    "Все участники похода вернулись в Пермь, но двое из них вскоре уехали в Казань.",
    "Учёный может доказать, что уровень воды повысился на три метра за пять лет.",
    "После войны Иван Петров окончил институт и стал одним из лучших врачей Самары.",
    "Площадь озера составляет 12,5 км², глубина — более 40 м, длина — около 7 км.",
    "Советский и польский режиссёр снял в 1961 г. фильм о рыбаках и охотниках.",
    "Экспедиция, возможно, достигла перевала: снег выпал рано, и тропа исчезла.",
)
CHANGES = {
    "negative": {"number", "negation", "antonym", "role_swap", "entity"}
    | {"time_place", "modality", "quantity"},
    "positive": {"word_order", "synonym", "passive", "numeral_form", "coordination"}
    | {"copula", "relative", "abbreviation", "combined"},
}


@pytest.fixture(scope="module")
def variants() -> list[tuple[str, Variant]]:
    return [(a, v) for a in ANCHORS for seed in SEEDS for v in generate(a, seed)]


def test_there_is_something_to_check(variants: list[tuple[str, Variant]]) -> None:
    assert {v.kind for _, v in variants} == {"positive", "negative"}
    assert len({v.change for _, v in variants}) >= 12


def test_every_variant_is_sound(variants: list[tuple[str, Variant]]) -> None:
    for anchor, variant in variants:
        text = variant.text
        assert not_russian(text) is None, text
        assert new_mixed_words(text, anchor) is None, text
        assert loop(text) is None, text
        assert key(text) != key(anchor), text
        assert "  " not in text and text == text.strip(), text
        assert not re.search(r" [.,;:!?»)]", text), text
        assert text[0] in "«" or text[0].isupper() or text[0].isdigit(), text
        assert text[-1] == anchor[-1], text
        assert [text.count(c) for c in "«»()"] == [anchor.count(c) for c in "«»()"], text


def test_every_variant_says_what_it_is(variants: list[tuple[str, Variant]]) -> None:
    for _, variant in variants:
        assert variant.change in CHANGES[variant.kind]
        assert variant.evidence


def test_quotes_are_left_alone(variants: list[tuple[str, Variant]]) -> None:
    for anchor, variant in variants:
        assert re.findall("«.*?»", variant.text) == re.findall("«.*?»", anchor)


def test_no_two_variants_of_an_anchor_are_the_same_text() -> None:
    for anchor in ANCHORS:
        keys = [key(v.text) for v in generate(anchor, 1)]
        assert len(keys) == len(set(keys))


def test_the_same_seed_gives_the_same_variants_in_any_process() -> None:
    code = f"from ruhnp.rules import generate\nprint([v.text for v in generate({ANCHORS[0]!r}, 5)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([v.text for v in generate(ANCHORS[0], 5)])


def test_another_seed_gives_other_choices() -> None:
    assert len({tuple(v.text for v in generate(ANCHORS[0], seed)) for seed in SEEDS}) > 3


def test_rules_have_names_of_their_own() -> None:
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("text", ["", "…", "«»", "1", "не", "В", "— —", "()", "a b c", "В 1950"])
def test_scraps_give_nothing_or_something_sound(text: str) -> None:
    for variant in generate(text, 1):
        assert key(variant.text) != key(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(" ".join(ANCHORS).split()), max_size=25), st.integers(0, 9))
def test_any_order_of_words_is_survived(words: list[str], seed: int) -> None:
    text = " ".join(words)
    for variant in generate(text, seed):
        assert "  " not in variant.text
        assert key(variant.text) != key(text)


def test_import_does_not_load_the_dictionary() -> None:
    code = "import sys, ruhnp.rules; print('pymorphy3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_speed() -> None:
    """Many times slower than measured (README), so that only a blunder fails."""
    for anchor in ANCHORS:
        generate(anchor, 0)
    started = time.perf_counter()
    for seed in range(5):
        for anchor in ANCHORS:
            generate(anchor, seed)
    assert 5 * len(ANCHORS) / (time.perf_counter() - started) > 30
