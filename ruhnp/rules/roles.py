"""Role swap: who did it and to whom it was done change places, each in the other's case.

«Россия победила Францию» → «Франция победила Россию». Both sides are single words or «Имя
Фамилия», both persons or both places, on either side of one verb (or «был» with a participle and
the agent in the instrumental); the past tense takes the gender of the new subject. Left alone:
verbs that mean the same both ways («встретил»), forms that could be another case. Goes wrong
where a pronoun later points to one of them by its gender.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ruhnp.rules.morphology import Reading, inflected, known
from ruhnp.rules.sentence import Sentence, Word, cased
from ruhnp.rules.variant import Draw, Edit, Rule

_NAMES = frozenset({"Name", "Surn", "Patr"})
_MUTUAL = frozenset(
    {"встретить", "встречать", "жениться", "быть", "являться", "стать", "называть", "знать"}
    | {"родиться", "назвать", "считать", "представлять", "напоминать", "обнять", "составлять"}
)


@dataclass(frozen=True)
class Side:
    """One participant: its words, its kind, and one reading a word."""

    words: tuple[Word, ...]
    readings: tuple[Reading, ...]
    kind: str

    @property
    def head(self) -> Reading:
        """The reading that the verb agrees with."""
        return self.readings[0]

    def inflected(self, case: str) -> str | None:
        """Return the participant in a case, with its capitals."""
        forms = [inflected(r, r.number, case) for r in self.readings]
        if None in forms:
            return None
        named = {"Geox"} | _NAMES
        written = zip(forms, self.readings, strict=True)
        return " ".join(
            (form or "").capitalize() if r.grammemes & named else form or "" for form, r in written
        )


def roles(sentence: Sentence, draw: Draw) -> Iterator[Edit]:
    """Yield the sentence with two participants of one verb in each other's place."""
    for word in sentence.words:
        verb = next((r for r in word.readings if r.pos in {"VERB", "PRTS"}), None)
        if verb is None or verb is not word.readings[0] or verb.lemma in _MUTUAL or word.depth:
            continue
        copula = verb.pos == "PRTS" and sentence.at(word.index - 1).lower in _WAS
        subject = _ending(sentence, word.index - (2 if copula else 1), "nomn")
        other = _starting(sentence, word.index + 1, "ablt" if verb.pos == "PRTS" else "")
        if subject is None or other is None or subject.kind != other.kind:
            continue
        if _again(sentence, subject) or _again(sentence, other):
            continue
        yield from _swapped(sentence, (word, verb, copula), subject, other)


def _again(sentence: Sentence, side: Side) -> bool:
    """Whether the participant is named a second time."""
    return sum(1 for w in sentence.words if side.head.lemma in w.lemmas) > 1


_WAS = frozenset({"был", "была", "было", "были"})


def _swapped(
    sentence: Sentence, predicate: tuple[Word, Reading, bool], subject: Side, other: Side
) -> Iterator[Edit]:
    word, verb, copula = predicate
    into_first, into_second = other.inflected("nomn"), subject.inflected(other.head.case)
    new_verb = _agreeing(word, verb, other.head)
    before = sentence.at(word.index - 1)
    was = _was(other.head) if copula else ""
    if not (into_first and into_second and new_verb):
        return
    first, last = subject.words[0], subject.words[-1]
    spans = [
        (first.start, last.stop, cased(into_first, first.text)),
        (word.start, word.stop, new_verb),
        (other.words[0].start, other.words[-1].stop, into_second),
    ]
    if copula:
        spans.append((before.start, before.stop, was))
    old = sentence.text[first.start : other.words[-1].stop]
    between = f"{was} {new_verb}".strip()
    yield Edit(tuple(spans), f"{old} → {into_first} {between} {into_second}")


def _was(head: Reading) -> str:
    if head.number == "plur":
        return "были"
    return {"masc": "был", "femn": "была", "neut": "было"}.get(head.gender, "был")


def _agreeing(word: Word, verb: Reading, head: Reading) -> str | None:
    if verb.number != head.number:
        return None
    if verb.tense == "past" or verb.pos == "PRTS":
        gender = "" if head.number == "plur" else head.gender
        return inflected(verb, head.number, gender) if gender != "ms-f" else None
    return word.text


def _side(words: tuple[Word, ...], case: str) -> Side | None:
    """Return the participant that the words are in a case, or None where they may be another."""
    chosen: list[Reading] = []
    kinds: set[str] = set()
    for word in words:
        fits = [r for r in word.readings if r.pos == "NOUN" and r.case == case]
        named = [r for r in fits if r.grammemes & (_NAMES | {"Geox"})]
        if not fits or not (named or known(word.lower)):
            return None
        reading = (named or fits)[0]
        if word.capital and word.index and not named:
            return None
        if not named and reading.animacy != "anim":
            return None
        kinds.add("place" if "Geox" in reading.grammemes else reading.animacy)
        chosen.append(reading)
    if len(kinds) != 1 or len({(r.number, r.gender) for r in chosen}) != 1:
        return None
    sure = all(_certain(w, r, case) for w, r in zip(words, chosen, strict=True))
    return Side(words, tuple(chosen), kinds.pop()) if sure else None


def _certain(word: Word, reading: Reading, case: str) -> bool:
    """Whether the nominative cannot be an object here, nor the object a subject."""
    same = [r for r in word.readings if r.pos == "NOUN" and r.animacy == reading.animacy]
    cases = {r.case for r in same if r.number == reading.number}
    return "nomn" not in cases - {case} and not (case == "nomn" and "accs" in cases)


def _ending(sentence: Sentence, last: int, case: str) -> Side | None:
    """Return the participant whose last word is at `last` and that opens a clause."""
    for length in (2, 1):
        first = last - length + 1
        before = sentence.at(first - 1)
        opens = before.text in {"", ",", "—"} or before.lower in {"и", "что", "году", "когда"}
        words = tuple(sentence.words[max(0, first) : last + 1])
        fits = len(words) == length and first >= 0 and opens and _together(words)
        if fits and (side := _side(words, case)):
            return side
    return None


def _starting(sentence: Sentence, first: int, case: str) -> Side | None:
    """Return the participant whose first word is at `first`, in the given or an object's case."""
    for length in (2, 1):
        words = tuple(sentence.words[first : first + length])
        after = sentence.at(first + length)
        # A genitive after it would belong to it («Петру Великого» and the like).
        closes = not after.capital and not any(r.case == "gent" for r in after.readings)
        if len(words) < length or not closes or not _together(words) or after.lower == "и":
            continue
        for wanted in [case] if case else ["accs", "datv"]:
            if side := _side(words, wanted):
                return side
    return None


def _together(words: tuple[Word, ...]) -> bool:
    if any(w.depth or not w.russian for w in words):
        return False
    return len(words) == 1 or all(w.capital for w in words)


RULES = (Rule("roles", "negative", "role_swap", roles),)
