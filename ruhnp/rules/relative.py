"""Relative clauses: «здание, построенное в 1900 году,» → «здание, которое было построено в …».

A participle right after a comma, with one noun before the comma it agrees with, becomes «который»
with its finite form: the present and past active, the past passive. Left alone: participles joined
by «и», participles before their noun, nouns with a case that leaves gender open. Goes wrong where
the noun before the comma is an attribute of the true head.
"""

import re
from collections.abc import Iterator

from ruhnp.rules.morphology import Reading, adjective, inflected, lemma_reading
from ruhnp.rules.phrase import phrase_of
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_STATES = frozenset(
    {"расположить", "посвятить", "связать", "предназначить", "направить", "окружить", "соединить"}
    | {"распространить", "населить", "покрыть"}
)
_NO_CLAUSE = frozenset(
    {"уродить", "быть", "следовать", "указать", "называть", "назвать", "мочь", "хотеть"}
)


def to_clause(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield an edit for each participle that opens a clause of its own."""
    for word in sentence.words:
        before = sentence.at(word.index - 1)
        if before.text != "," or word.depth or word.capital:
            continue
        given = [r for r in word.readings if r.pos == "PRTF"]
        if not given or given[0] is not word.readings[0] or _joined(sentence, word):
            continue
        if given[0].lemma in _NO_CLAUSE or _stands_before(sentence, word, given):
            continue
        places = _places(sentence.at(word.index - 2), given)
        past = _in_the_past(sentence, word)
        ways = {_clause(reading, noun, past) for reading, noun in places}
        clause = ways.pop() if len(ways) == 1 else None
        if clause:
            span = (word.start, word.stop, clause)
            yield Edit((span,), f"{word.text} → {clause}")


def _stands_before(sentence: Sentence, word: Word, given: list[Reading]) -> bool:
    """Whether the participle is part of a noun phrase of its own: «, управляющий директор»."""
    nouns = [r for r in sentence.at(word.index + 1).readings if r.pos == "NOUN"]
    agreeing = any(p.agrees(n) for p in given for n in nouns if p.case != "accs")
    return agreeing or any(r.pos == "NOUN" for r in word.readings)


def _in_the_past(sentence: Sentence, word: Word) -> bool:
    """Whether the sentence is told in the past, or its clause has a date."""
    verbs = [r for w in sentence.words for r in w.readings[:1] if r.pos == "VERB"]
    if verbs and verbs[0].tense == "past":
        return True
    clause = sentence.words[word.index : word.index + 6]
    return any(re.fullmatch(r"\d{3,4}", w.text) for w in clause)


def _places(noun: Word, given: list[Reading]) -> list[tuple[Reading, Reading]]:
    if not noun.russian or noun.depth:
        return []
    heads = [r for r in noun.readings if r.pos == "NOUN"]
    return [(p, h) for p in given for h in heads if p.agrees(h)]


def _joined(sentence: Sentence, word: Word) -> bool:
    """Whether another participle or a pronoun like «также» shares the clause."""
    for later in sentence.words[word.index + 1 :]:
        if later.text in {",", ";"} and later.depth == 0:
            following = sentence.at(later.index + 1)
            return any(r.pos == "PRTF" for r in following.readings[:1])
        if any(r.pos == "PRTF" for r in later.readings[:1]):
            return True
        if later.lower in {"и", "или"} and _is_verbal(sentence.at(later.index + 1)):
            return True
    return False


def _is_verbal(word: Word) -> bool:
    return any(r.pos in {"PRTF", "VERB", "GRND", "CONJ", "ADVB", "PREP"} for r in word.readings[:1])


def _clause(participle: Reading, noun: Reading, past: bool) -> str | None:
    which = lemma_reading("который", "ADJF")
    number, gender = noun.number, noun.gender
    if which is None or (number == "sing" and gender not in {"masc", "femn", "neut"}):
        return None
    who = adjective(which, "nomn", number, gender, "")
    past_gender = "" if number == "plur" else gender
    if participle.voice == "pssv" and participle.tense == "past":
        short = inflected(participle, "PRTS", number, past_gender)
        was = f"{_WAS[past_gender]} " if past and participle.lemma not in _STATES else ""
        return f"{who} {was}{short}" if who and short else None
    # A present participle takes its time from the main verb: in the past it has no one tense.
    if participle.voice != "actv" or (past and participle.tense == "pres"):
        return None
    if participle.tense == "pres":
        verb = inflected(participle, "VERB", "indc", "pres", "3per", number)
    else:
        verb = inflected(participle, "VERB", "indc", "past", number, past_gender)
    return f"{who} {verb}" if who and verb else None


def to_participle(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «построенное» for «которое было построено», «стоящий» for «который стоит»."""
    for word in sentence.words:
        which = [r for r in word.readings if r.lemma == "который" and r.case == "nomn"]
        if not which or sentence.at(word.index - 1).text != "," or word.depth:
            continue
        verb = sentence.at(word.index + 1)
        was = verb.lower in _WAS.values()
        stop = verb.index + (2 if was else 1)
        reading = _finite(sentence.at(stop - 1))
        noun = sentence.at(word.index - 2)
        if reading is None or (was and reading.pos != "PRTS") or _two_verbs(sentence, stop):
            continue
        if reading.lemma in _NO_CLAUSE or _object(sentence, stop, reading):
            continue
        ways = {_participle(reading, h) for h in _heads(sentence, noun, which)}
        new = ways.pop() if len(ways) == 1 else None
        if new:
            last = sentence.words[stop - 1]
            old = sentence.span(word.index, stop)
            yield Edit(((word.start, last.stop, new),), f"{old} → {new}")


def _finite(word: Word) -> Reading | None:
    for reading in word.readings[:1]:
        if reading.pos == "PRTS" and reading.voice == "pssv":
            return reading
        if (
            reading.pos == "VERB"
            and "indc" in reading.grammemes
            and "1per" not in reading.grammemes
        ):
            return reading
    return None


def _object(sentence: Sentence, start: int, verb: Reading) -> bool:
    """Whether «который» may be the object: another word can be the subject of the verb."""
    if "tran" not in verb.grammemes:
        return False
    for word in sentence.words[start:]:
        if word.text in {",", ";", "."} and word.depth == 0:
            return False
        for reading in word.readings:
            nominal = reading.pos in {"NOUN", "NPRO", "ADJF"} and reading.case == "nomn"
            same_gender = not verb.gender or reading.gender in {"", verb.gender, "ms-f"}
            if nominal and reading.number == verb.number and same_gender:
                return True
    return False


def _two_verbs(sentence: Sentence, start: int) -> bool:
    """Whether the clause has another verb, which would need a participle too."""
    for word in sentence.words[start:]:
        if word.text in {",", ";", "."} and word.depth == 0:
            return False
        if _finite(word) or any(r.pos in {"PRTF", "GRND"} for r in word.readings[:1]):
            return True
    return False


def _heads(sentence: Sentence, noun: Word, which: list[Reading]) -> list[Reading]:
    phrase = phrase_of(sentence, noun.index) if noun.russian and not noun.depth else None
    if phrase is None or phrase.head != noun.index:
        return []
    fits = [h for h in phrase.readings if any(_matches(w, h) for w in which)]
    # «тех земель, которые вошли» answers to «тех»: a participle cannot.
    if any("тот" in w.lemmas for w in sentence.words[max(0, phrase.start - 1) : phrase.stop]):
        return []
    return [] if _other_head(sentence, phrase.start, fits) else fits


def _other_head(sentence: Sentence, start: int, fits: list[Reading]) -> bool:
    """Whether «который» may point to a noun before the phrase («глава района, который …»)."""
    for word in reversed(sentence.words[:start]):
        if word.text in {",", ";", "—", ":"} or _finite(word):
            return False
        nouns = [r for r in word.readings if r.pos == "NOUN"]
        same = any(
            n.number == h.number and (n.number == "plur" or n.gender == h.gender)
            for n in nouns
            for h in fits
        )
        # «глава» is feminine in the dictionary, and mostly a man.
        if same or not word.russian or "глава" in word.lemmas:
            return True
    return False


def _matches(which: Reading, head: Reading) -> bool:
    return which.number == head.number and which.gender in {"", head.gender}


def _participle(verb: Reading, head: Reading) -> str | None:
    """Return the full participle of a finite verb, in the place of its noun."""
    if verb.pos == "PRTS":
        wanted = ("PRTF", "pssv", "past")
    elif verb.tense == "futr" or (verb.tense == "pres" and verb.aspect != "impf"):
        return None
    else:
        wanted = ("PRTF", "actv", verb.tense)
    gender = "" if head.number == "plur" else head.gender
    animacy = head.animacy if head.case == "accs" and gender in {"", "masc"} else ""
    form = inflected(verb, *wanted, head.case, head.number, gender, animacy)
    # «возникнувший» beside «возникший»: the dictionary has both and gives the first.
    return None if form and "нувш" in form and verb.lemma.endswith("нуть") else form


_WAS = {"masc": "был", "femn": "была", "neut": "было", "": "были"}

RULES = (
    Rule("to_clause", "positive", "relative", to_clause),
    Rule("to_participle", "positive", "relative", to_participle),
)
