"""Abbreviations spelt out: «в 1950 г.» → «в 1950 году», «5 км» → «5 километров», «армия США» → …

Only where the case shows: «г.» by the word before the year, a unit by a number that asks for one
form in every case it can stand in, a country after a noun or a preposition with the genitive.
Goes wrong where the full stop of «г.» also ends the sentence; such a stop is kept.
"""

import re
from collections.abc import Iterator

from ruhnp.rules.digits import plural_class
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_UNITS = {
    "км": ("километр", "километра", "километров"),
    "м": ("метр", "метра", "метров"),
    "см": ("сантиметр", "сантиметра", "сантиметров"),
    "мм": ("миллиметр", "миллиметра", "миллиметров"),
    "кг": ("килограмм", "килограмма", "килограммов"),
    "га": ("гектар", "гектара", "гектаров"),
    "%": ("процент", "процента", "процентов"),
    "тыс": ("тысяча", "тысячи", "тысяч"),
    "млн": ("миллион", "миллиона", "миллионов"),
    "млрд": ("миллиард", "миллиарда", "миллиардов"),
}
_DOTTED = frozenset({"тыс", "млн", "млрд"})
_COUNTRIES = {
    "США": "Соединённых Штатов",
    "СССР": "Советского Союза",
    "РФ": "Российской Федерации",
    "ООН": "Организации Объединённых Наций",
    "КНР": "Китайской Народной Республики",
}
_GENITIVE = frozenset({"из", "от", "для", "до", "после", "у", "против", "около"})
_MONTHS = re.compile(
    r"(?:январ|феврал|апрел|июн|июл|сентябр|октябр|ноябр|декабр)я|марта|августа|мая"
)
_NUMBER = re.compile(r"\d{1,4}(,\d+)?")


def years(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «году» or «года» for «г.» after a year."""
    for word in sentence.words:
        year, dot = sentence.at(word.index - 1), sentence.at(word.index + 1)
        if word.text != "г" or dot.text != "." or not re.fullmatch(r"\d{3,4}", year.text):
            continue
        full = _year(sentence.at(word.index - 2))
        if full and dot.start == word.stop:
            stop = word.stop if dot.index >= sentence.end else dot.stop
            yield Edit(((word.start, stop, full),), f"{year.text} г. → {year.text} {full}")


def _year(before: Word) -> str | None:
    if before.lower == "в":
        return "году"
    if before.lower in {"с", "до", "от", "после", "около", "осенью", "весной", "летом", "зимой"}:
        return "года"
    return "года" if _MONTHS.fullmatch(before.lower) else None


def units(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield a unit in full after every number that has it, or nothing if one must stay."""
    for unit in sorted({w.text for w in sentence.words} & set(_UNITS)):
        found = [_full(sentence, w) for w in sentence.words if w.text == unit]
        spans = tuple(span for span in found if span)
        if len(spans) == len(found):
            yield Edit(spans, f"{unit} → {', '.join(new.strip() for _, _, new in spans)}")


def _full(sentence: Sentence, word: Word) -> tuple[int, int, str] | None:
    number, after = sentence.at(word.index - 1), sentence.at(word.index + 1)
    if not _NUMBER.fullmatch(number.text) or word.depth:
        return None
    if after.text in {"/", "²", "³", "-"} or after.text[:1].isdigit():
        return None
    if word.text == "м" and after.text == ".":
        return None
    full = _counted(number.text, sentence.at(word.index - 2), _UNITS[word.text])
    if full is None:
        return None
    dotted = word.text in _DOTTED and after.text == "." and after.index < sentence.end
    new = full if word.start > number.stop else f" {full}"
    return word.start, after.stop if dotted else word.stop, new


def _counted(number: str, before: Word, forms: tuple[str, str, str]) -> str | None:
    """Return the unit as the number asks, unless the case of the number would change it."""
    if before.lower in {"к", "по", "с", "в", "на", "при", "между", "о", "над", "под", "перед"}:
        return None
    if "," in number:
        return forms[1]
    kind = plural_class(int(number))
    return forms[2] if kind == "many" and before.russian else None


def countries(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield a country's full name in the genitive."""
    for word in sentence.words:
        full, before = _COUNTRIES.get(word.text), sentence.at(word.index - 1)
        if full is None or word.depth or sentence.text.count(word.text) > 1:
            continue
        noun = before.russian and not before.capital and before.readings
        attribute = noun and all(r.pos == "NOUN" for r in before.readings)
        if before.lemmas & {"доллар", "штат", "сборная"}:
            continue
        after = sentence.at(word.index + 1)
        if (attribute or before.lower in _GENITIVE) and after.text not in {"-", "—"}:
            yield Edit(((word.start, word.stop, full),), f"{word.text} → {full}")


RULES = (
    Rule("years", "positive", "abbreviation", years),
    Rule("units", "positive", "abbreviation", units),
    Rule("countries", "positive", "abbreviation", countries),
)
