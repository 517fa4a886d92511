"""Quantity: «все» → «некоторые», «большинство» → «меньшинство», «вдвое» → «втрое».

«500 тысяч» becomes «500 миллионов», «более 500» becomes «менее 500». Words are replaced in the
same form; «все» and «многие» only before a noun they agree with. Left alone: «все» as in «всё
равно» and «все три», names and quotes. Goes wrong where the quantity is said twice («все без
исключения»).
"""

from collections.abc import Iterator

from ruhnp.rules.morphology import Reading, lemma_reading, same_form
from ruhnp.rules.morphology import adjective as agreeing
from ruhnp.rules.phrase import phrase_at, preposition_span
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_AS_WRITTEN = {
    "вдвое": ("втрое", "вчетверо"),
    "втрое": ("вдвое", "впятеро"),
    "вчетверо": ("вдвое", "втрое"),
    "дважды": ("трижды", "четырежды"),
    "трижды": ("дважды", "четырежды"),
}
_NOUNS = {
    "большинство": ("меньшинство",),
    "меньшинство": ("большинство",),
    "половина": ("треть", "четверть"),
    "треть": ("половина", "четверть"),
    "четверть": ("треть", "половина"),
    "миллион": ("миллиард",),
    "миллиард": ("миллион",),
}
# «500 тысяч» → «500 миллионов»: the genitive plural is the same place for both genders.
_SCALES = {
    **{"тысяч": "миллионов", "миллионов": "тысяч", "миллиардов": "миллионов"},
    **{"тыс": "млн", "млн": "тыс.", "млрд": "млн"},
}
_BEFORE_NUMBERS = {
    "более": ("менее",),
    "менее": ("более",),
    "свыше": ("менее",),
    "больше": ("меньше",),
    "меньше": ("больше",),
}
_ADJECTIVES = {"двойной": "тройной", "тройной": "двойной", "двукратный": "трёхкратный"}
_ADJECTIVES |= {"трёхкратный": "двукратный", "ежечасный": "ежедневный"}
_AFTER_ALL = frozenset({"эти", "этих", "этим", "этими", "остальные", "остальных", "же", "равно"})
_WAYS = frozenset(
    {"время", "сила", "сторона", "мера", "случай", "право", "день", "святой", "раз", "месяц"}
    | {"год", "век", "неделя", "час", "десятилетие", "столетие"}
)


def quantity(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each word of quantity."""
    for word in sentence.words:
        if word.depth or sentence.name(word.index):
            continue
        options = sorted(set(_options(sentence, word)))
        if options:
            new = cased(draw.one(options, f"quantity {word.index}"), word.text)
            fix = preposition_span(sentence, word.index, new)
            yield Edit(((word.start, _stop(sentence, word), new), *fix), f"{word.text} → {new}")


def _stop(sentence: Sentence, word: Word) -> int:
    """Return where the word ends: «тыс.» takes its full stop along, «млн» has none."""
    after = sentence.at(word.index + 1)
    dotted = word.lower == "тыс" and after.text == "." and after.index < sentence.end
    return after.stop if dotted else word.stop


def _options(sentence: Sentence, word: Word) -> Iterator[str]:
    after, before = sentence.at(word.index + 1), sentence.at(word.index - 1)
    yield from _AS_WRITTEN.get(word.lower, ())
    if word.lower in _SCALES and before.text[:1].isdigit() and not _scaled(sentence, word):
        dotted = word.lower == "млн" and after.text == "."
        yield "тыс" if dotted else _SCALES[word.lower]
    if before.lower not in {"не", "всё", "все", "чем"} and after.text[:1].isdigit():
        yield from _BEFORE_NUMBERS.get(word.lower, ())
    yield from _noun(sentence, word)
    for reading in word.readings[:1]:
        if reading.pos == "ADJF" and reading.lemma in _ADJECTIVES:
            yield from _certain([r for r in word.readings if r.pos == "ADJF"], reading.lemma)
    yield from _many(sentence, word)


def _scaled(sentence: Sentence, word: Word) -> bool:
    """Whether the number before has a scale already («2 миллиона 200 тысяч»)."""
    return any(r.lemma in {"миллион", "миллиард"} for r in sentence.at(word.index - 2).readings)


def _certain(given: list[Reading], lemma: str) -> Iterator[str]:
    forms = same_form(given, _ADJECTIVES[lemma])
    if len(forms) == 1:
        yield from forms


def _noun(sentence: Sentence, word: Word) -> Iterator[str]:
    given = [r for r in word.readings if r.pos == "NOUN" and r.lemma in _NOUNS]
    after = sentence.at(word.index + 1)
    of_what = any(r.case == "gent" for r in after.readings)
    if not given or given[0] is not word.readings[0] or not of_what:
        return
    described = any(r.pos in {"ADJF", "PRTF"} for r in sentence.at(word.index - 1).readings)
    if given[0].lemma in {"большинство", "меньшинство"} and described:
        return
    if given[0].lemma in {"половина", "треть", "четверть"} and _is_numbered(sentence, word):
        return
    if given[0].lemma in {"миллион", "миллиард"} and sentence.at(word.index - 1).text[:1].isdigit():
        return
    for lemma in _NOUNS[given[0].lemma]:
        forms = same_form(given, lemma)
        if len(forms) == 1:
            yield from forms


def _is_numbered(sentence: Sentence, word: Word) -> bool:
    """Whether the fraction is «вторая половина», «две трети», «первая четверть века»."""
    before, after = sentence.at(word.index - 1), sentence.at(word.index + 1)
    counted = any(r.pos in {"NUMR", "ADJF"} for r in before.readings[:1])
    return counted or any(r.lemma in {"век", "год", "день", "столетие"} for r in after.readings)


def _many(sentence: Sentence, word: Word) -> Iterator[str]:
    """Yield «некоторые» for «все» and for «многие», in the form of the noun after it."""
    lemmas = {r.lemma for r in word.readings if r.lemma in {"весь", "многий", "многие"}}
    if not lemmas or word.lower in {"всё", "весь", "вся", "многое"}:
        return
    if sentence.at(word.index - 1).lower in {"слишком", "очень", "столь", "так", "весьма"}:
        return
    after = sentence.at(word.index + 1)
    phrase = phrase_at(sentence, word.index + 1)
    if {"исключением", "исключения", "кроме"} & set(sentence.lowers):
        return
    if after.lower in _AFTER_ALL or phrase is None or sentence.name(phrase.head):
        return
    given = [r for r in word.readings if r.pos == "ADJF" and r.number == "plur"]
    heads = [h for h in phrase.readings if any(r.agrees(h) for r in given)]
    some = lemma_reading("некоторый", "ADJF")
    few = lemma_reading("немногий", "ADJF")
    target = few if lemmas & {"многий", "многие"} else some
    if not heads or target is None or any(h.lemma in _WAYS for h in heads):
        return
    ways = {agreeing(target, h.case, "plur", "", h.animacy) for h in heads}
    form = ways.pop()
    if form and not ways:
        yield form


RULES = (Rule("quantity", "negative", "quantity", quantity),)
