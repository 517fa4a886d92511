"""Edits: what makes a repeat, a near-repeat or something else of a text, by a seeded generator.

An edit returns the changed text, or None where the text has no place for it.
"""

import random
import re
from collections.abc import Callable

Edit = Callable[[random.Random, str], str | None]

# A word more or less is a small change only in a side this long.
LONG_SIDE = 100
_WORD = re.compile(r"[а-яё]{4,10}")
_NUMBER = re.compile(r"\d+")
_PLACE = re.compile(r"(?<=[а-я,] )(?=[а-яё]{5,})")
_LETTERS = "абвгдежзийклмнопрстуфхцчшщыьэюя"
_OTHER_WORDS = ("однако", "поэтому", "сегодня", "отчасти", "повторно", "действительно", "заметно")
_NEGATIONS = frozenset({"никогда", "никто", "нельзя"})


def folded(rng: random.Random, text: str) -> str:
    """Return a text that differs only in what a key leaves out: case, ё, quotes, final marks."""
    kinds: tuple[Callable[[str], str], ...] = (
        str.upper,
        str.lower,
        lambda t: t.replace("ё", "е").replace("Ё", "Е"),
        lambda t: t.rstrip(".") + rng.choice(("!", "...", "…", " .", "")),
        lambda t: f"«{t}»",
        lambda t: t.replace(", ", " , ").replace(" — ", " - "),
        lambda t: "  ".join(t.split(" ", 1)),
    )
    for kind in rng.sample(kinds, len(kinds)):
        if (changed := kind(text)) != text:
            return changed
    return f'"{text}"'


def typo(rng: random.Random, text: str) -> str | None:
    """Return the text with one letter of one word dropped, doubled, replaced, or swapped."""
    if (found := _some_word(rng, text)) is None:
        return None
    at = rng.randrange(found.start() + 1, found.end() - 1)
    before, letter, after = text[:at], text[at], text[at + 1 :]
    changes = (
        before + after,
        before + letter + letter + after,
        before + rng.choice(_LETTERS.replace(letter, "")) + after,
        before + after[0] + letter + after[1:],
    )
    changed = rng.choice(changes)
    return changed if changed != text else before + after


def typos(rng: random.Random, text: str) -> str | None:
    """Return the text with a typo for every 150 characters begun, three at most."""
    changed: str | None = text
    for _ in range(min(3, 1 + len(text) // 150)):
        changed = typo(rng, changed) if changed is not None else None
    return changed


def word_dropped(rng: random.Random, text: str) -> str | None:
    """Return a long side without one of its words."""
    found = _some_word(rng, text) if len(text) >= LONG_SIDE else None
    if found is None:
        return None
    return (text[: found.start()].rstrip() + " " + text[found.end() :].lstrip()).strip()


def word_replaced(rng: random.Random, text: str) -> str | None:
    """Return a long side with one of its words replaced by another."""
    found = _some_word(rng, text) if len(text) >= LONG_SIDE else None
    if found is None:
        return None
    fit = [w for w in _OTHER_WORDS if w != found.group() and len(w) <= len(found.group()) + 3]
    return text[: found.start()] + rng.choice(fit) + text[found.end() :] if fit else None


def number_changed(rng: random.Random, text: str) -> str | None:
    """Return the text with another number in the place of one of its own."""
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    number = rng.choice(found)
    other = str(int(number.group()) + rng.randrange(1, 9))
    return text[: number.start()] + other + text[number.end() :]


def negated(rng: random.Random, text: str) -> str | None:
    """Return the text with a `не` before one of its words."""
    places = [m.start() for m in _PLACE.finditer(text) if text[: m.start()][-4:] != " не "]
    if not places:
        return None
    at = rng.choice(places)
    return f"{text[:at]}не {text[at:]}"


def _some_word(rng: random.Random, text: str) -> re.Match[str] | None:
    """Return a whole lower-case word of the text that is no negation."""
    words = [
        m
        for m in _WORD.finditer(text)
        if m.group() not in _NEGATIONS
        and not text[m.start() - 1 : m.start()].isalnum()
        and not text[m.end() : m.end() + 1].isalnum()
    ]
    return rng.choice(words) if words else None
