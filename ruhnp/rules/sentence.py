"""A sentence as words with places, and how edits are put back into its text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ruhnp.rules.morphology import Reading, lemmas, readings

_RUSSIAN = re.compile(r"[а-яё]+(?:-[а-яё]+)*", re.IGNORECASE)
_OPENING = "«(["
_CLOSING = "»)]"
_STRAIGHT = '"“”„'


@dataclass(frozen=True)
class Word:
    """A token: a word, a number or a mark; `depth` counts the quotes and brackets around it."""

    text: str
    start: int
    stop: int
    index: int
    depth: int

    @cached_property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @cached_property
    def russian(self) -> bool:
        """Whether the text is Cyrillic letters, with inner hyphens at most."""
        return _RUSSIAN.fullmatch(self.text) is not None

    @cached_property
    def capital(self) -> bool:
        """Whether the text starts with a capital."""
        return self.text[:1].isupper()

    @cached_property
    def lemmas(self) -> frozenset[str]:
        """The lemmas of all readings."""
        return lemmas(self.lower) if self.russian else frozenset()

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """The readings of the dictionary; none for what is not a Russian word."""
        return readings(self.lower) if self.russian else ()


@dataclass(frozen=True)
class Sentence:
    """An anchor as words."""

    text: str
    words: tuple[Word, ...]

    def at(self, index: int) -> Word:
        """Return the word at `index`, or an empty one outside the sentence."""
        return self.words[index] if 0 <= index < len(self.words) else _NOTHING

    def name(self, index: int) -> bool:
        """Whether the word is written as a name: a capital that does not open the sentence."""
        return self.at(index).text[:1].isupper() and index > self.first

    def plain(self, index: int) -> bool:
        """Whether the word is no name (but may open the sentence), outside quotes and brackets."""
        word = self.at(index)
        return word.depth == 0 and word.russian and not self.name(index) and not _caps(word.text)

    @cached_property
    def first(self) -> int:
        """Index of the first word that is not a mark."""
        return next((w.index for w in self.words if w.text[0].isalnum()), 0)

    @cached_property
    def lowers(self) -> tuple[str, ...]:
        """The words in lower case."""
        return tuple(w.lower for w in self.words)

    @cached_property
    def end(self) -> int:
        """Index of the mark that ends the sentence."""
        last = len(self.words)
        while last > 0 and self.words[last - 1].text in {".", "!", "?", "…", "..."}:
            last -= 1
        return last

    def span(self, start: int, stop: int) -> str:
        """Return the text of the words `start`..`stop` (exclusive)."""
        return self.text[self.words[start].start : self.words[stop - 1].stop]


_NOTHING = Word("", 0, 0, -1, 0)


def _caps(text: str) -> bool:
    return len(text) > 1 and text.isupper()


def sentence(text: str) -> Sentence:
    """Return `text` as words (razdel's tokens)."""
    from razdel import tokenize

    words: list[Word] = []
    depth, quoted = 0, False
    for token in tokenize(text):
        mark = token.text
        if mark in _CLOSING:
            depth = max(0, depth - 1)
        if mark in _STRAIGHT:
            quoted = not quoted
        words.append(Word(mark, token.start, token.stop, len(words), depth + quoted))
        if mark in _OPENING:
            depth += 1
    return Sentence(text, tuple(words))


def cased(new: str, old: str) -> str:
    """Return `new` with a capital where `old` starts with one."""
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def rewritten(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """Return `text` with the spans replaced and single spaces where something was cut out."""
    for start, stop, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[stop:]
    text = re.sub(r" {2,}", " ", text).strip()
    return re.sub(r" (?=[,.;:!?»)])", "", text)
