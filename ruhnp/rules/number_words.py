"""Number words: «три года» → «пять лет», «двое» → «четверо», «второй сын» → «четвёртый сын».

A cardinal is replaced where its case is certain and the counted noun follows it at once; the
noun changes with it. An ordinal needs a noun it agrees with. Left alone: compound numbers,
fractions, names, set phrases («в первую очередь»). Goes wrong where numbers must add up.
"""

from collections.abc import Iterator

from ruhnp.rules.digits import plural_class
from ruhnp.rules.morphology import Reading, same_form
from ruhnp.rules.numerals import CARDINALS, COLLECTIVES, ORDINALS, cardinal, counted
from ruhnp.rules.phrase import Phrase, phrase_of, preposition_span
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_FIXED = frozenset(
    {"очередь", "взгляд", "раз", "помощь", "лицо", "план", "рука", "половина", "степень", "класс"}
    | {"война", "дивизион", "лига", "порядок", "род", "этаж", "свет", "дыхание", "дом", "час"}
    | {"треть", "четверть", "мир", "сторона", "состав", "сорт", "звено"}
)


def cardinals(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each cardinal word whose case is certain."""
    for word in sentence.words:
        given = [r for r in word.readings if r.pos == "NUMR" and r.lemma in CARDINALS]
        if given and sentence.plain(word.index) and not _compound(sentence, word):
            options = sorted(_other_counts(sentence, word, given))
            if options:
                number, noun = draw.one(options, f"cardinal {word.index}")
                after = sentence.words[word.index + 1]
                number = cased(number, word.text)
                spans = ((word.start, word.stop, number), (after.start, after.stop, noun))
                yield Edit(spans, f"{word.text} {after.text} → {number} {noun}")


def _compound(sentence: Sentence, word: Word) -> bool:
    for near in (sentence.at(word.index - 1), sentence.at(word.index + 1)):
        if near.text[:1].isdigit() or near.text in {"-", "—", "–"}:
            return True
        if any(r.pos == "NUMR" for r in near.readings[:1]):
            return True
    return False


def _other_counts(
    sentence: Sentence, word: Word, given: list[Reading]
) -> Iterator[tuple[str, str]]:
    """Yield (number, noun) where every reading of number and noun gives the same two words."""
    after = sentence.at(word.index + 1)
    old = CARDINALS[given[0].lemma]
    if not sentence.plain(after.index) or after.index < 0:
        return
    places = [
        (numeral, noun)
        for numeral in given
        for noun in after.readings
        if noun.pos == "NOUN" and _together(numeral, noun, old) and noun.lemma not in _FIXED
    ]
    near = range(2, 11) if old <= 10 else (11, 12, 13, 15, 20, 30, 40, 50, 60)
    for new in near if places else ():
        if new == old:
            continue
        ways = {
            (cardinal(new, n.case, noun.gender, noun.animacy), counted(noun, new, n.case))
            for n, noun in places
        }
        number, form = ways.pop()
        if not ways and number and form and form.replace("ё", "е") != "раз":
            yield number, form


def _together(numeral: Reading, noun: Reading, number: int) -> bool:
    """Whether the noun stands as the numeral asks."""
    neuter = numeral.gender == "masc" and noun.gender == "neut"
    if numeral.gender and noun.gender != numeral.gender and not neuter:
        return False
    if numeral.case == "accs" and numeral.animacy and numeral.animacy != noun.animacy:
        return False
    if numeral.case == "accs" and numeral.animacy == "anim":
        return noun.case == "gent" and noun.number == "plur"
    if numeral.case not in {"nomn", "accs"}:
        return noun.case == numeral.case and noun.number == "plur"
    if plural_class(number) == "few":
        return noun.case == "gent" and noun.number == "sing"
    return (noun.case == "gent" and noun.number == "plur") or noun.word == "человек"


def collectives(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each collective («двое», «троих»)."""
    for word in sentence.words:
        given = [r for r in word.readings if r.lemma in COLLECTIVES and r.pos == "NUMR"]
        if not given or not sentence.plain(word.index) or given[0] is not word.readings[0]:
            continue
        options = {
            forms.pop()
            for lemma in list(COLLECTIVES)[:5]
            if lemma != given[0].lemma and len(forms := same_form(given, lemma)) == 1
        }
        if options:
            new = cased(draw.one(sorted(options), f"collective {word.index}"), word.text)
            yield Edit(((word.start, word.stop, new),), f"{word.text} → {new}")


def ordinals(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each ordinal that agrees with the noun after it."""
    for word in sentence.words:
        given = [r for r in word.readings if r.pos == "ADJF" and r.lemma in ORDINALS]
        if not given or not sentence.plain(word.index) or word.index == sentence.first:
            continue
        phrase = phrase_of(sentence, word.index)
        if phrase is None or phrase.head == word.index or _is_fixed(phrase):
            continue
        fitting = [r for r in given if any(r.agrees(head) for head in phrase.readings)]
        options = {
            forms.pop()
            for lemma in ORDINALS[:6]
            if lemma != given[0].lemma and len(forms := same_form(fitting, lemma)) == 1
        }
        if options:
            new = draw.one(sorted(options), f"ordinal {word.index}")
            fix = preposition_span(sentence, word.index, new)
            yield Edit(((word.start, word.stop, new), *fix), f"{word.text} → {new}")


def _is_fixed(phrase: Phrase) -> bool:
    named = any(phrase.sentence.name(i) for i in range(phrase.start, phrase.stop))
    return named or any(r.lemma in _FIXED or r.number == "plur" for r in phrase.readings)


RULES = (
    Rule("cardinals", "negative", "number", cardinals),
    Rule("collectives", "negative", "number", collectives),
    Rule("ordinals", "negative", "number", ordinals),
)
