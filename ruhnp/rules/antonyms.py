"""Antonyms: a word of the hand-written table becomes its opposite in the same form.

«Уровень воды повысился» → «Уровень воды понизился». The table (`tables/antonyms.txt`) names the
nouns beside which a word is or is not replaced. Skipped: names, quotes, brackets, words whose form
is ambiguous. Goes wrong on set phrases the table does not know, and where the opposite is true
of the same thing («купил» and «продал» in one story).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ruhnp.rules.morphology import Reading, readings, same_form
from ruhnp.rules.phrase import phrase_of, preposition_span
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.tables import lines
from ruhnp.rules.variant import Draw, Edit, Rule

_FORMS = {
    "ADJF": ("ADJF", "ADJS"),
    "ADJS": ("ADJS",),
    "VERB": ("VERB", "INFN", "GRND", "PRTF", "PRTS"),
    "NOUN": ("NOUN",),
}
_NEGATIONS = frozenset({"не", "ни", "нет", "без"})
_AROUND = 4


@dataclass(frozen=True)
class Entry:
    """A line of the table, one direction of it."""

    target: str
    conditions: tuple[tuple[str, frozenset[str]], ...]


@cache
def _table() -> dict[tuple[str, str], list[Entry]]:
    table: dict[tuple[str, str], list[Entry]] = {}
    for line in lines("antonyms.txt"):
        pos, source, direction, target, *rest = line.split()
        named = (item.partition("=") for item in rest)
        conditions = tuple((name, frozenset(value.split(","))) for name, _, value in named)
        both = [(source, target), (target, source)] if direction == "=" else [(source, target)]
        for a, b in both:
            for form in _FORMS.get(pos, (pos,)):
                table.setdefault((form, a), []).append(Entry(b, conditions))
    return table


def antonyms(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each word that has an opposite here."""
    for word in sentence.words:
        if not sentence.plain(word.index) or sentence.at(word.index - 1).lower in _NEGATIONS:
            continue
        options = list(dict.fromkeys(_opposites(sentence, word)))
        if options:
            new = cased(draw.one(options, f"antonym {word.index}"), word.text)
            fix = preposition_span(sentence, word.index, new)
            yield Edit(((word.start, word.stop, new), *fix), f"{word.text} → {new}")


def _opposites(sentence: Sentence, word: Word) -> Iterator[str]:
    table = _table()
    for entry in table.get(("ADVB", word.lower), ()):
        if _holds(entry, sentence, word, []):
            yield entry.target
    for pos in ("ADJF", "ADJS", "VERB", "INFN", "GRND", "PRTF", "PRTS", "NOUN"):
        found = [r for r in word.readings if r.pos == pos]
        entries = [(e, r.lemma) for r in found for e in table.get((pos, r.lemma), ())]
        for entry, lemma in dict.fromkeys(entries):
            given = [r for r in found if r.lemma == lemma]
            if sum(r.score for r in given) < 0.85:
                continue
            heads = _heads(sentence, word, pos)
            if heads is None or not _holds(entry, sentence, word, heads):
                continue
            forms = same_form(_narrowed(sentence, word, given), entry.target)
            if len(forms) == 1:
                yield forms.pop()


def _narrowed(sentence: Sentence, word: Word, given: list[Reading]) -> list[Reading]:
    if given[0].pos not in {"ADJF", "PRTF", "NOUN"}:
        return given
    phrase = phrase_of(sentence, word.index)
    if phrase is None:
        return given
    if given[0].pos == "NOUN":
        return [r for r in given if r in phrase.readings] or given
    return [r for r in given if any(r.agrees(head) for head in phrase.readings)] or given


def _heads(sentence: Sentence, word: Word, pos: str) -> list[str] | None:
    """Return the lemmas of the nouns beside the word; None where it may be part of a name."""
    if pos in {"ADJF", "PRTF"}:
        phrase = phrase_of(sentence, word.index)
        if phrase is None:
            return []
        named = any(sentence.name(i) for i in range(phrase.start, phrase.stop))
        # «Большой театр»: at the start of a sentence a name looks like any other word.
        if named or word.index == sentence.first:
            return None
        return [r.lemma for r in phrase.readings]
    near = range(word.index - _AROUND, word.index + _AROUND + 1)
    return [r.lemma for i in near if i != word.index for r in _nouns(sentence.at(i))]


def _nouns(word: Word) -> list[Reading]:
    return [r for r in word.readings if r.pos == "NOUN"]


def _holds(entry: Entry, sentence: Sentence, word: Word, heads: list[str]) -> bool:
    after, before = sentence.at(word.index + 1), sentence.at(word.index - 1)
    for name, values in entry.conditions:
        if name == "with" and not values & set(heads):
            return False
        if name == "without" and values & set(heads):
            return False
        if name == "next" and not values & _names(after):
            return False
        if name == "notnext" and values & _names(after):
            return False
        if name == "notprev" and values & _names(before):
            return False
    return True


def _names(word: Word) -> set[str]:
    found = {word.lower}
    for reading in readings(word.lower) if word.russian else ():
        found |= {reading.lemma, reading.pos, reading.aspect}
    return found


RULES = (Rule("antonym", "negative", "antonym", antonyms, most=3),)
