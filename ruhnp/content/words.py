"""Words as they are compared: in lower case, ё as е, and all forms of a word as one word."""

from functools import lru_cache

from ruhnp.rules.morphology import Reading, readings
from rupairs.text import key

# Small words whose absence changes neither who, nor what, nor when.
PARTICLES = frozenset({"же", "ж", "ли", "ль", "бы", "б", "и", "даже", "ведь", "уж"})
# Of these, the ones that do make a difference of modality.
CONDITIONAL = frozenset({"бы", "б"})


@lru_cache(maxsize=4_096)
def words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text without punctuation."""
    return tuple(key(text).split())


@lru_cache(maxsize=200_000)
def lemmas(word: str) -> frozenset[str]:
    """Return the lemmas of a word, ё folded."""
    return frozenset(reading.lemma.replace("ё", "е") for reading in readings(word))


def same_word(one: str, other: str) -> bool:
    """Whether two words in lower case are forms of one word."""
    return one == other or bool(lemmas(one) & lemmas(other))


@lru_cache(maxsize=50_000)
def only_inflected(one: str, other: str) -> bool:
    """Whether two words differ in case, number, gender or person alone.

    Another tense, mood, voice or degree says something else.
    """
    return any(_form(a) == _form(b) for a in readings(one) for b in readings(other))


def _form(reading: Reading) -> tuple[str, ...]:
    kept = sorted(reading.grammemes & {"impr", "indc", "Supr"})
    return reading.lemma, reading.pos, reading.tense, reading.voice, *kept


def subject_moved(pairs: list[tuple[str, str]]) -> bool:
    """Whether one word leaves the nominative and another enters it: «Отец ждёт сына» → «Отца …»."""
    left = any("nomn" in _cases(a) and "nomn" not in _cases(b) for a, b in pairs)
    entered = any("nomn" not in _cases(a) and "nomn" in _cases(b) for a, b in pairs)
    return left and entered


def _cases(word: str) -> frozenset[str]:
    return frozenset(reading.case for reading in readings(word) if reading.case)
