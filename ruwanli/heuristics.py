"""WANLI's four heuristics and its cleaning, for Russian (Liu et al. 2022, arXiv 2201.05955).

1. A side under 5 characters. 2. Both sides the same but for case and punctuation. 3. The model
speaks about the task. 4. A copy of an in-context example. Texts lose quotes, then brackets, around
the whole of them, then a single unbalanced one at either end; WANLI does this after the
heuristics, here it comes first, so that quotes do not count as characters.

What WANLI has no need of follows: a text that is too long, has markup, is not Russian, mixes
scripts in a word, or loops.
"""

import re
from collections.abc import Sequence
from typing import Any

from rupairs.russian import loop, new_mixed_words, not_russian
from rupairs.text import key
from ruwanli.stage import FilterSection

# The labels of the prompts stand with a capital: "Из отчёта следует: ..." is ordinary text.
_META = re.compile(
    r"(?i:пар[аыуе] предложений|предыдущи[ех] пример|как в примерах|связаны между собой)|"
    r"\b(?:Предпосылка|Гипотеза|Следует|Не следует|Возможно|Противоречит):|"
    # So translated MNLI calls whoever spoke; "Говорящий попугай" is a parrot.
    r"^Говорящий (?=\w+(?:ет|ит|ут|ют|ат|ят|ёт|л|ся)\b)"
)
_MARKUP = re.compile(r"<\s?/?[a-zA-Z][^<>]*>|&[a-z]+;|\*\*|\[\[|\]\]|https?://")
_QUOTES = (("«", "»"), ('"', '"'), ("“", "”"), ("„", "“"), ("'", "'"))
_BRACKETS = ("(", ")")


def fault(
    premise: str, hypothesis: str, examples: Sequence[dict[str, Any]], config: FilterSection
) -> tuple[str, str] | None:
    """Return (reason, evidence) of the first heuristic that a pair fails."""
    shorter, longer = sorted((premise, hypothesis), key=len)
    if len(shorter) < config.min_characters:
        return "too_short", shorter
    if len(longer) > config.max_characters:
        return "too_long", str(len(longer))
    if key(premise) == key(hypothesis):
        return "identical_sides", premise
    for text in (premise, hypothesis):
        if found := _META.search(text):
            return "meta_phrase", found.group()
    for example in examples:
        if (key(example["premise"]), key(example["hypothesis"])) == (key(premise), key(hypothesis)):
            return "copies_example", premise
    given = [text for e in examples for text in (e["premise"], e["hypothesis"])]
    for text in (premise, hypothesis):
        if found := _MARKUP.search(text):
            return "markup", found.group()
        if why := not_russian(text):
            return "not_russian", why
        if why := new_mixed_words(text, *given):
            return "mixed_script", why
        if why := loop(text):
            return "loop", why
    return None


def tidy(text: str) -> str:
    """Return `text` without marks around the whole of it or one unbalanced mark at an end."""
    text = text.strip()
    for marks in _QUOTES:
        if (inner := _inside(text, *marks)) is not None:
            text = inner
            break
    if (inner := _inside(text, *_BRACKETS)) is not None:
        text = inner
    for marks in (*_QUOTES, _BRACKETS):
        text = _balanced(text, *marks)
    return text


def _inside(text: str, opening: str, closing: str) -> str | None:
    """Return what stands between two marks that enclose all of a text and stand nowhere in it."""
    inner = text[1:-1]
    encloses = len(text) > 2 and text.startswith(opening) and text.endswith(closing)
    return inner.strip() if encloses and opening not in inner and closing not in inner else None


def _balanced(text: str, opening: str, closing: str) -> str:
    """Return `text` without a mark at an end that is the only one of its pair."""
    if opening == closing:
        if text.count(opening) == 1:
            text = text.removeprefix(opening).removesuffix(opening)
    elif text.count(opening) + text.count(closing) == 1:
        text = text.removeprefix(opening).removesuffix(closing)
    return text.strip()
