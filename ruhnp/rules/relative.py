"""Relative clauses: «здание, построенное в 1900 году,» → «здание, которое было построено в …».

A participle right after a comma, with one noun before the comma it agrees with, becomes «который»
with its finite form: the present and past active, the past passive. Left alone: participles joined
by «и», participles before their noun, nouns with a case that leaves gender open. Goes wrong where
the noun before the comma is an attribute of the true head.
"""

from collections.abc import Iterator

from ruhnp.rules.morphology import Reading, adjective, inflected, lemma_reading
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_STATES = frozenset(
    {"расположить", "посвятить", "связать", "известить", "предназначить", "основать", "направить"}
    | {"окружить", "соединить", "распространить", "составить", "населить", "покрыть"}
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
        places = _places(sentence.at(word.index - 2), given)
        ways = {_clause(reading, noun) for reading, noun in places}
        clause = ways.pop() if len(ways) == 1 else None
        if clause:
            span = (word.start, word.stop, clause)
            yield Edit((span,), f"{word.text} → {clause}")


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


def _clause(participle: Reading, noun: Reading) -> str | None:
    which = lemma_reading("который", "ADJF")
    number, gender = noun.number, noun.gender
    if which is None or (number == "sing" and gender not in {"masc", "femn", "neut"}):
        return None
    who = adjective(which, "nomn", number, gender, "")
    past_gender = "" if number == "plur" else gender
    if participle.voice == "pssv" and participle.tense == "past":
        short = inflected(participle, "PRTS", number, past_gender)
        was = "" if participle.lemma in _STATES else _WAS[past_gender] + " "
        return f"{who} {was}{short}" if who and short else None
    if participle.voice != "actv":
        return None
    if participle.tense == "pres":
        verb = inflected(participle, "VERB", "indc", "pres", "3per", number)
    else:
        verb = inflected(participle, "VERB", "indc", "past", number, past_gender)
    return f"{who} {verb}" if who and verb else None


_WAS = {"masc": "был", "femn": "была", "neut": "было", "": "были"}

RULES = (Rule("to_clause", "positive", "relative", to_clause),)
