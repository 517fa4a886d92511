"""What two texts differ in when they differ in nothing that matters.

Their words are laid side by side. Small words (`PARTICLES`) are left out first; what is left must
be the same words in the same order, each at most inflected or replaced by a synonym of the rules'
table (its conditions are not looked at), or exactly the same words in another order.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache

from ruhnp.content.names import names
from ruhnp.content.words import (
    PARTICLES,
    lemmas,
    only_inflected,
    subject_moved,
    words,
)

Difference = frozenset[str]
INFLECTION, SYNONYM, PARTICLE, ORDER = "inflection", "synonym", "particle", "order"
_MOST_NEW = 8


@lru_cache(maxsize=4_096)
def trivial(one: str, other: str) -> Difference | None:
    """Return what the texts differ in, of `INFLECTION`, `SYNONYM`, `PARTICLE`, `ORDER`.

    None means that they differ in something else, which may matter.
    """
    a, b = _bare(one), _bare(other)
    if abs(len(a) - len(b)) > 3 or len(set(a) ^ set(b)) > _MOST_NEW:
        return None
    found = _compared(a, b, (one, other))
    if found is None:
        return None
    particles = sorted(set(words(one)) & PARTICLES) != sorted(set(words(other)) & PARTICLES)
    return found | {PARTICLE} if particles else found


def _bare(text: str) -> tuple[str, ...]:
    return tuple(word for word in words(text) if word not in PARTICLES)


def _compared(a: tuple[str, ...], b: tuple[str, ...], texts: tuple[str, str]) -> Difference | None:
    if a == b:
        return frozenset()
    if sorted(a) == sorted(b):
        return None if _exchanged(a, b, texts) else frozenset({ORDER})
    found: set[str] = set()
    inflected: list[tuple[str, str]] = []
    for left, right in _replaced(a, b):
        kinds = _kinds(left, right)
        if kinds is None:
            return None
        found |= kinds
        inflected += zip(left, right, strict=False) if INFLECTION in kinds else []
    # «Отец ждёт сына» → «Отца ждёт сын»: the same words, and somebody else waits.
    return None if subject_moved(inflected) else frozenset(found)


def _exchanged(a: tuple[str, ...], b: tuple[str, ...], texts: tuple[str, str]) -> bool:
    """Whether names, numbers or two words far apart have changed places, not just any words."""
    marked = {word.lower().replace("ё", "е") for t in texts for name in names(t) for word in name}
    marked |= {word for word in a if word[0].isdigit()}
    if [w for w in a if w in marked] != [w for w in b if w in marked]:
        return True
    moved = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    return len(moved) == 2 and moved[1] - moved[0] > 1


def _replaced(
    a: Sequence[str], b: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for tag, i, j, k, n in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            yield tuple(a[i:j]), tuple(b[k:n])


def _kinds(left: tuple[str, ...], right: tuple[str, ...]) -> Difference | None:
    if (left, right) in _phrases():
        return frozenset({SYNONYM})
    if len(left) != len(right):
        return None
    found = set()
    for a, b in zip(left, right, strict=True):
        if only_inflected(a, b):
            found.add(INFLECTION)
        elif _synonyms(a, b):
            found.add(SYNONYM)
        else:
            return None
    return frozenset(found)


def _synonyms(a: str, b: str) -> bool:
    pairs = _lemma_pairs()
    return ((a,), (b,)) in _phrases() or any((x, y) in pairs for x in lemmas(a) for y in lemmas(b))


@cache
def _table() -> list[tuple[str, str, str]]:
    """Return (part of speech, word, word) of the rules' table of synonyms, ё folded."""
    from ruhnp.rules.tables import lines

    entries = (line.replace("ё", "е").split()[:4] for line in lines("synonyms.txt"))
    return [(pos, source, target) for pos, source, _, target in entries]


@cache
def _lemma_pairs() -> frozenset[tuple[str, str]]:
    single = [(a, b) for pos, a, b in _table() if pos != "PHRASE"]
    return frozenset(single) | {(b, a) for a, b in single}


@cache
def _phrases() -> frozenset[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return pairs of phrases without the words they begin or end with in common."""
    found = set()
    for pos, source, target in _table():
        if pos == "PHRASE":
            found |= set(_trimmed(_words_of(source), _words_of(target)))
    return frozenset(found)


def _words_of(phrase: str) -> list[str]:
    return list(words(phrase.replace("_", " ")))


def _trimmed(a: list[str], b: list[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    yield from ((tuple(a), tuple(b)), (tuple(b), tuple(a)))
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    if a and b:
        yield from ((tuple(a), tuple(b)), (tuple(b), tuple(a)))
