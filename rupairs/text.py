"""Russian text: `clean` repairs what carries no meaning, `key` says when two texts are the same.

`clean` is applied once, when a text enters the pipeline. `key` is only compared, never shown.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

_SPACES = re.compile(r"[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff]+")
# Zero-width marks, soft hyphen, direction marks, BOM, variation selectors.
_INVISIBLE = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# A stress mark stands after a Cyrillic vowel; й and ё are composed by NFC and stay.
_STRESS = re.compile(r"(?<=[аеиоуыэюяАЕИОУЫЭЮЯёЁ])[\u0300\u0301]")
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z]")

_LOOKALIKE_LATIN = "ABCEHKMOPTXYaceopxyk"
_LOOKALIKE_CYRILLIC = "АВСЕНКМОРТХУасеорхук"
_TO_CYRILLIC = str.maketrans(_LOOKALIKE_LATIN, _LOOKALIKE_CYRILLIC)
_TO_LATIN = str.maketrans(_LOOKALIKE_CYRILLIC, _LOOKALIKE_LATIN)

# Letters, digits, and the signs that change what a text says; `key` makes a space of the rest.
_IGNORED = re.compile(r"[^\w%№$€₽£+=<>°\u2212]|_")
_MINUS = re.compile(r"(?<![^\s(\[«\"'])[-−–](?=\d)")


def clean(text: str) -> str:
    """Return `text` in NFC with single spaces and without invisible or control characters.

    Stress marks over Cyrillic vowels go; quotes, dashes, case, ё and numbers stay as written.
    """
    text = unicodedata.normalize("NFC", text)
    text = _INVISIBLE.sub("", text)
    text = _SPACES.sub(" ", text)
    text = _CONTROL.sub("", text)
    text = _STRESS.sub("", text)
    return unicodedata.normalize("NFC", text).strip()


def _one_script(match: re.Match[str]) -> str:
    word = match.group()
    if not (_CYRILLIC.search(word) and _LATIN.search(word)):
        return word
    if all(c in _LOOKALIKE_LATIN for c in _LATIN.findall(word)):
        return word.translate(_TO_CYRILLIC)
    if all(c in _LOOKALIKE_CYRILLIC for c in _CYRILLIC.findall(word)):
        return word.translate(_TO_LATIN)
    return word


def mixed_script_words(text: str) -> list[str]:
    """Return the words of `text` that mix Cyrillic and Latin letters."""
    return [w for w in _WORD.findall(text) if _CYRILLIC.search(w) and _LATIN.search(w)]


# A pair asks for the keys of the same two texts several times in a row.
@lru_cache(maxsize=1024)
def key(text: str) -> str:
    """Return the form under which two texts count as the same text.

    Case, ё/е, punctuation, quotes, homoglyphs inside a word, stress marks and width variants do
    not matter; digits, a minus before a digit, and signs such as % do. Idempotent. Never empty
    for a text that `clean` leaves non-empty.
    """
    text = unicodedata.normalize("NFKC", clean(text))
    if _LATIN.search(text):
        text = _WORD.sub(_one_script, text)
    text = text.casefold().replace("ё", "е")
    text = _MINUS.sub("\u2212", text)
    folded = " ".join(_IGNORED.sub(" ", text).split())
    return folded or " ".join(text.split())


def digest(parts: Iterable[str], size: int = 16) -> str:
    """Return a hex id of `parts` in order, `size` bytes long; part borders matter."""
    h = blake2b(digest_size=size)
    for part in parts:
        raw = part.encode()
        h.update(len(raw).to_bytes(8, "little"))
        h.update(raw)
    return h.hexdigest()


def share(identifier: str, seed: int, purpose: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the three arguments."""
    value = digest((identifier, str(seed), purpose), size=8)
    return int(value, 16) / 2**64
