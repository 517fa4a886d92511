import re

import pytest

from ruhnp.rules.digits import plural_class
from tests.ruhnp.rules.made import made


def test_a_counted_noun_follows_its_number() -> None:
    texts = made("Инженер проработал на заводе три года.", "number")
    assert texts
    for text in texts:
        number, noun = re.fullmatch(r"Инженер проработал на заводе (\w+) (\w+)\.", text).groups()  # type: ignore[union-attr]
        assert noun == ("года" if number in {"два", "четыре"} else "лет"), text


def test_two_agrees_in_gender() -> None:
    texts = made("В отряде было пять телег и шесть коней.", "number")
    assert any("две телеги" in text for text in texts) or any("два коня" in t for t in texts)
    assert not any("два телеги" in text or "две коня" in text for text in texts)


def test_a_case_that_is_certain_is_kept() -> None:
    texts = made("Мост держится на четырёх опорах.", "number")
    assert texts
    assert all(re.search(r"на (двух|трёх|\w+и) опорах\.$", text) for text in texts)


def test_digits_keep_the_plural_class() -> None:
    texts = made("В посёлке живут 24 семьи рыбаков.", "number")
    assert texts
    for text in texts:
        number = int(re.search(r"\d+", text).group())  # type: ignore[union-attr]
        assert number != 24 and plural_class(number) == "few"


def test_years_keep_their_order() -> None:
    for text in made("Театр закрыли в 1931 году и открыли снова в 1934 году.", "number"):
        closed, opened = map(int, re.findall(r"\d{4}", text))
        assert closed < opened


def test_a_year_said_twice_changes_twice() -> None:
    for text in made("Съезд 1903 года открыли в июле 1903 года.", "number"):
        first, second = re.findall(r"\d{4}", text)
        assert first == second != "1903"


def test_days_stay_in_the_month() -> None:
    for text in made("Пристань открыли 30 апреля.", "number"):
        assert 1 <= int(re.search(r"\d+", text).group()) <= 28  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "anchor",
    [
        "Самолёт Ту-154 совершил посадку у реки.",
        "Матч закончился со счётом 3:1 в пользу гостей.",
        "Посёлок стоит на дороге М-8 у моста.",
        "В годы войны 1941—1945 завод работал на фронт.",
        "Отряд вышел в первую очередь к броду.",
        "Роман «Три товарища» вышел на русском языке.",
        "Две трети земель отошли монастырю.",
    ],
)
def test_numbers_of_names_ranges_and_set_phrases_stay(anchor: str) -> None:
    assert made(anchor, "number") == set()


def test_ordinals_agree() -> None:
    texts = made("Бегун занял второе место в забеге.", "number")
    assert "Бегун занял третье место в забеге." in texts


@pytest.mark.parametrize(
    ("anchor", "text"),
    [
        ("За пять лет бригада собрала мост.", "За 5 лет бригада собрала мост."),
        ("Бригада собрала мост через 3 года.", "Бригада собрала мост через три года."),
        ("Сказки записаны в XIX веке.", "Сказки записаны в XIX столетии."),
    ],
)
def test_numeral_form(anchor: str, text: str) -> None:
    assert text in made(anchor, "numeral_form")


def test_one_numeral_that_must_stay_keeps_them_all() -> None:
    assert made("Двое из пяти сыновей купца стали врачами.", "numeral_form") <= {
        "Двое из 5 сыновей купца стали врачами."
    }
    assert made("Двадцать пять лет лес не рубили.", "numeral_form") == set()
