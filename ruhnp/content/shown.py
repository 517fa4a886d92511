"""Differences that plain checks can point at: such a negative is one whatever its words mean.

Others may be right as well («рыб» → «медуз»), but nothing here can tell them from a paraphrase.
"""

from functools import cache

from ruhnp.content.names import added, lost
from ruhnp.content.negation import negations
from ruhnp.content.numbers import numbers
from ruhnp.content.words import lemmas, words


def shown_difference(anchor: str, text: str) -> str | None:
    """Return what kind of difference can be pointed at, or None.

    number: a value that only one has, or other months or weekdays; negation: one denies, and the
    other does not in any way; antonym: a pair of the rules' table; name: one for another.
    """
    had, have = numbers(anchor), numbers(text)
    if had.lacks(have) or have.lacks(had) or had.dates != have.dates:
        return "number"
    if _denied(anchor, text):
        return "negation"
    if _opposite(anchor, text):
        return "antonym"
    return "name" if lost(anchor, text) and added(anchor, text) else None


def _denied(anchor: str, text: str) -> bool:
    one, other = negations(anchor), negations(text)
    if (one.count > 0) == (other.count > 0):
        return False
    return not (other if one.count else one).denying


def _opposite(anchor: str, text: str) -> bool:
    a, b = set(words(anchor)), set(words(text))
    gone = frozenset[str]().union(*(lemmas(w) for w in a - b))
    new = frozenset[str]().union(*(lemmas(w) for w in b - a))
    return any(_antonyms().get(word, frozenset()) & new for word in gone)


@cache
def _antonyms() -> dict[str, frozenset[str]]:
    """Return lemma → its opposites in the rules' table, both ways, ё folded."""
    from ruhnp.rules.tables import lines

    found: dict[str, frozenset[str]] = {}
    for line in lines("antonyms.txt"):
        _, one, _, other = line.replace("ё", "е").split()[:4]
        for a, b in ((one, other), (other, one)):
            found[a] = found.get(a, frozenset()) | {b}
    return found
