"""Names in a text, and whether another text still has them.

A name is a word with a capital that does not open a sentence (or that can be nothing but a name),
or a word of a short quotation in «». A name is still there when it stands in another form
(«Казань» → «в Казани»), as an adjective («казанский»), by its initial («Л. Толстой») or as an
abbreviation of its words («РФ»), or in a common word made from it («мексиканец»).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from ruhnp.content.numbers import ORDINALS
from ruhnp.content.words import lemmas, same_word
from ruhnp.rules.calendar import century
from ruhnp.rules.morphology import readings

Name = tuple[str, ...]
"""The words of a name, as written, in order."""

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_QUOTED = re.compile(r"«([^«»]+)»")
# Longer quotations are somebody's words, which a paraphrase may put differently.
_LONGEST_TITLE = 5
_STARTS = re.compile(r"(?:[!?…:]|(?<=\w{4})\.|(?<=\d)\.)[\"»”)]*\s+[\"«„(—\s]*$")
# «Вы», and what opens a sentence or a title: no names, whatever their capitals.
_NO_NAMES = frozenset({"NPRO", "PREP", "CONJ", "PRCL", "ADVB", "INTJ", "PRED"})
_ADJECTIVE = re.compile(r"(?:ов|ев|ин|ан|ян|ен|ий|ец|еч|ич|уз|ь)?[сц]к(?:ий|ой)$")
# Adjectives too far from their names to be recognised by the stem.
_IRREGULAR = {
    **{"датский": "дания", "рижский": "рига", "пражский": "прага", "волжский": "волга"},
    **{"турецкий": "турция", "греческий": "греция", "норвежский": "норвегия"},
    **{"американский": "сша", "британский": "великобритания", "камский": "кама"},
}
_ENDINGS = "аяоеуюыиьй"
_SHORTEST_STEM = 3
_SHORTEST_ROOT = 4
_MARKS = frozenset({"Name", "Surn", "Patr", "Geox"})
_LIKELY = 0.05


@lru_cache(maxsize=4_096)
def names(text: str) -> tuple[Name, ...]:
    """Return the names of a text; words with capitals side by side are one name."""
    return (*_capitals(text), *_titles(text))


def _capitals(text: str) -> Iterator[Name]:
    group: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if group and not re.fullmatch(r"\.? ?-?", text[end : match.start()]):
            yield tuple(group)
            group = []
        if _is_name(word, _opens(text, match.start())):
            group.append(word)
        elif group:
            yield tuple(group)
            group = []
        end = match.end()
    if group:
        yield tuple(group)


def _is_name(word: str, opening: bool) -> bool:
    if not word[0].isupper() or century(word) is not None:
        return False
    reading = readings(word.lower())[0]
    if not word.isupper() and (reading.pos in _NO_NAMES or "Apro" in reading.grammemes):
        return False
    if reading.lemma in ORDINALS:
        return False
    return not opening or _is_abbreviation(word) or _only_name(word)


def _only_name(word: str) -> bool:
    """Whether the dictionary knows the word as a name of a person or a place, and as no other."""
    usual = [r for r in readings(word.lower()) if r.score >= _LIKELY]
    return bool(usual) and all(r.grammemes & _MARKS for r in usual)


def _is_abbreviation(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _opens(text: str, start: int) -> bool:
    """Whether a sentence begins at `start`."""
    before = text[:start]
    return not any(c.isalnum() for c in before) or _STARTS.search(before) is not None


def _titles(text: str) -> Iterator[Name]:
    for match in _QUOTED.finditer(text):
        title = tuple(_TOKEN.findall(match.group(1)))
        if len(title) <= _LONGEST_TITLE:
            yield from ((word,) for word in title if len(word) > 1 and century(word) is None)


def lost(anchor: str, text: str) -> list[str]:
    """Return the names of `anchor` of which `text` has no word."""
    there = _TOKEN.findall(text)
    there_not = (name for name in names(anchor) if not _any_there(name, there))
    return [" ".join(name) for name in there_not if len("".join(name)) > 1]


def added(anchor: str, text: str) -> list[str]:
    """Return the words of names in `text` that `anchor` does not have."""
    there = _TOKEN.findall(anchor)
    return [
        word
        for name in names(text)
        if not _shortened(name, there)
        for word in name
        if len(word) > 1 and not _is_there(word, there)
    ]


def _any_there(name: Name, there: list[str]) -> bool:
    return _shortened(name, there) or any(_is_there(word, there) for word in name)


def _is_there(word: str, there: list[str]) -> bool:
    lower = word.lower().replace("ё", "е")
    if len(word) == 1:
        return any(other.startswith(word) for other in there)
    for other in there:
        folded = other.lower().replace("ё", "е")
        if same_word(lower, folded) or _declined(lower, folded) or _derived(lower, folded):
            return True
        if _grown(lower, folded) or (other.islower() and _begins(folded, lower)):
            return True
    return _is_abbreviation(word) and word[: max(2, len(word) - 2)] in _initials(there)


def _shortened(name: Name, there: list[str]) -> bool:
    """Whether the words of a name stand there as an abbreviation, which may have more of them."""
    initials = "".join(word[0] for word in name).upper()
    return len(name) > 1 and any(
        _is_abbreviation(word) and word.startswith(initials) for word in there
    )


def _initials(there: list[str]) -> str:
    return "".join(word[0] for word in there).upper()


def _declined(one: str, other: str) -> bool:
    """Whether two words differ at the end alone: names the dictionary does not know."""
    short, long = sorted((one, other), key=len)
    stem = short.rstrip(_ENDINGS)
    tail = long.removeprefix(stem)
    vowels = all(c in "аяоеуюыиьймхв" for c in tail) and (not tail or tail[0] not in "мхв")
    return len(stem) >= _SHORTEST_STEM and long.startswith(stem) and len(tail) <= 3 and vowels


def _begins(word: str, name: str) -> bool:
    """Whether a common word is made from a name: «мексиканец» from «Мексика»."""
    stem = name.rstrip(_ENDINGS)
    return len(stem) >= _SHORTEST_ROOT and word.startswith(stem)


def _grown(one: str, other: str) -> bool:
    """Whether one name ends in the other: «Великобритания» and «Британия»."""
    short, long = sorted((one.rstrip(_ENDINGS), other.rstrip(_ENDINGS)), key=len)
    return len(short) >= _SHORTEST_ROOT + 1 and long.endswith(short)


@lru_cache(maxsize=50_000)
def _derived(one: str, other: str) -> bool:
    """Whether one word is the adjective of the name that is the other."""
    return _adjective_of(one, other) or _adjective_of(other, one)


def _adjective_of(adjective: str, name: str) -> bool:
    for reading in readings(adjective)[:1]:
        lemma = reading.lemma.replace("ё", "е")
        base = _ADJECTIVE.sub("", lemma)
        if reading.pos != "ADJF" or base == lemma:
            continue
        if _IRREGULAR.get(lemma) in lemmas(name) | {name}:
            return True
        for form in lemmas(name):
            stem = form.rstrip(_ENDINGS)
            common = _common(base, form)
            if common >= 3 and common >= min(len(base), len(stem)) - 1:
                return True
    return False


def _common(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
