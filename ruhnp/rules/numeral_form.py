"""Form of numbers: «пять лет» ↔ «5 лет», «XX века» → «XX столетия».

A cardinal word becomes digits anywhere but at the start; digits become a word where the noun after
them shows the nominative or accusative. Left alone: compound numbers, names, units, ages and dates
in digits. Goes wrong where the word is part of a set phrase («семь чудес»).
"""

from collections.abc import Iterator

from ruhnp.rules.calendar import century
from ruhnp.rules.morphology import Reading, inflected, lemma_reading
from ruhnp.rules.numerals import CARDINALS, cardinal
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_FIXED = frozenset({"треть", "четверть", "чудо", "сила", "раз", "мушкетёр", "кит", "часть"})


def to_digits(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence with digits for every cardinal word, or nothing if one must stay."""
    spans: list[tuple[int, int, str]] = []
    shown: list[str] = []
    for word in sentence.words:
        given = [r for r in word.readings if r.pos == "NUMR" and r.lemma in CARDINALS]
        if not given or given[0] is not word.readings[0]:
            continue
        if word.index <= sentence.first or not _alone(sentence, word):
            return
        number = str(CARDINALS[given[0].lemma])
        spans.append((word.start, word.stop, number))
        shown.append(f"{word.text} → {number}")
    if spans:
        yield Edit(tuple(spans), "; ".join(shown))


def _alone(sentence: Sentence, word: Word) -> bool:
    """Whether the numeral has a counted word after it and no other numeral beside."""
    after, before = sentence.at(word.index + 1), sentence.at(word.index - 1)
    if not sentence.plain(word.index) or _numeral(before) or _numeral(after):
        return False
    return _is_counted(after) and not after.capital


def _numeral(word: Word) -> bool:
    return word.text[:1].isdigit() or any(
        r.pos == "NUMR" or r.lemma in _FIXED for r in word.readings[:2]
    )


def _is_counted(word: Word) -> bool:
    return any(r.pos in {"NOUN", "ADJF"} for r in word.readings[:1])


def to_words(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield a word for digits from 2 to 10 before a noun."""
    for word in sentence.words:
        if not word.text.isdigit() or not 2 <= int(word.text) <= 10 or word.depth:
            continue
        if word.index <= sentence.first:
            continue
        after, before = sentence.at(word.index + 1), sentence.at(word.index - 1)
        if not before.russian or before.capital or _numeral(before) or not after.russian:
            continue
        ways = set(_words(int(word.text), before, after))
        new = ways.pop() if len(ways) == 1 else None
        if new:
            yield Edit(((word.start, word.stop, new),), f"{word.text} → {new}")


def _words(number: int, before: Word, after: Word) -> Iterator[str | None]:
    """Yield the word in every case that the nouns around it allow."""
    nouns = [r for r in after.readings if r.pos == "NOUN"]
    accusative = before.lower in {"за", "через", "спустя"} or any(
        r.pos in {"VERB", "GRND", "INFN"} and "tran" in r.grammemes for r in before.readings[:1]
    )
    for noun in nouns:
        if noun.case == "gent" and noun.number == "sing" and number <= 4:
            yield cardinal(number, "accs", noun.gender, "inan")
        elif noun.case == "gent" and noun.number == "plur" and number >= 5:
            yield cardinal(number, "accs", noun.gender, "inan") if accusative else None
        elif noun.case in {"datv", "ablt", "loct"} and noun.number == "plur":
            yield cardinal(number, noun.case, noun.gender, noun.animacy)
        else:
            yield None


def centuries(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «столетие» for «век» after a Roman numeral."""
    target = lemma_reading("столетие", "NOUN")
    for word in sentence.words[1:]:
        given = [r for r in word.readings if r.lemma == "век" and r.pos == "NOUN"]
        if not given or word.depth or century(sentence.at(word.index - 1).text) is None:
            continue
        if target is None or _modified(sentence, word.index - 2):
            continue
        forms = {_same_place(r, target) for r in given if r.number == "sing"}
        form = forms.pop() if len(forms) == 1 else None
        if form and len(given) == len([r for r in given if r.number == "sing"]):
            yield Edit(((word.start, word.stop, form),), f"{word.text} → {form}")


def _same_place(reading: Reading, target: Reading) -> str | None:
    return inflected(target, "sing", reading.case)


def _modified(sentence: Sentence, index: int) -> bool:
    """Whether an adjective or a range stands before the numeral."""
    word = sentence.at(index)
    return word.text in {"-", "—", "–", "и"} or any(r.pos == "ADJF" for r in word.readings[:1])


RULES = (
    Rule("to_digits", "positive", "numeral_form", to_digits),
    Rule("to_words", "positive", "numeral_form", to_words),
    Rule("centuries", "positive", "numeral_form", centuries),
)
