"""Checks of one generated text against its anchor: each returns what it found, or None.

None of them needs a model. The order in `CHECKS` is the order in which a reason is given.
"""

import re
from collections import Counter
from collections.abc import Callable

from rapidfuzz import fuzz

from ruhnp.stage import VerifySection
from rupairs.russian import loop, new_mixed_words, not_russian
from rupairs.text import key

Check = Callable[[str, str, str, VerifySection], str | None]
"""(anchor, text, kind, thresholds) → evidence."""

_META = re.compile(
    r"парафраз|перефраз|исходн\w+ предложени|исходное:|другое:|как (?:языковая модель|ии)\b|"
    r"не могу (?:выполнить|помочь)|вот (?:вариант|пример)|конечно[,!] вот|```|<\|",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_NEGATION = re.compile(r"\b(?:не|нет|ни|без|нельзя|никогда|никто|ничто|ничего)\b", re.IGNORECASE)
_STEM = 5
_END = re.compile(r"[.!?…»\")]$")


def length(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return the length ratio if it is out of bounds."""
    ratio = len(text) / len(anchor)
    fits = config.min_length_ratio <= ratio <= config.max_length_ratio
    return None if fits else f"{ratio:.2f} times the anchor"


def language(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return why the text is not Russian."""
    return not_russian(text)


def script(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return words of mixed script that the anchor does not have."""
    return new_mixed_words(text, anchor)


def meta(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return a phrase in which the model speaks about the task, unless the anchor has it."""
    found = _META.search(text)
    return found.group() if found and not _META.search(anchor) else None


def unfinished(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return the tail of a text that stops in mid-sentence though the anchor does not."""
    return text[-20:] if _END.search(anchor) and not _END.search(text) else None


def repetition(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return words the model repeats in a loop."""
    return loop(text)


def copy(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return the text if it is the anchor again."""
    return text if key(text) == key(anchor) else None


def near_copy(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return the overlap of a positive that changes next to nothing; negatives may be close."""
    if kind != "positive":
        return None
    overlap = fuzz.ratio(key(anchor), key(text)) / 100
    return f"{overlap:.3f}" if overlap > config.max_positive_overlap else None


def inflection(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return a negative that has the anchor's words in the anchor's order, endings aside."""
    return text if kind == "negative" and _stems(text) == _stems(anchor) else None


def _stems(text: str) -> list[str]:
    return [word if word.isdigit() else word[:_STEM] for word in key(text).split()]


def numbers(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return the numbers a positive adds or loses."""
    if kind != "positive":
        return None
    have, had = Counter(_NUMBER.findall(text)), Counter(_NUMBER.findall(anchor))
    changed = (have - had) + (had - have)
    return ", ".join(sorted(changed)) or None


def negation(anchor: str, text: str, kind: str, config: VerifySection) -> str | None:
    """Return the negation counts if a positive negates where the anchor does not, or back."""
    if kind != "positive":
        return None
    had, have = len(_NEGATION.findall(anchor)), len(_NEGATION.findall(text))
    return f"{had} → {have}" if (had > 0) != (have > 0) else None


CHECKS: tuple[tuple[str, Check], ...] = (
    ("length", length),
    ("not_russian", language),
    ("mixed_script", script),
    ("meta_phrase", meta),
    ("unfinished", unfinished),
    ("loop", repetition),
    ("copy", copy),
    ("near_copy", near_copy),
    ("only_inflection", inflection),
    ("numbers_changed", numbers),
    ("negation_changed", negation),
)


def first_fault(anchor: str, text: str, kind: str, config: VerifySection) -> tuple[str, str] | None:
    """Return (reason, evidence) of the first check that fails."""
    for reason, check in CHECKS:
        if evidence := check(anchor, text, kind, config):
            return reason, evidence
    return None
