"""Numbers in a text by their value, in digits, in words or in Roman numerals.

«25», «двадцать пять» and «XXV» are one number. A value is *said* where it stands as a number, and
*hinted at* where a word holds it without having to («первый», «вдвое», «пятиэтажный», «семью»):
a paraphrase may turn one into the other.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from ruhnp.rules.calendar import MONTHS, WEEKDAYS, century
from ruhnp.rules.morphology import readings

_UNITS = (
    *("ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"),
    *("десять", "одиннадцать", "двенадцать", "тринадцать", "четырнадцать", "пятнадцать"),
    *("шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"),
)
_TENS = (
    *("двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят"),
    *("семьдесят", "восемьдесят", "девяносто"),
)
_HUNDREDS = (
    *("сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот"),
    *("семьсот", "восемьсот", "девятьсот"),
)
_ORDINALS = (
    *("нулевой", "первый", "второй", "третий", "четвёртый", "пятый", "шестой", "седьмой"),
    *("восьмой", "девятый", "десятый", "одиннадцатый", "двенадцатый", "тринадцатый"),
    *("четырнадцатый", "пятнадцатый", "шестнадцатый", "семнадцатый", "восемнадцатый"),
    "девятнадцатый",
)
_ORDINAL_TENS = (
    *("двадцатый", "тридцатый", "сороковой", "пятидесятый", "шестидесятый"),
    *("семидесятый", "восьмидесятый", "девяностый"),
)
CARDINALS = {
    **{word: float(n) for n, word in enumerate(_UNITS)},
    **{word: 10.0 * n for n, word in enumerate(_TENS, 2)},
    **{word: 100.0 * n for n, word in enumerate(_HUNDREDS, 1)},
    **dict(
        zip(("двое", "трое", "четверо", "пятеро", "шестеро", "семеро"), range(2, 8), strict=True)
    ),
}
ORDINALS = {
    **{word: float(n) for n, word in enumerate(_ORDINALS)},
    **{word: 10.0 * n for n, word in enumerate(_ORDINAL_TENS, 2)},
    **{"сотый": 100.0, "тысячный": 1_000.0},
}
SCALES = {
    **{"тысяча": 1e3, "тыс": 1e3, "миллион": 1e6, "млн": 1e6, "миллиард": 1e9, "млрд": 1e9},
    "триллион": 1e12,
}
HINTS: dict[str, tuple[float, ...]] = {
    **{"оба": (2,), "пара": (2,), "двойка": (2,), "тройка": (3,), "десяток": (10,)},
    **{"дюжина": (12,), "сотня": (100,), "десятилетие": (10,), "столетие": (100,)},
    **{"тысячелетие": (1_000,), "половина": (2, 0.5, 50), "пополам": (2, 0.5)},
    **{"треть": (3,), "четверть": (4, 25), "полвека": (50,), "полтора": (1.5,)},
    **{"вдвое": (2,), "втрое": (3,), "вчетверо": (4,), "впятеро": (5,), "вдесятеро": (10,)},
    **{"дважды": (2,), "трижды": (3,), "четырежды": (4,), "вдвоём": (2,), "втроём": (3,)},
    **{"двойной": (2,), "тройной": (3,), "двукратный": (2,), "единственный": (1,)},
    "впервые": (1,),
}
_COMPOUND_VALUES = {
    **{"двух": 2, "трех": 3, "четырех": 4, "пяти": 5, "шести": 6, "семи": 7, "восьми": 8},
    **{"девяти": 9, "десяти": 10, "двадцати": 20, "тридцати": 30, "сорока": 40},
    **{"пятидесяти": 50, "сто": 100},
}
_COMPOUND = re.compile(
    rf"({'|'.join(_COMPOUND_VALUES)})(?=лет|днев|недел|месяч|часов|минут|этаж|метров|крат|томн|"
    r"тысячн|процент|местн|комнат|сторон|двер|цилиндр|ступен|уголь|дюйм|тонн)"
)
_TOKEN = re.compile(
    r"(?P<date>\d{1,2}\.\d{1,2}\.\d{2,4})|(?P<digits>\d{1,3}(?: \d{3})+(?!\d)|\d+(?:[.,]\d+)?)"
    r"(?P<decade>-(?:е|х|ми?)\b)?|(?P<word>[^\W\d_]+)|(?P<mark>[,;:()—–])"
)
_ROMAN = re.compile(r"[IVXХ]+")


@dataclass
class Numbers:
    """Values said and hinted at, with how often, and the months and weekdays named."""

    said: Counter[float] = field(default_factory=Counter)
    hinted: Counter[float] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)

    def lacks(self, other: "Numbers") -> list[float]:
        """Return the values `other` says of which there is not even a hint here."""
        return sorted(v for v in other.said if v not in self.said and v not in self.hinted)


@lru_cache(maxsize=4_096)
def numbers(text: str) -> Numbers:
    """Return the numbers of a text."""
    found = Numbers()
    group = _Group(found)
    for match in _TOKEN.finditer(text):
        if match["date"]:
            group.close()
            found.said.update(float(part) for part in match["date"].split("."))
        elif match["mark"]:
            group.close()
        elif match["digits"]:
            _digits(match, group)
        else:
            _word(match["word"], group)
    group.close()
    return found


def shown(value: float) -> str:
    """Return a value as a person writes it."""
    return str(int(value)) if value == int(value) else str(value)


@dataclass
class _Group:
    """A number that is being read, part by part: «тысяча девятьсот | двадцать | пять»."""

    found: Numbers
    total: float = 0.0
    current: float = 0.0
    lowest: float = 0.0
    parts: int = 0
    alone: bool = False

    def add(self, value: float, least: float, hint: bool = False) -> None:
        """Add a part; `least` is the size it leaves room below (20 leaves room for units)."""
        if self.parts and value >= self.lowest:
            self.close()
        self.current += value
        self.lowest = least
        self.alone = hint and not self.parts
        self.parts += 1

    def scale(self, value: float) -> None:
        """Multiply what was read by a thousand, a million, …; on its own it only hints."""
        self.total += (self.current if self.parts else 1) * value
        self.alone = not self.parts
        self.current, self.lowest = 0.0, value
        self.parts += 1

    def close(self) -> None:
        """Count the number, if one was being read, and start over."""
        if self.parts:
            place = self.found.hinted if self.alone else self.found.said
            place[self.total + self.current] += 1
        self.total = self.current = self.lowest = 0.0
        self.parts, self.alone = 0, False


def _digits(match: re.Match[str], group: _Group) -> None:
    value = float(match["digits"].replace(" ", "").replace(",", "."))
    if match["decade"]:
        # «в 1990-е годы» and «в 90-е»: either may stand for the other.
        short = value % 100
        group.found.hinted.update({short, 1_800 + short, 1_900 + short} - {value})
    group.add(value, least=0.0)


def _word(word: str, group: _Group) -> None:
    lower = word.lower().replace("ё", "е")
    if _ROMAN.fullmatch(word) and (value := century(word)) is not None:
        group.close()
        group.found.said[float(value)] += 1
        return
    given = readings(word.lower())
    forms = [r.lemma for r in given]
    first = forms[0]
    if first in SCALES or lower in SCALES:
        group.scale(SCALES.get(first) or SCALES[lower])
        return
    if first in CARDINALS:
        _cardinal(CARDINALS[first], group)
        return
    if first in ORDINALS and given[0].pos == "ADJF":
        _ordinal(ORDINALS[first], group, decade=given[0].number == "plur")
        return
    group.close()
    group.found.hinted.update(_hints(lower, forms))
    named = {f for f in forms[:1] if f in MONTHS or f in WEEKDAYS}
    group.found.dates.update(named)


def _cardinal(value: float, group: _Group) -> None:
    least = 100.0 if value >= 100 else 10.0 if value >= 20 else 0.0
    group.add(value, least, hint=value == 1)


def _ordinal(value: float, group: _Group, decade: bool) -> None:
    if decade and not group.parts and value % 10 == 0:
        group.found.hinted.update({1_800 + value, 1_900 + value})
    group.add(value, least=0.0, hint=value == 1)
    group.close()


def _hints(lower: str, forms: list[str]) -> Iterator[float]:
    for form in dict.fromkeys(forms):
        yield from HINTS.get(form, ())
        # «семью» is a family or seven.
        if form in CARDINALS:
            yield CARDINALS[form]
    if found := _COMPOUND.match(lower):
        yield float(_COMPOUND_VALUES[found.group(1)])
