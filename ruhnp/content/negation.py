"""Negations in a text: how often it negates, and which other words deny something.

Set phrases with «не» that negate nothing («не только», «тем не менее») do not count, nor does a
double negation («не мог не»).
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from ruhnp.content.words import lemmas, words

_IDIOMS = re.compile(
    r"\b(?:тем не менее|вместе с тем не менее|не только|не столько|не просто|не менее|не более|"
    r"не раз|не позднее|не позже|не раньше|не ранее|не иначе как|не считая|чуть не|едва не|"
    r"чуть ли не|едва ли не|что ни на есть|бы то ни|на нет|(?:бы|как|где|куда|кто|что) ни|"
    r"(?:не (?:мо[гж]\w*|может)|нельзя) не)\b"
)
_NEGATIONS = frozenset(
    {"не", "нет", "нету", "ни", "без", "безо", "нельзя", "невозможно", "никогда", "нигде"}
    | {"никуда", "никак", "никто", "никого", "никому", "никем", "ничто", "ничего", "ничему"}
    | {"ничем", "никакой", "никакая", "никакое", "никакие", "никаких", "никакого", "никакому"}
    | {"никаким", "никакими", "никакую"}
)
# Verbs and nouns that say by themselves that something did not come about or is not there.
_DENYING = re.compile(
    r"отмен|отказ|откаж|запре[тщ]|отсутств|лиш[ае]|лишил|лишён|лишен|прекра[тщ]|переста|утра[тч]|"
    r"потеря|провал|избе[жг]|недоста|неуда[чл]|уклон|отверг|отклон|сорва|пропусти|забы[лтв]|отрица|"
    r"опроверг|помеша|мешал|воспрепят|вряд|едва|редк|мало|лишь|только|кроме|помимо|пуст[оы]|свобод"
)
_PREFIXED = re.compile(r"(?:не|без|бес)(?=\w{4})")
_NO_PREFIX = frozenset(
    {"неделя", "нефть", "немец", "немецкий", "небо", "небесный", "нерв", "нервный", "нефтяной"}
    | {"некоторый", "несколько", "некогда", "некто", "нечто", "некий", "беседа", "бесед"}
    | {"недельный", "неаполь", "неаполитанский", "нептун", "невеста", "невский", "неон"}
)


@dataclass(frozen=True)
class Negations:
    """Negating words with the word each stands before, and words that deny by their meaning."""

    plain: Counter[tuple[str, str]]
    denying: Counter[str]

    @property
    def count(self) -> int:
        """Return how often the text negates."""
        return self.plain.total()


@lru_cache(maxsize=4_096)
def negations(text: str) -> Negations:
    """Return the negations of a text."""
    counted = _IDIOMS.sub(" ", " ".join(words(text))).split()
    following = [*counted[1:], ""]
    plain = Counter(
        (word, min(lemmas(after), default=""))
        for word, after in zip(counted, following, strict=True)
        if word in _NEGATIONS
    )
    denying = Counter(
        min(lemmas(word)) for word in counted if word not in _NEGATIONS and _denies(word)
    )
    return Negations(plain, denying)


def _denies(word: str) -> bool:
    if _DENYING.match(word):
        return True
    return _PREFIXED.match(word) is not None and not lemmas(word) & _NO_PREFIX
