import pytest

from rupairs.alike import details, similarities
from rupairs.text import key


def test_similarities_are_of_each_two_and_zero_under_the_least() -> None:
    a, b = ["кот спит", "кот спит", "кот спит"], ["кот спит", "кот спал", "дом стоит"]
    assert similarities(a, b, 0.0).tolist() == pytest.approx([1.0, 0.75, 5 / 9])
    assert similarities(a, b, 0.75).tolist() == pytest.approx([1.0, 0.75, 0.0])
    assert similarities([], [], 0.5).tolist() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Он не пришёл в 7 вечера.", ["не", "7"]),
        ("Мороз был -5 градусов.", ["\u22125"]),
        ("He doesn't come.", [" t"]),
        ("Небо ясное, нетто известно.", []),
        ("Без него нельзя.", ["без", "нельзя"]),
    ],
)
def test_details_are_numbers_and_negations(text: str, found: list[str]) -> None:
    assert details(key(text)) == found
