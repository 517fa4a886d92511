"""Negation: «не» before the main verb, or taken away from before it.

«Завод выпускал станки» → «Завод не выпускал станки»; «— столица области» → «— не столица
области». The main verb is the first finite verb, and any other must stand in a clause opened by a
conjunction or «который» after a comma. Left alone: sentences that negate something already (but
for one plain «не» that can go), adverbs that «не» fits badly («вскоре», «впервые»), and verbs
whose object or subject would have to go to the genitive («имеет значение», «существует музей»).
Goes wrong where «не» reads as a contrast («не родился в Москве, а …»).
"""

from collections.abc import Iterator
from functools import cache

from ruhnp.rules.morphology import Reading
from ruhnp.rules.phrase import phrase_at
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.tables import lines
from ruhnp.rules.variant import Draw, Edit, Rule

_DASHES = frozenset({"—", "–"})


@cache
def _list(name: str) -> frozenset[str]:
    """Return a list of tables/negation.txt."""
    named = (line.split() for line in lines("negation.txt"))
    return frozenset(word for head, *words in named if head == f"{name}:" for word in words)


def negation(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence negated; «не» goes before the main verb or after the dash."""
    if _list("negative") & set(sentence.lowers):
        return
    main = _main_predicate(sentence)
    if main is None:
        yield from _negated_dash(sentence)
    elif _can_be_negated(sentence, main):
        new = f"{_not(sentence, main)} {_opened(sentence, main)}"
        new = cased(new, main.text)
        yield Edit(((main.start, main.stop, new),), f"{main.text} → {new}")


def _not(sentence: Sentence, main: Word) -> str:
    """Return «не», or «не был» before a bare participle that is dated: an event, not a state."""
    reading = finite(main)
    dated = any(w.text[:1].isdigit() for w in sentence.words)
    if reading is None or reading.pos != "PRTS" or not dated:
        return "не"
    form = {"masc": "был", "femn": "была", "neut": "было"}.get(reading.gender, "были")
    return f"не {form}"


def _opened(sentence: Sentence, main: Word) -> str:
    return main.lower if main.index == sentence.first else main.text


def finite(word: Word) -> Reading | None:
    """Return the finite reading of a word that can hardly be anything else."""
    fits = [r for r in word.readings if _is_finite(r)]
    return fits[0] if sum(r.score for r in fits) > 0.9 else None


def _is_finite(reading: Reading) -> bool:
    return reading.pos == "PRTS" or (reading.pos == "VERB" and "indc" in reading.grammemes)


def _main_predicate(sentence: Sentence) -> Word | None:
    """Return the first finite verb of the sentence."""
    return next((w for w in sentence.words if w.depth == 0 and finite(w)), None)


def _can_be_negated(sentence: Sentence, main: Word) -> bool:
    reading = finite(main)
    before = sentence.words[: main.index]
    if reading is None or sentence.name(main.index) or _is_unfit(reading):
        return False
    lowers = {w.lower for w in before} | {sentence.at(main.index + 1).lower}
    if lowers & _list("clashing") or any(w.text in {":", ";", "—", "–"} for w in before):
        return False
    if any(r.pos == "ADVB" for r in sentence.at(main.index - 1).readings[:1]):
        return False
    if {"а", "—", "–", "но"} & set(sentence.lowers):
        return False
    if any(_opens_clause(w) for w in before) or not _others_are_subordinate(sentence, main):
        return False
    if reading.lemma == "быть" and not _is_copula(sentence, main):
        return False
    if reading.lemma in _list("existential") and not _subject_before(sentence, main):
        return False
    if {"только", "лишь", "всего", "частично", "отчасти"} & set(sentence.lowers):
        return False
    if _counts_or_names(sentence, main):
        return False
    near = [r for w in sentence.words[main.index + 1 : main.index + 5] for r in w.readings]
    return not any(r.lemma in _list("genitive_objects") and r.case == "accs" for r in near)


def _counts_or_names(sentence: Sentence, main: Word) -> bool:
    """Whether the verb leads to what «не» would only contrast: a date, a count, a late subject."""
    after = sentence.words[main.index + 1 : main.index + 4]
    if after and after[0].text[:1].isdigit():
        return True
    if any(r.pos == "NUMR" for w in after for r in w.readings[:1]):
        return True
    opening = sentence.at(sentence.first)
    if _inverted(sentence, main):
        return True
    late = phrase_at(sentence, main.index + 1)
    framed = any(r.pos == "PREP" for r in opening.readings[:1]) or opening.text[0].isdigit()
    if late is None or framed or main.index == sentence.first:
        return False
    return late.only("nomn") is not None and sentence.at(main.index + 1).text != ","


def _is_unfit(reading: Reading) -> bool:
    return reading.lemma in _list("unfit") and reading.lemma != "быть"


def _inverted(sentence: Sentence, main: Word) -> bool:
    """Whether the sentence opens with an object or predicate: its subject comes after the verb."""
    opening = phrase_at(sentence, sentence.first)
    if opening is None or opening.stop > main.index:
        return False
    return "nomn" not in opening.cases


def _opens_clause(word: Word) -> bool:
    return any(r.lemma in _list("subordinate") and r.pos != "NOUN" for r in word.readings[:1])


def _others_are_subordinate(sentence: Sentence, main: Word) -> bool:
    clause = False
    for word in sentence.words[main.index + 1 :]:
        if word.text == "," and _opens_clause(_after_preposition(sentence, word.index + 1)):
            clause = True
        after_copula = finite(main) is not None and _first_lemma(main) == "быть"
        predicate = after_copula and any(r.pos == "PRTS" for r in word.readings)
        if finite(word) and not clause and word.depth == 0 and not predicate:
            return False
    return True


def _after_preposition(sentence: Sentence, index: int) -> Word:
    word = sentence.at(index)
    is_preposition = any(r.pos == "PREP" for r in word.readings[:1])
    return sentence.at(index + 1) if is_preposition else word


def _first_lemma(word: Word) -> str:
    return word.readings[0].lemma if word.readings else ""


def _is_copula(sentence: Sentence, main: Word) -> bool:
    """Whether «был» is followed by its predicate, not by a thing that was there."""
    after = sentence.at(main.index + 1)
    first = after.readings[0] if after.readings else None
    if first is None:
        return False
    if first.pos in {"PRTS", "ADJS"}:
        return True
    return all(r.case == "ablt" for r in after.readings if r.pos in {"NOUN", "ADJF", "PRTF"}) and (
        first.case == "ablt" and first.pos in {"NOUN", "ADJF"}
    )


def _subject_before(sentence: Sentence, main: Word) -> bool:
    after = sentence.at(main.index + 1)
    nominal = any(r.case == "nomn" or r.pos in {"NUMR", "NUMB"} for r in after.readings)
    starts = phrase_at(sentence, sentence.first)
    return not nominal and starts is not None and starts.only("nomn") is not None


def _negated_dash(sentence: Sentence) -> Iterator[Edit]:
    dashes = [w for w in sentence.words if w.text in _DASHES and w.depth == 0]
    if len(dashes) != 1 or ":" in sentence.text:
        return
    dash = dashes[0]
    target = sentence.at(dash.index + 1)
    if target.lower in {"это", "не"}:
        target = sentence.at(dash.index + 2)
    phrase = phrase_at(sentence, target.index)
    subject = [w for w in sentence.words[: dash.index] if w.depth == 0]
    if phrase is None or phrase.only("nomn") is None or not target.russian or target.capital:
        return
    # Digits before the dash: «1950 — поступил», a list or a range rather than a definition.
    if (
        not subject
        or any(w.text[0].isdigit() for w in subject)
        or _list("clashing") & set(sentence.lowers)
    ):
        return
    if _lists(sentence, phrase.stop):
        return
    evidence = f"— {phrase.text} → — не {phrase.text}"
    yield Edit(((target.start, target.start, "не "),), evidence)


def _lists(sentence: Sentence, start: int) -> bool:
    """Whether more predicates or a name follow: «не» would reach the first alone."""
    for word in sentence.words[start : sentence.end]:
        if word.text == ",":
            after = sentence.at(word.index + 1)
            kinds = {r.pos for r in after.readings[:1]}
            return not (
                kinds & {"PRTF", "PREP"} or any(r.lemma == "который" for r in after.readings)
            )
        cases = {r.case for r in word.readings if r.pos == "NOUN"}
        if word.depth == 0 and "nomn" in cases and not cases & {"gent", "loct", "ablt", "datv"}:
            return True
    return False


def affirmation(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence without its one «не» before a finite verb."""
    negations = [w for w in sentence.words if w.lower in _list("negative")]
    if len(negations) != 1 or negations[0].lower != "не" or negations[0].depth:
        return
    word = negations[0]
    verb, after = sentence.at(word.index + 1), sentence.at(word.index + 2)
    before = sentence.at(word.index - 1).lower
    reading = finite(verb)
    if reading is None or reading.lemma in {"быть", "мочь", "иметь", "существовать", "стать"}:
        return
    if before in {"ещё", "еще", "больше", "более", "пока", "чтобы", "если", "бы", "уже", "почти"}:
        return
    if {"но", "а", "зато", "хотя"} & set(sentence.lowers[word.index :]) or not _affirmable(after):
        return
    new = cased(verb.text, word.text)
    yield Edit(((word.start, verb.stop, new),), f"не {verb.text} → {verb.text}")


def _affirmable(after: Word) -> bool:
    """Whether what follows the verb keeps its form without «не»."""
    kinds = {r.pos for r in after.readings[:1]}
    return after.text in {".", ","} or bool(kinds & {"PREP", "ADVB", "INFN", "CONJ"})


RULES = (
    Rule("negation", "negative", "negation", negation),
    Rule("affirmation", "negative", "negation", affirmation),
)
