"""Texts that differ in nothing but words left out or put in.

«Мост через реку построили» for «Каменный мост через реку построили быстро»: of headlines and
captions that differ so, people call nearly all the same. Not where the words are such that
everything turns on them: numbers, negations, and those of how much, how likely, how often.
"""

from difflib import SequenceMatcher

from ruhnp.content.negation import negations
from ruhnp.content.numbers import numbers
from ruhnp.content.words import lemmas, only_inflected, subject_moved, words

# Left out or put in, they make another statement.
_DECISIVE = frozenset(
    {"только", "лишь", "почти", "едва", "чуть", "около", "примерно", "более", "менее", "свыше"}
    | {"больше", "меньше", "мало", "много", "немного", "весь", "все", "каждый", "всякий", "любой"}
    | {"некоторый", "многий", "немногий", "большинство", "меньшинство", "половина", "часть"}
    | {"мочь", "должный", "можно", "нужно", "надо", "следует", "пытаться", "хотеть", "обещать"}
    | {"возможно", "вероятно", "наверное", "якобы", "будто", "вряд", "бы", "если", "план"}
    | {"всегда", "часто", "иногда", "редко", "обычно", "уже", "пока", "до", "после", "кроме"}
    | {"бывший", "будущий", "самый", "против", "вместо", "вопреки", "отказаться", "запретить"}
)


def left_out(one: str, other: str) -> tuple[str, ...]:
    """Return the words that one of the texts has more, if that is the whole difference."""
    if numbers(one) != numbers(other) or negations(one) != negations(other):
        return ()
    a, b = words(one), words(other)
    fewer: list[str] = []
    more: list[str] = []
    inflected: list[tuple[str, str]] = []
    for tag, i, j, k, n in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "replace":
            pairs = list(zip(a[i:j], b[k:n], strict=False))
            if j - i != n - k or not all(only_inflected(*pair) for pair in pairs):
                return ()
            inflected += pairs
        elif tag != "equal":
            fewer += a[i:j]
            more += b[k:n]
    found = tuple(fewer or more)
    # Words on both sides have changed their place, and perhaps their part in the sentence.
    if (fewer and more) or subject_moved(inflected) or any(lemmas(w) & _DECISIVE for w in found):
        return ()
    return found
