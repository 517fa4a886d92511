"""Numbers in digits: a year, a day of a month, a decade, a count becomes another.

«В 1950 году» → «В 1957 году», «12 человек» → «17 человек», «5 мая» → «19 мая». A new year keeps
its place among the other years of the sentence; a new count keeps the plural class of the old
one (1 / 2–4 / 5–20), so no other word changes. Left alone: numbers in names («Ту-154», «№ 5»),
ranges, times, fractions, scores, and 0 and 1. Goes wrong where two numbers must add up.
"""

import re
from collections.abc import Iterator

from ruhnp.rules.calendar import LAST_YEAR, is_year_word, month
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_YEAR = re.compile(r"1\d{3}|20[0-2]\d")
_COUNT = re.compile(r"[1-9]\d{0,3}")
_DECIMAL = re.compile(r"([1-9]\d?)(,\d+)")
_SUFFIXED = re.compile(
    r"(\d{1,4})-(й|я|го|му|ю|ой|летн[а-яё]+|дневн[а-яё]+|метров[а-яё]+|этажн\w+)"
)
_DECADE = re.compile(r"(1\d\d0|20[012]0|[1-9]0)-(е|х|ми)")
_JOINING = frozenset({"-", "–", "—", "--", "/", ":", "+", "=", "×", "x", "х", "№", "*", "^", "±"})
_STEPS = (2, 3, 4, 5, 6, 7, 8, 9, 11, 12)


def digits(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each number that can be another."""
    for word in sentence.words:
        if not word.text[0].isdigit() or _joined(sentence, word):
            continue
        options = _others(sentence, word)
        if options:
            new = draw.one(options, f"number {word.text}")
            # A year that is said twice changes in both places, or the sentence falls apart.
            same = [w for w in sentence.words if w.text == word.text]
            if word is same[0] and all(_others(sentence, w) for w in same):
                spans = tuple((w.start, w.stop, new) for w in same)
                yield Edit(spans, _evidence(sentence, word, new))


def _evidence(sentence: Sentence, word: Word, new: str) -> str:
    after = sentence.at(word.index + 1).text
    tail = f" {after}" if after[:1].isalpha() else ""
    return f"{word.text}{tail} → {new}{tail}"


def _joined(sentence: Sentence, word: Word) -> bool:
    """Whether the number is part of a range, a formula, a time or a name."""
    before, after = sentence.at(word.index - 1), sentence.at(word.index + 1)
    if before.text in _JOINING or after.text in _JOINING:
        return True
    # «12 345» is one number in two tokens.
    if before.text[:1].isdigit() or after.text[:1].isdigit():
        return True
    if before.text == "." and before.index and sentence.at(word.index - 2).text[-1:].isdigit():
        return True
    return word.depth > 0 and not _YEAR.fullmatch(word.text)


def _others(sentence: Sentence, word: Word) -> list[str]:
    after, text = sentence.at(word.index + 1), word.text
    if found := _DECADE.fullmatch(text):
        return _decades(sentence, found.group(1), found.group(2))
    if found := _SUFFIXED.fullmatch(text):
        return [f"{n}-{found.group(2)}" for n in _ordinals(found.group(1))]
    if _is_year(sentence, word):
        return [str(y) for y in _years(sentence, int(text))]
    if text.isdigit() and month(after.lemmas) is not None:
        return [str(d) for d in range(1, 29) if d != int(text)] if int(text) <= 31 else []
    if (found := _DECIMAL.fullmatch(text)) and _counts(sentence, word):
        return [f"{n}{found.group(2)}" for n in _same_class(int(found.group(1)))]
    if _COUNT.fullmatch(text) and _counts(sentence, word):
        return [str(n) for n in _same_class(int(text))]
    return []


def _is_year(sentence: Sentence, word: Word) -> bool:
    if not _YEAR.fullmatch(word.text) or int(word.text) > LAST_YEAR:
        return False
    before, after = sentence.at(word.index - 1).lower, sentence.at(word.index + 1).lower
    return is_year_word(after) or (word.depth > 0 and before == "(" and after in {")", ","})


def _years(sentence: Sentence, year: int) -> list[int]:
    others = [int(t) for w in sentence.words for t in _YEAR.findall(w.text) if int(t) != year]
    found = []
    for new in [year + sign * step for step in _STEPS for sign in (1, -1)]:
        in_place = all((other < year) == (other < new) and other != new for other in others)
        if in_place and new <= LAST_YEAR and new // 100 == year // 100:
            found.append(new)
    return found


def _decades(sentence: Sentence, decade: str, ending: str) -> list[str]:
    size = int(decade)
    if size < 100:
        return [f"{n}-{ending}" for n in range(20, 100, 10) if n != size]
    others = [int(t) for w in sentence.words for t in _YEAR.findall(w.text) if int(t) != size]
    new = [size + 10 * step for step in (-4, -3, -2, 2, 3, 4)]
    fitting = [n for n in new if n // 100 == size // 100 and n <= LAST_YEAR]
    return [f"{n}-{ending}" for n in fitting if all((o < size) == (o < n) for o in others)]


def _ordinals(text: str) -> list[int]:
    number = int(text)
    if number <= 10:
        return [n for n in range(2, 11) if n != number]
    return _same_class(number)


def _counts(sentence: Sentence, word: Word) -> bool:
    """Whether the number counts the words after it and no name comes before it."""
    before, after = sentence.at(word.index - 1), sentence.at(word.index + 1)
    if before.text[:1].isupper() and before.index != sentence.first:
        return False
    if before.text and not before.russian and before.text not in {",", "(", "—", "«"}:
        return False
    if after.text in {"%", "км", "м", "кг", "см", "мм", "га", "тыс", "млн", "млрд"}:
        return True
    if not after.russian or after.capital:
        return False
    kinds = {r.pos: r.case for r in after.readings[:1]}
    return bool(kinds.keys() & {"NOUN", "ADJF", "PRTF"}) and not is_year_word(after.lower)


def plural_class(number: int) -> str:
    """Return which form of a noun the number asks for: `one`, `few` or `many`."""
    if number % 100 in range(11, 15):
        return "many"
    return {1: "one", 2: "few", 3: "few", 4: "few"}.get(number % 10, "many")


def _same_class(number: int) -> list[int]:
    """Return numbers of about the size of `number` that agree with nouns as it does."""
    if number < 2:
        return []
    if number < 10:
        near = range(2, 16)
    elif number < 100:
        near = range(max(10, number // 2), min(99, number * 2) + 1)
    else:
        head, tail = str(number)[0], str(number)[1:]
        return [int(d + tail) for d in "123456789" if d != head and abs(int(d) - int(head)) <= 3]
    return [n for n in near if n != number and plural_class(n) == plural_class(number)]


RULES = (Rule("digits", "negative", "number", digits),)
