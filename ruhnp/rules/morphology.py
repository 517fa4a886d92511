"""Readings of a Russian word and its other forms, from the dictionary of pymorphy3.

A word with several readings is the rule here, not the exception: `same_form` gives the forms of
another word in all of them, and a rule goes on only when they are one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

_CASES = {"gen2": "gent", "gen1": "gent", "loc2": "loct", "loc1": "loct", "acc2": "accs"}
_RARE = frozenset({"Infr", "Slng", "Arch", "Erro", "Dist", "V-oy", "V-ey", "V-be", "V-bi", "voct"})
# The dictionary gives every theoretical reading; below this share it is noise.
_NOISE = 0.0005


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading; grammemes are named as in OpenCorpora, absent ones are ''."""

    word: str
    lemma: str
    pos: str
    case: str
    number: str
    gender: str
    animacy: str
    tense: str
    aspect: str
    voice: str
    grammemes: frozenset[str]
    score: float
    parse: Any = field(compare=False, repr=False)

    def agrees(self, other: "Reading") -> bool:
        """Whether an adjective or participle agrees with a noun in case, number and gender."""
        if self.number != other.number or (self.case and self.case != other.case):
            return False
        gendered = self.number == "sing" and self.gender and other.gender not in {"", "ms-f"}
        if gendered and self.gender != other.gender:
            return False
        if self.case == "accs" and self.animacy and other.animacy:
            return self.animacy == other.animacy
        return True


@cache
def _analyzer() -> Any:
    import pymorphy3  # type: ignore[import-untyped]

    return pymorphy3.MorphAnalyzer()


@lru_cache(maxsize=200_000)
def readings(word: str) -> tuple[Reading, ...]:
    """Return the readings of a word in lower case, the likeliest first."""
    found = [_reading(parse) for parse in _analyzer().parse(word)]
    usual = [r for r in found if r.score >= _NOISE and not r.grammemes & _RARE]
    return tuple(usual or found)


@lru_cache(maxsize=200_000)
def lemmas(word: str) -> frozenset[str]:
    """Return the lemmas of a word in lower case."""
    return frozenset(r.lemma for r in readings(word))


@lru_cache(maxsize=50_000)
def known(word: str) -> bool:
    """Whether the dictionary has the word, rather than guesses it by its ending."""
    return bool(_analyzer().word_is_known(word))


def _reading(parse: Any) -> Reading:
    tag = parse.tag
    grammemes = frozenset(map(str, tag.grammemes))
    gender = str(tag.gender or "")
    if "ms-f" in grammemes or "GNdr" in grammemes:
        gender = "ms-f"
    return Reading(
        word=parse.word,
        lemma=_lemma(parse, grammemes),
        pos=str(tag.POS or ""),
        case=_CASES.get(str(tag.case), str(tag.case or "")),
        number=str(tag.number or ""),
        gender=gender,
        animacy=str(tag.animacy or ""),
        tense=str(tag.tense or ""),
        aspect=str(tag.aspect or ""),
        voice=str(tag.voice or ""),
        grammemes=grammemes,
        score=float(parse.score),
        parse=parse,
    )


def _lemma(parse: Any, grammemes: frozenset[str]) -> str:
    # «лучший» is filed under «хороший»; what we replace is the superlative.
    if "Supr" in grammemes and (form := parse.inflect({"masc", "sing", "nomn"})):
        return str(form.word)
    return str(parse.normal_form)


@lru_cache(maxsize=20_000)
def lemma_reading(lemma: str, pos: str, aspect: str = "") -> Reading | None:
    """Return the reading of `lemma` as the dictionary form of a part of speech."""
    for reading in readings(lemma):
        same = reading.lemma.replace("ё", "е") == lemma.replace("ё", "е")
        if same and reading.pos == pos and (not aspect or reading.aspect == aspect):
            return reading
    return None


def inflected(reading: Reading, *grammemes: str) -> str | None:
    """Return the word in another form, or None if the dictionary has none."""
    return _inflected(reading, frozenset(g for g in grammemes if g))


@lru_cache(maxsize=100_000)
def _inflected(reading: Reading, grammemes: frozenset[str]) -> str | None:
    special = _SPECIAL.get((reading.lemma, grammemes & _NUMBER_CASE))
    if special:
        return special
    form = reading.parse.inflect(set(grammemes))
    return None if form is None else str(form.word)


_NUMBER_CASE = frozenset({"sing", "plur", "nomn", "gent", "datv", "accs", "ablt", "loct"})
# Forms that the dictionary has, and does not choose.
_SPECIAL = {
    ("год", frozenset({"plur", "gent"})): "лет",
    ("сто", frozenset({"gent"})): "ста",
}


def adjective(reading: Reading, case: str, number: str, gender: str, animacy: str) -> str | None:
    """Return an adjective or participle in the form that agrees with such a noun."""
    gender = "" if number == "plur" else gender
    animacy = animacy if case == "accs" and gender in {"", "masc"} else ""
    return inflected(reading, case, number, gender, animacy)


_KEPT = frozenset(
    {"sing", "plur", "masc", "femn", "neut", "past", "pres", "futr", "1per", "2per", "3per"}
    | {"indc", "impr", "COMP", "ADJS", "ADJF", "VERB", "INFN", "GRND", "PRTF", "PRTS", "Supr"}
    | {"nomn", "gent", "datv", "accs", "ablt", "loct", "actv", "pssv", "anim", "inan"}
)
_PARADIGM = {"ADJF": "ADJF", "ADJS": "ADJF", "COMP": "ADJF"}
_PARADIGM |= dict.fromkeys(("VERB", "INFN", "GRND", "PRTF", "PRTS"), "INFN")


def same_form(given: Iterable[Reading], lemma: str) -> set[str]:
    """Return the forms of `lemma` in the grammatical places of the given readings.

    A noun must have the gender (or stand in the plural) and the animacy of the one it replaces.
    An empty set means that some reading has no counterpart.
    """
    forms: set[str] = set()
    for reading in given:
        form = _same_form(reading, lemma)
        if form is None:
            return set()
        forms.add(form)
    return forms


@lru_cache(maxsize=50_000)
def _same_form(reading: Reading, lemma: str) -> str | None:
    base = lemma_reading(lemma, _PARADIGM.get(reading.pos, reading.pos), reading.aspect)
    if base is None:
        return None
    if reading.pos == "NOUN":
        if base.animacy != reading.animacy:
            return None
        if reading.number == "sing" and base.gender != reading.gender:
            return None
        return inflected(base, reading.number, reading.case)
    if reading.pos == "NUMR":
        animacy = reading.animacy if reading.case == "accs" else ""
        return inflected(base, reading.case, animacy) or inflected(base, reading.case)
    kept = set(reading.grammemes & _KEPT) | ({reading.case} if reading.case else set())
    if reading.pos == "VERB" and reading.tense == "past":
        kept.discard("3per")
    return inflected(base, *kept)
