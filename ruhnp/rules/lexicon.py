"""Tables of words that replace each other: antonyms and synonyms, with the conditions for it.

A line is `PART word DIRECTION word [condition=…]`; the format stands at the head of the tables.
A word is replaced in its own form, and only if that form is certain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ruhnp.rules.morphology import Reading, same_form
from ruhnp.rules.phrase import phrase_of
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.tables import lines

_FORMS = {
    "ADJF": ("ADJF", "ADJS"),
    "VERB": ("VERB", "INFN", "GRND", "PRTF", "PRTS"),
}
_INFLECTED = ("ADJF", "ADJS", "VERB", "INFN", "GRND", "PRTF", "PRTS", "NOUN")
_AS_WRITTEN = ("ADVB", "PHRASE")
_SURE = 0.85
_AROUND = 4


@dataclass(frozen=True)
class Entry:
    """One direction of a line."""

    source: tuple[str, ...]
    target: str
    conditions: tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True)
class Site:
    """Words `start`..`stop` (exclusive) of a sentence and what may stand in their place."""

    start: int
    stop: int
    options: tuple[str, ...]


Table = dict[tuple[str, str], list[Entry]]


@cache
def table(name: str) -> Table:
    """Return a table by (part of speech, first word)."""
    found: Table = {}
    for line in lines(name):
        pos, source, direction, target, *rest = line.split()
        named = (item.partition("=") for item in rest)
        conditions = tuple((name, frozenset(value.split(","))) for name, _, value in named)
        both = [(source, target), (target, source)] if direction == "=" else [(source, target)]
        for a, b in both:
            words = tuple(a.split("_")) if pos == "PHRASE" else (a,)
            entry = Entry(words, b.replace("_", " "), conditions)
            for form in _FORMS.get(pos, (pos,)):
                found.setdefault((form, words[0]), []).append(entry)
    return found


@cache
def _heads(name: str) -> frozenset[str]:
    return frozenset(first for _, first in table(name))


def sites(sentence: Sentence, name: str) -> Iterator[Site]:
    """Yield the places where a table has something to put; outside names, quotes and brackets."""
    entries, heads = table(name), _heads(name)
    for word in sentence.words:
        if not (word.lower in heads or word.lemmas & heads) or not sentence.plain(word.index):
            continue
        found = [*_written(sentence, word, entries), *_inflected(sentence, word, entries)]
        for stop in sorted({stop for stop, _ in found}, reverse=True)[:1]:
            options = tuple(dict.fromkeys(new for end, new in found if end == stop))
            yield Site(word.index, stop, options)


def _written(sentence: Sentence, word: Word, entries: Table) -> Iterator[tuple[int, str]]:
    for pos in _AS_WRITTEN:
        for entry in entries.get((pos, word.lower), ()):
            stop = word.index + len(entry.source)
            if sentence.lowers[word.index : stop] != entry.source:
                continue
            if _holds(entry, sentence, (word.index, stop), _near(sentence, word)):
                yield stop, entry.target


def _inflected(sentence: Sentence, word: Word, entries: Table) -> Iterator[tuple[int, str]]:
    for pos in _INFLECTED:
        found = [r for r in word.readings if r.pos == pos]
        for lemma in dict.fromkeys(r.lemma for r in found):
            given = [r for r in found if r.lemma == lemma]
            # «находиться» is also a rare perfective; its forms are not the ones we want.
            given = [r for r in given if r.aspect == given[0].aspect]
            if not entries.get((pos, lemma)) or not _is_sure(sentence, word, given):
                continue
            beside = _beside(sentence, word, pos)
            if beside is None:
                continue
            for entry in entries[pos, lemma]:
                forms = same_form(_narrowed(sentence, word, given), entry.target)
                fits = _holds(entry, sentence, (word.index, word.index + 1), beside)
                fits = fits and pos in dict(entry.conditions).get("as", {pos})
                if fits and len(forms) == 1 and not _present(sentence, entry.target):
                    yield word.index + 1, forms.pop()


def _is_sure(sentence: Sentence, word: Word, given: list[Reading]) -> bool:
    """Whether the word is hardly anything else: by its readings, or by the noun it agrees with."""
    if sum(r.score for r in given) >= _SURE:
        return True
    if given[0].pos not in {"ADJF", "PRTF"}:
        return False
    phrase = phrase_of(sentence, word.index)
    heads = phrase.readings if phrase and phrase.head > word.index else ()
    return any(r.agrees(head) for r in given for head in heads)


def _present(sentence: Sentence, lemma: str) -> bool:
    return any(lemma in w.lemmas for w in sentence.words)


def _narrowed(sentence: Sentence, word: Word, given: list[Reading]) -> list[Reading]:
    """Return the readings that fit the noun phrase around the word."""
    if given[0].pos not in {"ADJF", "PRTF", "NOUN"}:
        return given
    phrase = phrase_of(sentence, word.index)
    if phrase is None:
        return given
    if given[0].pos == "NOUN":
        return [r for r in given if r in phrase.readings] or given
    return [r for r in given if any(r.agrees(head) for head in phrase.readings)] or given


def _beside(sentence: Sentence, word: Word, pos: str) -> list[str] | None:
    """Return the lemmas beside the word; None where it may be part of a name."""
    if pos in {"ADJF", "PRTF"}:
        phrase = phrase_of(sentence, word.index)
        if phrase is None:
            return _near(sentence, word)
        named = any(sentence.name(i) for i in range(phrase.start, phrase.stop))
        # «Большой театр»: at the start of a sentence a name looks like any other word.
        if named or (word.index == sentence.first and pos == "ADJF"):
            return None
        return [r.lemma for r in phrase.readings]
    return _near(sentence, word)


def _near(sentence: Sentence, word: Word) -> list[str]:
    near = range(word.index - _AROUND, word.index + _AROUND + 1)
    return [r.lemma for i in near if i != word.index for r in sentence.at(i).readings]


def _holds(entry: Entry, sentence: Sentence, place: tuple[int, int], beside: list[str]) -> bool:
    before, after = _names(sentence.at(place[0] - 1)), _names(sentence.at(place[1]))
    if sentence.at(place[0] - 1).index < 0:
        before.add("start")
    rejected = {"without": set(beside), "notnext": after, "notprev": before}
    required = {"with": set(beside), "next": after, "prev": before}
    required["soon"] = after | _names(sentence.at(place[1] + 1))
    for name, values in entry.conditions:
        if name == "nowhere" and any(values & _names(w) for w in sentence.words):
            return False
        if name in required and not values & required[name]:
            return False
        if name in rejected and values & rejected[name]:
            return False
    return True


def _names(word: Word) -> set[str]:
    """Return what a condition can call a word: as written, lemma, part of speech, aspect, case."""
    found = {word.lower}
    if word.text[:1].isdigit():
        found.add("digit")
    if not word.text[:1].isalnum():
        found.add("mark")
    for reading in word.readings:
        found |= {reading.lemma, reading.pos, reading.aspect, reading.case, reading.animacy}
        found.add(f"{reading.case}-{reading.number}")
    return found - {""}
