"""Copula: «является» with the instrumental ↔ a dash with the nominative.

«Река является притоком Оби» → «Река — приток Оби»; «Посёлок — центр района» → «Посёлок является
центром района». The predicate is one noun with its adjectives, certain in its case, and nothing
later in the sentence agrees with it. Left alone: pronouns as subjects, lists of predicates,
participle clauses. Goes wrong on dashes that join other things than subject and predicate.
"""

from collections.abc import Iterator

from ruhnp.rules.phrase import Phrase, phrase_at
from ruhnp.rules.sentence import Sentence, Word
from ruhnp.rules.variant import Draw, Edit, Rule

_BE = {"является": "sing", "являются": "plur"}
_DASHES = frozenset({"—", "–"})
_ALLOWED_AFTER_COMMA = frozenset({"который", "где"})


def to_dash(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «X — Y» for «X является Y-ом»."""
    verbs = [w for w in sentence.words if w.lower in _BE]
    if len(verbs) != 1 or verbs[0].depth or set(sentence.lowers) & {"не", "также", "ли"}:
        return
    verb = verbs[0]
    if any(w.text in _DASHES | {":", ";"} for w in sentence.words) or verb.index == 0:
        return
    if not _is_subject(sentence, verb.index):
        return
    predicate = phrase_at(sentence, verb.index + 1)
    told = predicate.only("ablt") if predicate else None
    if told is None or not _ends_well(sentence, told, "ablt"):
        return
    new = told.inflected("nomn")
    if new is None or told.readings[0].number != _number(told):
        return
    last = sentence.words[told.head]
    span = (verb.start, last.stop, f"— {new}")
    yield Edit((span,), f"{verb.text} {told.text} → — {new}")


def _number(told: Phrase) -> str:
    return next(iter({r.number for r in told.readings}))


def _is_subject(sentence: Sentence, stop: int) -> bool:
    """Whether the words before `stop` are a noun in the nominative with its genitives or name."""
    subject = phrase_at(sentence, 0)
    if subject is None or subject.only("nomn") is None or subject.stop > stop:
        return False
    tail = sentence.words[subject.stop : stop]
    return all(w.russian and (w.capital or _is_genitive(w)) for w in tail)


def _is_genitive(word: Word) -> bool:
    return any(r.case == "gent" for r in word.readings[:1])


def _ends_well(sentence: Sentence, told: Phrase, case: str) -> bool:
    """Whether no other word of the sentence is a predicate of the same kind."""
    after = sentence.words[told.stop : sentence.end]
    if after and after[0].lower in {"и", "или", "а", "но"}:
        return False
    joined = (w for w in after if w.lower in {"и", "или"})
    if any(_could_be(sentence.at(w.index + 1), case) for w in joined):
        return False
    return _is_free(sentence, told.stop)


def _is_free(sentence: Sentence, start: int) -> bool:
    """Whether nothing from `start` on agrees with the predicate or is said of it."""
    for word in sentence.words[start : sentence.end]:
        if word.depth == 0 and _is_apposition(word):
            return False
        if word.text == ",":
            opened = sentence.at(word.index + 1)
            if any(r.pos == "PREP" for r in opened.readings[:1]):
                opened = sentence.at(word.index + 2)
            return any(r.lemma in _ALLOWED_AFTER_COMMA for r in opened.readings)
    return True


def _is_apposition(word: Word) -> bool:
    """Whether a word is a nominative that nothing governs: a name told of the same thing."""
    cases = {r.case for r in word.readings if r.pos == "NOUN"}
    return "nomn" in cases and not cases & {"gent", "loct", "ablt", "datv"}


def _could_be(word: Word, case: str) -> bool:
    return not word.russian or any(
        r.case == case and r.pos in {"NOUN", "ADJF", "PRTF"} for r in word.readings
    )


def from_dash(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «X является Y-ом» for «X — Y»."""
    dashes = [w for w in sentence.words if w.text in _DASHES and not w.depth]
    if len(dashes) != 1 or any(
        w.text in {":", ";", ","} for w in sentence.words[: dashes[0].index]
    ):
        return
    dash = dashes[0]
    subject = [w for w in sentence.words[: dash.index] if not w.depth and w.text not in "()«»"]
    if not subject or not all(w.russian for w in subject) or subject[-1].lower in {"это", "они"}:
        return
    predicate = phrase_at(sentence, dash.index + 1)
    told = predicate.only("nomn") if predicate else None
    if told is None or sentence.at(dash.index + 1).capital or not _plain_subject(sentence, dash):
        return
    if not _ends_well(sentence, told, "nomn") or any(_is_verb(w) for w in subject):
        return
    numbers = {r.number for r in told.readings}
    new = told.inflected("ablt")
    if new is None or numbers != {"sing"}:
        return
    span = (dash.start, sentence.words[told.head].stop, f"является {new}")
    yield Edit((span,), f"— {told.text} → является {new}")


def one_of(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «— один из …» for «является одним из …» and back."""
    for verb in sentence.words:
        new = _ONE_OF.get(sentence.at(verb.index + 1).lower)
        following = sentence.at(verb.index + 2).lower
        if new is None or following != "из" or verb.depth:
            continue
        if not _is_free(sentence, verb.index + 2):
            continue
        one, alone = sentence.words[verb.index + 1], not _DASHES & set(sentence.lowers)
        if verb.lower == "является" and alone and _is_subject(sentence, verb.index):
            span = (verb.start, one.stop, f"— {new}")
            yield Edit((span,), f"{verb.text} {one.text} из → — {new} из")
        elif verb.text in _DASHES and _plain_subject(sentence, verb) and one.lower in _NOMINATIVE:
            subject = sentence.words[: verb.index]
            if not any(_is_verb(w) or w.text in {",", ":", ";"} for w in subject):
                span = (verb.start, one.stop, f"является {new}")
                yield Edit((span,), f"{verb.text} {one.text} из → является {new} из")


_NOMINATIVE = {"один": "одним", "одна": "одной", "одно": "одним"}
_ONE_OF = _NOMINATIVE | {"одним": "один", "одной": "одна"}


def presents(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield «является Y-ом» for «представляет собой Y»."""
    for verb in sentence.words:
        be = {"представляет": "является", "представляют": "являются"}.get(verb.lower)
        if be is None or sentence.at(verb.index + 1).lower != "собой" or verb.depth:
            continue
        predicate = phrase_at(sentence, verb.index + 2)
        told = predicate.only("accs") if predicate else None
        if told is None or not _ends_well(sentence, told, "accs"):
            continue
        new = told.inflected("ablt")
        if new:
            span = (verb.start, sentence.words[told.head].stop, f"{be} {new}")
            yield Edit((span,), f"{verb.text} собой {told.text} → {be} {new}")


def _plain_subject(sentence: Sentence, dash: Word) -> bool:
    """Whether what stands before the dash is one thing in the nominative singular."""
    first = sentence.words[sentence.first]
    if first.depth:
        return True
    if any(r.case == "nomn" and r.number == "sing" for r in first.readings):
        return not any(w.lower == "и" for w in sentence.words[: dash.index])
    return False


def _is_verb(word: Word) -> bool:
    return any(r.pos in {"VERB", "PRTS", "INFN"} for r in word.readings[:1])


RULES = (
    Rule("to_dash", "positive", "copula", to_dash),
    Rule("from_dash", "positive", "copula", from_dash),
    Rule("one_of", "positive", "copula", one_of),
    Rule("presents", "positive", "copula", presents),
)
