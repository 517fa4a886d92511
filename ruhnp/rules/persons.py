"""Persons: two people named in one sentence change places, each in the other's case.

«пьеса Чехова в постановке Товстоногова» → «пьеса Товстоногова в постановке Чехова». A person is a
run of one to three words that the dictionary knows as names, certain in its case. Left alone:
people of different gender (a verb or pronoun may tell them apart), people joined by «и», a comma,
«с» or «между» (a swap would say the same), names told twice. Goes wrong where a title before the
name fits one of them alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ruhnp.rules.morphology import Reading, inflected, known
from ruhnp.rules.phrase import GOVERNMENT
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_NAMES = frozenset({"Name", "Surn", "Patr"})
_JOINING = frozenset({"и", "или", "с", "со", "между", "либо", "вместе", "также", "как"})
_LONGEST = 3


@dataclass(frozen=True)
class Person:
    """A named person: its words, and the readings of the words in one case."""

    words: tuple[Word, ...]
    readings: tuple[Reading, ...]

    @property
    def case(self) -> str:
        """The case of the name."""
        return self.readings[0].case

    @property
    def gender(self) -> str:
        """The gender of the name."""
        return self.readings[0].gender

    def inflected(self, case: str) -> str | None:
        """Return the name in a case."""
        forms = [inflected(r, "sing", case) for r in self.readings]
        if any(form is None for form in forms):
            return None
        return " ".join((form or "").capitalize() for form in forms)


def persons(sentence: Sentence) -> list[Person]:
    """Return the people of a sentence whose case is certain."""
    found: list[Person] = []
    run: list[Word] = []
    for word in (*sentence.words, None):
        if word is not None and word.depth == 0 and _names(word):
            run.append(word)
            continue
        if 0 < len(run) <= _LONGEST and not _borders_on_name(sentence, run):
            person = _person(sentence, tuple(run))
            found += [person] if person else []
        run = []
    return found


def _names(word: Word) -> list[Reading]:
    if not word.capital or not word.russian or word.text.isupper():
        return []
    named = [r for r in word.readings if r.grammemes & _NAMES and r.number == "sing"]
    if not known(word.lower):
        return []
    return named if sum(r.score for r in named) > 0.5 else []


def _borders_on_name(sentence: Sentence, run: list[Word]) -> bool:
    """Whether a capital, an initial or a number beside the run may belong to the name."""
    before, after = sentence.at(run[0].index - 1), sentence.at(run[-1].index + 1)
    opens = before.index == sentence.first and before.russian and not before.text.isupper()
    if after.text[:1].isalnum() and not after.russian:
        return True
    if before.text in {".", "-"} or after.text in {"-", "("}:
        return True
    return after.capital or (before.capital and not opens)


def _person(sentence: Sentence, words: tuple[Word, ...]) -> Person | None:
    before = sentence.at(words[0].index - 1)
    allowed = GOVERNMENT.get(before.lower)
    ways: set[tuple[str, str]] = set()
    for first in _names(words[0]):
        fits = all(any(_same(r, first) for r in _names(w)) for w in words)
        if fits and (allowed is None or first.case in allowed):
            # The accusative of a man is his genitive: one form, whichever it is.
            masculine = first.gender == "masc" and first.case == "accs"
            ways.add(("gent" if masculine else first.case, first.gender))
    # «пьеса Чехова»: after a thing the name is its attribute, not a woman in the nominative.
    if ("gent", "masc") in ways and _is_thing(before):
        ways = {("gent", "masc")}
    if len(ways) != 1 or _is_other(before, ways):
        return None
    case, gender = ways.pop()
    chosen = [next((r for r in _names(w) if _is(r, case, gender)), None) for w in words]
    readings = tuple(r for r in chosen if r)
    return Person(words, readings) if len(readings) == len(words) else None


def _is_thing(word: Word) -> bool:
    if word.index < 0 or (word.capital and word.index) or not word.russian:
        return False
    nouns = [r for r in word.readings if r.pos == "NOUN"]
    return bool(nouns) and all(r.animacy == "inan" for r in nouns)


def _is_other(before: Word, ways: set[tuple[str, str]]) -> bool:
    """Whether the name may be of the one before it: «жена Ивана» is Ivan's wife, or Ivana."""
    people = [r for r in before.readings if r.pos == "NOUN" and r.animacy == "anim"]
    kin = [r for r in people if not r.grammemes & _NAMES]
    return any(r.case == "nomn" and ("gent", "masc") in ways and r.gender == "femn" for r in kin)


def _is(reading: Reading, case: str, gender: str) -> bool:
    return reading.case == case and reading.gender == gender


def _same(reading: Reading, first: Reading) -> bool:
    return reading.case == first.case and reading.gender == first.gender


def swapped_persons(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence with two people of one gender in each other's place."""
    for a, b in pairwise(persons(sentence)):
        beside = {sentence.at(p.words[0].index - 1).lower for p in (a, b)}
        between = sentence.words[a.words[-1].index + 1 : b.words[0].index]
        if a.gender != b.gender or beside & _JOINING or _again(sentence, (a, b)):
            continue
        if any(_is_woman(sentence, p) for p in (a, b)):
            continue
        # Nothing but names between them is a list: a swap would say the same.
        told = [w for w in between if w.russian and not w.capital]
        if not told or {"и", "или"} & {w.lower for w in told}:
            continue
        into_a, into_b = b.inflected(a.case), a.inflected(b.case)
        if into_a and into_b:
            spans = (
                (a.words[0].start, a.words[-1].stop, into_a),
                (b.words[0].start, b.words[-1].stop, into_b),
            )
            old_a = sentence.span(a.words[0].index, a.words[-1].index + 1)
            old_b = sentence.span(b.words[0].index, b.words[-1].index + 1)
            yield Edit(spans, f"{old_a} … {old_b} → {into_a} … {into_b}")


def _again(sentence: Sentence, people: tuple[Person, Person]) -> bool:
    """Whether a name of theirs stands in the sentence once more."""
    lemmas = [r.lemma for person in people for r in person.readings]
    return any(sum(lemma in w.lemmas for w in sentence.words) > 1 for lemma in lemmas)


def _is_woman(sentence: Sentence, person: Person) -> bool:
    """Whether a verb or adjective by the name is feminine: «Уоррен заявила»."""
    last = person.words[-1].index
    near = sentence.words[max(0, person.words[0].index - 3) : last + 5]
    alone = person.case == "nomn" and person.gender == "masc" and len(person.words) == 1
    return alone and any(
        r.gender == "femn" and r.pos in {"VERB", "PRTS"} for w in near for r in w.readings[:1]
    )


RULES = (Rule("swapped_persons", "negative", "role_swap", swapped_persons),)
