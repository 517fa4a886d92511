"""Adverbials of time as they open or close a clause: «в 1950 году», «5 мая 1950 года», «летом»."""

import re

from ruhnp.rules.sentence import Sentence, Word

_MONTH_IN = "январе|феврале|марте|апреле|мае|июне|июле|августе|сентябре|октябре|ноябре|декабре"
_MONTH_OF = "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
_YEAR = r"\d{3,4}"
_ROMAN = "[IVXХ]{1,5}"
_DATE = re.compile(
    "|".join(
        (
            rf"[Вв] {_YEAR} году",
            rf"[Вв] (?:{_MONTH_IN}) {_YEAR} года",
            rf"[Вв] (?:начале|конце|середине) (?:(?:{_MONTH_OF}) )?{_YEAR} года",
            rf"[Вв] (?:начале|конце|середине) {_YEAR}-х годов",
            rf"[Вв] (?:начале|конце|середине) {_ROMAN} века",
            rf"[Вв] (?:первой|второй) половине {_ROMAN} века",
            rf"\d{{1,2}} (?:{_MONTH_OF}) {_YEAR} года",
            rf"(?:[Вв]есной|[Лл]етом|[Оо]сенью|[Зз]имой) {_YEAR} года",
            r"[Вв] \d{2,4}-х годах",
            rf"[Вв] {_ROMAN} веке",
            rf"[Вв] {_YEAR} ?[—–-] ?{_YEAR} годах",
            rf"[Сс] {_YEAR} по {_YEAR} год(?:ы)?",
        )
    )
)
_BORDER = re.compile(r"(?=[ .,;:!?)»]|$)")


def date_at(sentence: Sentence, index: int) -> int | None:
    """Return the index after the date that starts with the word at `index`, or None."""
    word = sentence.at(index)
    if word.index < 0 or word.depth:
        return None
    found = _DATE.match(sentence.text, word.start)
    if found is None or not _BORDER.match(sentence.text, found.end()):
        return None
    return next((w.index + 1 for w in sentence.words[index:] if w.stop == found.end()), None)


def dates(sentence: Sentence) -> list[tuple[Word, int]]:
    """Return the dates of a sentence as (first word, index after)."""
    found: list[tuple[Word, int]] = []
    for word in sentence.words:
        if found and word.index < found[-1][1]:
            continue
        stop = date_at(sentence, word.index)
        if stop is not None:
            found.append((word, stop))
    return found
