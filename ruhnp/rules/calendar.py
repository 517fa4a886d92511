"""Months, weekdays, seasons, years and centuries as they stand in a sentence."""

import re

MONTHS = (
    *("январь", "февраль", "март", "апрель", "май", "июнь"),
    *("июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"),
)
DAYS_IN_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
WEEKDAYS = ("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье")
SEASONS = {"весной": "осенью", "осенью": "весной", "зимой": "летом", "летом": "зимой"}
LAST_YEAR = 2025
_YEAR_WORD = re.compile(r"год[ауеыо]?м?|годов|годах|годами|гг?")
_NUMERALS = (
    *("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI"),
    *("XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX", "XXI"),
)
# Documents of our time write some of them in Cyrillic letters.
_CYRILLIC = str.maketrans("Х", "X")


def month(forms: frozenset[str]) -> int | None:
    """Return the number 0–11 of the month among the lemmas of a word, or None."""
    return next((i for i, name in enumerate(MONTHS) if name in forms), None)


def is_year_word(text: str) -> bool:
    """Whether a word in lower case is a form of «год», spelt out or short."""
    return _YEAR_WORD.fullmatch(text) is not None


def century(text: str) -> int | None:
    """Return the number of a century in Roman numerals I–XXI, or None."""
    roman = text.translate(_CYRILLIC)
    return _NUMERALS.index(roman) + 1 if roman in _NUMERALS else None


def roman(number: int) -> str:
    """Return 1–21 in Roman numerals."""
    return _NUMERALS[number - 1]
