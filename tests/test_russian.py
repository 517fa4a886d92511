import pytest

from rupairs.russian import loop, new_mixed_words, not_russian


@pytest.mark.parametrize(
    "text",
    [
        "В 1950 году он окончил институт и переехал в Ленинград.",
        "Ёж спит.",
        "Компания Apple представила смартфон iPhone в Калифорнии осенью.",
    ],
)
def test_russian_passes(text: str) -> None:
    assert not_russian(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "This is an English sentence about cats.",
        "Він народився у місті Києві і жив там довго.",
        "Той живее в София от дълго време и работи там.",
        "1234 5678",
        "Она сказала 你好 и ушла домой.",
    ],
)
def test_the_rest_does_not(text: str) -> None:
    assert not_russian(text)


def test_mixed_words_and_loops() -> None:
    assert new_mixed_words("Мoсква большая", "Москва") == "Мoсква"
    assert new_mixed_words("Мoсква большая", "Мoсква") is None
    assert loop("и он был там и он был там и он был там") == "и он был"
    assert loop("В городе есть река, мост и старый парк.") is None
