"""Sentences that leave out what they speak about: «Родился в Риге.», «Участник двух войн.»

An article names its subject once, and then its sentences do without. Such a sentence cannot be
understood alone, so it is no anchor. Readings come from the dictionary and are ambiguous: a
sentence is named here only if no reading of it gives the first finite verb a subject.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruhnp.rules.morphology import Reading
    from ruhnp.rules.sentence import Word

_DASHES = frozenset("—–-") | {"--"}
_QUOTES = frozenset('«»“”„"') | {"``", "''"}
_BORDERS = _DASHES | frozenset(",;:()")
_ROMAN = re.compile(r"[IVXLC]+")
_YEAR = re.compile(r"1\d{3}|20\d{2}")
_DATE_WORDS = frozenset({"год", "век", "г", "гг", "в", "январь", "февраль", "март", "апрель"})
_DATE_WORDS |= frozenset({"май", "июнь", "июль", "август", "сентябрь", "октябрь", "ноябрь"})
_DATE_WORDS |= frozenset({"декабрь"})
_PREDICATES = frozenset({"VERB", "PRTS", "ADJS", "PRED", "COMP"})
_MODIFIERS = frozenset({"ADJF", "PRTF", "NUMR"})
_NAMES = frozenset({"NOUN", "NPRO", "NUMR", "ADJF", "PRTF"})
# Below this share a reading is a homonym that nobody means («при» as an imperative).
_LIKELY = 0.05


def subjectless(text: str) -> str | None:
    """Return what shows that the subject or the predicate of a sentence is left out, or None."""
    from ruhnp.rules.sentence import sentence

    words = sentence(text).words
    verb = next((i for i, word in enumerate(words) if _predicate(word)), None)
    if verb is None:
        has_dash = any(word.text in _DASHES for word in words)
        return None if has_dash else "no predicate"
    end = next((i for i in range(verb + 1, len(words)) if words[i].text in _BORDERS), len(words))
    clause = words[:end]
    if not _needs_subject(clause, verb):
        return None
    free = _outside_phrases(clause)
    if any(_may_be_subject(words, i, verb) for i in free if i != verb):
        return None
    return words[verb].text


def _predicate(word: "Word") -> bool:
    return bool(_predicates(word))


def _predicates(word: "Word") -> "list[Reading]":
    found = [r for r in word.readings if r.pos in _PREDICATES and "impr" not in r.grammemes]
    return [r for r in found if r.score >= _LIKELY]


def _needs_subject(clause: "Sequence[Word]", verb: int) -> bool:
    """Whether every reading of the predicate asks for a subject that the clause must name."""
    readings = _predicates(clause[verb])
    if len(readings) < sum(r.score >= _LIKELY for r in clause[verb].readings):
        return False  # perhaps it is no verb at all
    first = all(not word.text[0].isalnum() for word in clause[:verb])
    infinitive = any(r.pos == "INFN" for word in clause for r in word.readings)
    for reading in readings:
        if reading.pos in ("PRED", "COMP") or reading.gender == "neut":
            return False
        if {"1per", "2per"} & reading.grammemes:
            return False
        # «В городе строят мост», «Его считают основателем»: nobody in particular does it.
        if reading.number == "plur" and not first:
            return False
        if reading.tense in ("pres", "futr") and infinitive:
            return False
    return True


def _outside_phrases(clause: "Sequence[Word]") -> list[int]:
    """Return the places of the words that stand in no prepositional phrase and no quotes."""
    free, inside = [], False
    for i, word in enumerate(clause):
        if word.text in _BORDERS:
            inside = False
        elif _is_preposition(word):
            inside = True
        elif inside:
            inside = _is_modifier(word)
        else:
            free.append(i)
    return free


def _is_preposition(word: "Word") -> bool:
    return bool(word.readings) and word.readings[0].pos == "PREP"


def _is_modifier(word: "Word") -> bool:
    if not word.russian:
        return True  # a number, a quote: its noun is still to come
    return bool(word.readings) and word.readings[0].pos in _MODIFIERS


def _may_be_subject(words: "Sequence[Word]", i: int, verb: int) -> bool:
    """Whether some reading of the word is a subject of the predicate."""
    word = words[i]
    if word.text.isdigit() or _ROMAN.fullmatch(word.text):
        return not _is_date(words, i)
    if not word.text[0].isalnum() or (not word.russian and not word.capital):
        return False
    if word.depth and words[i - 1].text not in _QUOTES:
        return False  # inside a title, whose first word stands for it
    name = word.capital and i > 0
    if name and i > verb and _follows_noun(words, i, verb):
        return False  # «находится на острове Лусон»
    if not word.russian or not _known(word):
        return True  # a name may be anything
    nominative = [r for r in word.readings if r.case == "nomn" and r.pos in _NAMES]
    if name:
        return bool(nominative)
    return any(_fits(word, r, p, i > verb) for r in nominative for p in _predicates(words[verb]))


def _follows_noun(words: "Sequence[Word]", i: int, verb: int) -> bool:
    before = next((w for w in reversed(words[:i]) if w.text not in _QUOTES), None)
    if before is None or not before.text[0].isalnum() or before.index == verb:
        return False
    return not before.russian or before.capital or any(r.pos == "NOUN" for r in before.readings)


def _fits(word: "Word", noun: "Reading", verb: "Reading", after: bool) -> bool:
    if noun.pos == "NUMR":
        return verb.number != "sing" or verb.tense != "past"
    # «Окончил институт»: after such a verb, what looks like an accusative is one.
    object_ = any(r.case == "accs" and r.number == noun.number for r in word.readings)
    if after and "tran" in verb.grammemes and object_:
        return False
    if noun.number != verb.number:
        return False
    if verb.gender and noun.gender not in ("", "ms-f"):
        return noun.gender == verb.gender
    return True


def _is_date(words: "Sequence[Word]", i: int) -> bool:
    if _YEAR.fullmatch(words[i].text):
        return True
    following = words[i + 1] if i + 1 < len(words) else None
    return following is not None and bool(following.lemmas & _DATE_WORDS)


def _known(word: "Word") -> bool:
    from ruhnp.rules.morphology import known

    return known(word.lower)
