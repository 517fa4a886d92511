import pytest

from ruhnp.anchors import unfit
from ruhnp.stage import AnchorsSection

CONFIG = AnchorsSection(min_characters=20, max_characters=200)


@pytest.mark.parametrize(
    "text",
    [
        "Волга впадает в Каспийское море и протекает через пятнадцать регионов.",
        "«Аврора» была спущена на воду в 1900 году в Санкт-Петербурге.",
        "1703 год считается годом основания Санкт-Петербурга.",
        "Онежское озеро занимает второе место в Европе по площади.",
    ],
)
def test_self_contained_sentences_pass(text: str) -> None:
    assert unfit(text, CONFIG) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Она впадает в Каспийское море и длинна.", "dangling"),
        ("Кроме того, город известен своими мостами.", "dangling"),
        ("— список рек: Волга, Дон, Ока, Кама.", "list_scrap"),
        ("2) река Волга; река Дон; река Кама; Ока.", "list_scrap"),
        ("протекает через пятнадцать регионов страны.", "not_a_sentence"),
        ("Волга протекает через пятнадцать регионов", "not_a_sentence"),
        ("Волга (самая длинная река Европы впадает в море.", "unbalanced"),
        ("Короткая фраза.", "too_short"),
        ("Очень длинная фраза " * 20 + ".", "too_long"),
        ("The Volga flows into the Caspian Sea.", "not_russian"),
    ],
)
def test_the_rest_is_named(text: str, reason: str) -> None:
    found = unfit(text, CONFIG)
    assert found is not None and found[0] == reason
