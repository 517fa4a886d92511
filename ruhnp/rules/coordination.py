"""Coordination: «A и B» → «B и A», where both stand alone and in the same form.

«советский и российский учёный» → «российский и советский учёный», «озёр и рек» → «рек и озёр».
Left alone: pairs with words of their own on either side (whose they are is not known), pronouns,
capitals at the start, «и другие». Goes wrong where the order tells («родился и вырос» is no noun).
"""

from collections.abc import Iterator

from ruhnp.rules.morphology import Reading
from ruhnp.rules.phrase import phrase_at, preposition_span
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_OPEN_ENDED = frozenset(
    {"другой", "прочий", "иной", "многий", "ряд", "некоторый", "остальной", "тот", "сам", "весь"}
    | {"его", "её", "их", "такой", "этот", "один", "свой", "часть", "который", "первый", "второй"}
    | {"третий", "последний", "последующий", "дальнейший", "далее", "самый", "большой"}
)
_NUMBERED = frozenset({"NUMR", "ADJF", "PRTF", "COMP"})


def coordination(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each pair that can be turned round."""
    for word in sentence.words:
        if word.lower != "и" or word.depth:
            continue
        a, b = sentence.at(word.index - 1), sentence.at(word.index + 1)
        if not _turnable(sentence, a) or not _turnable(sentence, b) or a.lower == b.lower:
            continue
        if _adjectives(sentence, a, b) or _nouns(sentence, a, b):
            span = (a.start, b.stop, f"{b.text} и {a.text}")
            fix = preposition_span(sentence, a.index, b.text)
            yield Edit((span, *fix), f"{a.text} и {b.text} → {b.text} и {a.text}")


def _turnable(sentence: Sentence, word: Word) -> bool:
    if not word.russian or word.depth or word.index <= sentence.first or word.index < 0:
        return False
    return not any(r.lemma in _OPEN_ENDED or r.pos == "NPRO" for r in word.readings)


def _sure(word: Word, pos: str) -> list[Reading]:
    found = [r for r in word.readings if r.pos == pos]
    return found if sum(r.score for r in found) > 0.9 else []


def _adjectives(sentence: Sentence, a: Word, b: Word) -> bool:
    """Whether both are adjectives of the noun that follows."""
    if a.capital or b.capital or not _sure(a, "ADJF") or not _sure(b, "ADJF"):
        return False
    noun = phrase_at(sentence, b.index + 1)
    before = sentence.at(a.index - 1)
    if noun is None or noun.start != noun.head or sentence.name(noun.head):
        return False
    if any(r.pos in _NUMBERED | {"ADVB", "PRCL"} for r in before.readings[:1]):
        return False
    pairs = [(x, y) for x in _sure(a, "ADJF") for y in _sure(b, "ADJF")]
    together = any(x.agrees(h) and y.agrees(h) for x, y in pairs for h in noun.readings)
    return together and before.text != "," and before.lower not in {"и", "или", "не", "как"}


def _nouns(sentence: Sentence, a: Word, b: Word) -> bool:
    """Whether both are bare nouns in one case, with a border on both sides."""
    before, after = sentence.at(a.index - 1), sentence.at(b.index + 1)
    if a.capital != b.capital or not _sure(a, "NOUN") or not _sure(b, "NOUN"):
        return False
    if not ({r.case for r in _sure(a, "NOUN")} & {r.case for r in _sure(b, "NOUN")}):
        return False
    if a.capital and (before.capital or not _same_kind(a, b)):
        return False
    if {r.animacy for r in _sure(a, "NOUN")} != {r.animacy for r in _sure(b, "NOUN")}:
        return False
    opened = any(r.pos in {"PREP", "VERB", "INFN", "GRND"} for r in before.readings[:1])
    opened = opened or before.text == "," or _governs(before, a, b)
    return opened and _closed(sentence, after)


def _same_kind(a: Word, b: Word) -> bool:
    kinds = {"Name", "Surn", "Geox"}
    both = a.readings[0].grammemes & b.readings[0].grammemes
    return bool(kinds & both)


def _governs(before: Word, a: Word, b: Word) -> bool:
    """Whether the word before is a noun and both nouns are its genitives."""
    if not any(r.pos == "NOUN" for r in before.readings[:1]) or before.capital:
        return False
    return all(r.case == "gent" for w in (a, b) for r in w.readings[:1])


def _closed(sentence: Sentence, after: Word) -> bool:
    """Whether nothing after the pair can belong to its second noun alone."""
    if after.index >= sentence.end or after.index < 0:
        return True
    if after.text in {";", ")"}:
        return True
    if after.text == ",":
        return not _describes(sentence, after.index + 1)
    return any(
        r.pos in {"PRTS"} or (r.pos == "VERB" and "indc" in r.grammemes) for r in after.readings[:1]
    )


def _describes(sentence: Sentence, index: int) -> bool:
    """Whether what follows a comma may tell of the word before it."""
    word = sentence.at(index)
    if any(r.pos == "PREP" for r in word.readings[:1]):
        word = sentence.at(index + 1)
    described = any(r.pos in {"PRTF", "ADJF", "NOUN"} for r in word.readings[:1])
    return described or word.lower in {"где", "куда", "откуда", "чей", "чья", "чьё"} or word.capital


RULES = (Rule("coordination", "positive", "coordination", coordination),)
