"""Noun phrases: adjectives before a noun that agree, in the cases its preposition allows.

Where it goes wrong: no syntax is known, so a genitive attribute may pass for the head of its own
phrase, and a word between preposition and noun («в построенном отцом доме») hides the government.
"""

from dataclasses import dataclass

from ruhnp.rules.morphology import Reading, adjective, inflected
from ruhnp.rules.sentence import Sentence, Word, cased

GOVERNMENT: dict[str, frozenset[str]] = {
    **dict.fromkeys(("в", "во", "на"), frozenset({"accs", "loct"})),
    **dict.fromkeys(("о", "об"), frozenset({"loct", "accs"})),
    **dict.fromkeys(("с", "со"), frozenset({"gent", "ablt", "accs"})),
    **dict.fromkeys(("за", "под", "подо"), frozenset({"accs", "ablt"})),
    **dict.fromkeys(("над", "перед"), frozenset({"ablt"})),
    "между": frozenset({"ablt", "gent"}),
    "по": frozenset({"datv", "accs", "loct"}),
    "при": frozenset({"loct"}),
    **dict.fromkeys(("к", "ко", "благодаря", "согласно", "вопреки"), frozenset({"datv"})),
    **dict.fromkeys(("через", "про", "сквозь", "спустя"), frozenset({"accs"})),
    **dict.fromkeys(
        (
            *("из", "изо", "от", "до", "у", "для", "без", "около", "после", "кроме", "вместо"),
            *("вдоль", "против", "среди", "из-за", "из-под", "ради", "вокруг", "возле"),
            *("внутри", "вне", "посредством", "путём", "ввиду", "вследствие", "вблизи", "свыше"),
        ),
        frozenset({"gent"}),
    ),
}
_ADJECTIVAL = frozenset({"ADJF", "PRTF"})


@dataclass(frozen=True)
class Phrase:
    """Words `start`..`head` of a sentence and the readings of the head that fit them all."""

    sentence: Sentence
    start: int
    head: int
    readings: tuple[Reading, ...]

    @property
    def stop(self) -> int:
        """Index after the head."""
        return self.head + 1

    @property
    def text(self) -> str:
        """The phrase as written."""
        return self.sentence.span(self.start, self.stop)

    @property
    def cases(self) -> frozenset[str]:
        """Every case the phrase can stand in."""
        return frozenset(r.case for r in self.readings)

    def only(self, case: str) -> "Phrase | None":
        """Return the phrase read in one case, or None if it cannot be."""
        left = tuple(r for r in self.readings if r.case == case)
        return Phrase(self.sentence, self.start, self.head, left) if left else None

    def inflected(self, case: str) -> str | None:
        """Return the phrase in another case, its number kept; None unless there is one way."""
        ways = {self._inflected(reading, case) for reading in self.readings}
        return ways.pop() if len(ways) == 1 else None

    def _inflected(self, head: Reading, case: str) -> str | None:
        changed: list[str] = []
        for index in range(self.start, self.head):
            word = self.sentence.words[index]
            new = _adjective(word, head, case)
            if new is None:
                return None
            changed.append(cased(new, word.text))
        noun = inflected(head, head.number, case)
        if noun is None:
            return None
        return " ".join([*changed, cased(noun, self.sentence.words[self.head].text)])


def _adjective(word: Word, head: Reading, case: str) -> str | None:
    if word.lower in {"и", "его", "её", "ее", "их"}:
        return word.lower
    for reading in word.readings:
        if reading.pos in _ADJECTIVAL and reading.agrees(head):
            return adjective(reading, case, head.number, head.gender, head.animacy)
    return None


def phrase_at(sentence: Sentence, start: int) -> Phrase | None:
    """Return the phrase that starts with the word at `start`."""
    head = start
    while head < sentence.end and _passes(sentence, head, start):
        head += 1
    nouns = [r for r in sentence.at(head).readings if r.pos == "NOUN"]
    allowed = government(sentence, start)
    fitting = tuple(
        noun
        for noun in nouns
        if (allowed is None or noun.case in allowed)
        and all(_fits(sentence.words[i], noun) for i in range(start, head))
    )
    return Phrase(sentence, start, head, fitting) if fitting else None


def phrase_of(sentence: Sentence, index: int) -> Phrase | None:
    """Return the longest phrase around the adjective or noun at `index`."""
    start = index
    while start > 0 and _is_adjective(sentence, start - 1):
        start -= 1
    for begin in range(start, index + 1):
        found = phrase_at(sentence, begin)
        if found and begin <= index <= found.head:
            return found
    return None


def government(sentence: Sentence, start: int) -> frozenset[str] | None:
    """Return the cases that the preposition before `start` allows, or None without one."""
    return GOVERNMENT.get(sentence.at(start - 1).lower)


def _passes(sentence: Sentence, index: int, start: int) -> bool:
    word = sentence.words[index]
    if word.lower == "и":
        return index > start and _is_adjective(sentence, index + 1)
    return _is_adjective(sentence, index)


def _is_adjective(sentence: Sentence, index: int) -> bool:
    """Whether the word is an adjective by its readings, or by a noun after it («правом берегу»)."""
    word = sentence.at(index)
    kinds = [r for r in word.readings if r.pos in _ADJECTIVAL]
    if sum(r.score for r in kinds) > 0.4 or word.lower in _POSSESSIVE:
        return True
    nouns = [r for r in sentence.at(index + 1).readings if r.pos == "NOUN"]
    return any(r.score > 0.05 and r.agrees(noun) for r in kinds for noun in nouns)


_POSSESSIVE = frozenset({"его", "её", "ее", "их"})


def _fits(word: Word, noun: Reading) -> bool:
    if word.lower == "и" or word.lower in _POSSESSIVE:
        return True
    return any(r.pos in _ADJECTIVAL and r.agrees(noun) for r in word.readings)


def vocalised(preposition: str, word: str) -> str:
    """Return the form of a preposition («в», «с», «к», «о») before a word."""
    base, word = _BASE.get(preposition, preposition), word.lower()
    if base == "о":
        return "об" if word[:1] in "аиоуэ" else "о"
    pairs = _PAIRS.get(base)
    return f"{base}о" if pairs and word.startswith(pairs) else base


_BASE = {"во": "в", "со": "с", "ко": "к", "об": "о"}
_CONSONANTS = "бвгджзйклмнпрстфхцчшщ"
_PAIRS: dict[str, tuple[str, ...]] = {
    "в": (*(a + b for a in "вф" for b in _CONSONANTS), "мног"),
    "с": (*(a + b for a in "сзшж" for b in _CONSONANTS), "щ", "вс", "вт", "мног", "льв"),
    "к": ("вс", "вт", "мног", "мне"),
}


def preposition_span(sentence: Sentence, index: int, new: str) -> tuple[tuple[int, int, str], ...]:
    """Return the edit that the preposition before `index` needs when the word becomes `new`."""
    before = sentence.at(index - 1)
    if before.lower not in {"в", "во", "с", "со", "к", "ко", "о", "об"}:
        return ()
    fitting = vocalised(before.lower, new)
    if fitting == before.lower:
        return ()
    return ((before.start, before.stop, cased(fitting, before.text)),)
