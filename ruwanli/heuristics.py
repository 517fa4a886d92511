"""WANLI's four heuristics and its cleaning, for Russian (algorithm of `filter.py`, section 1.3).

1. A side under 5 characters. 2. Both sides the same but for case and punctuation. 3. The model
speaks about the task. 4. A copy of an in-context example. Survivors lose quotes or brackets
around the whole text and a single unbalanced one at either end.
"""

import re
from collections.abc import Sequence
from typing import Any

from rupairs.russian import loop, new_mixed_words, not_russian
from rupairs.text import key
from ruwanli.stage import FilterSection

_META = re.compile(
    r"пар[аыу] предложений|в примерах|связаны между собой|предпосылка:|следует:|возможно:|"
    r"противоречит:|гипотеза:",
    re.IGNORECASE,
)
_AROUND = (("«", "»"), ('"', '"'), ("“", "”"), ("„", "“"), ("'", "'"), ("(", ")"))


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
    if found := _META.search(f"{premise} {hypothesis}"):
        return "meta_phrase", found.group()
    for example in examples:
        if (key(example["premise"]), key(example["hypothesis"])) == (key(premise), key(hypothesis)):
            return "copies_example", premise
    given = [text for e in examples for text in (e["premise"], e["hypothesis"])]
    for text in (premise, hypothesis):
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
    for opening, closing in _AROUND:
        inner = text[1:-1]
        if text.startswith(opening) and text.endswith(closing) and len(text) > 2:
            if opening not in inner and closing not in inner:
                return inner.strip()
        elif opening == closing:
            if text.count(opening) == 1:
                text = text.removeprefix(opening).removesuffix(opening).strip()
        elif text.count(opening) != text.count(closing):
            if text.startswith(opening) and closing not in text:
                text = text[1:].strip()
            elif text.endswith(closing) and opening not in text:
                text = text[:-1].strip()
    return text
