"""`clean` and `key` over whole Arrow columns, with the very results of `rupairs.text`.

1. Nearly all texts hold nothing but letters, digits and punctuation that the two functions leave
   alone or treat the same everywhere. A pattern picks them out, and Arrow does the little that is
   to be done: runs of spaces, case, punctuation.
2. Every other text (a stress mark, an invisible character, scripts mixed in a word, a minus) goes
   through the function itself, one by one.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from rupairs.text import clean, key

# Runs of these are one space after `clean`; Python's `\s` and what `rupairs.text` adds to it.
_HARD_SPACE = (
    r"\t-\r\x{1c}-\x{1f}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}"
    r"\x{3000}"
)
_SPACE = f" {_HARD_SPACE}"
# Characters that `clean` leaves where and what they are, beside any other of them.
_PLAIN = (
    r"!-~\x{a1}-\x{ac}\x{ae}-\x{17f}\x{400}-\x{482}\x{48a}-\x{52f}\x{2010}-\x{2027}"
    r"\x{2030}-\x{205e}\x{20a0}-\x{20bf}\x{2116}\x{2122}\x{2190}-\x{21ff}\x{2200}-\x{22ff}"
    r"\x{391}-\x{3a1}\x{3a3}-\x{3c9}\x{2600}-\x{27bf}\x{1f1e6}-\x{1f1ff}\x{1f300}-\x{1f64f}"
    r"\x{1f680}-\x{1f6ff}\x{1f900}-\x{1f9ff}"
)
_PLAIN_TEXT = f"^[{_PLAIN}{_SPACE}]*$"
_UNEVEN = f"[{_SPACE}]{{2,}}|[^ {_PLAIN}]|^ | $"

_LETTERS = (
    r"A-Za-z\x{c0}-\x{d6}\x{d8}-\x{de}\x{e0}-\x{f6}\x{f8}-\x{ff}\x{400}-\x{45f}\x{490}\x{491}"
)
_SIGNS = r"%$€₽£+=<>°\x{2212}"
_SIMPLE_TEXT = (
    rf"^[ -~{_LETTERS}{_SIGNS}\x{{a1}}-\x{{a7}}\x{{a9}}\x{{ab}}\x{{ac}}\x{{ae}}\x{{b1}}\x{{b6}}"
    r"\x{b7}\x{bb}\x{bf}\x{d7}\x{f7}\x{2010}-\x{2016}\x{2018}-\x{2027}\x{2030}-\x{2032}\x{2116}"
    r"\x{2600}-\x{2775}\x{2794}-\x{27bf}\x{1f1e6}-\x{1f1ff}\x{1f300}-\x{1f64f}\x{1f680}-\x{1f6ff}"
    r"\x{1f900}-\x{1f9ff}]*$"
)
_CYRILLIC = r"\x{400}-\x{45f}\x{490}\x{491}"
# № becomes the letters "No".
_MIXED_WORD = f"[A-Za-z№][{_CYRILLIC}]|[{_CYRILLIC}][A-Za-z№]"
_MINUS = r"(^|[ (\[«\"'])[-\x{2212}\x{2013}][0-9]"
_IGNORED = f"[^{_LETTERS}0-9{_SIGNS} ]+"


def clean_column(texts: pa.Array) -> pa.Array:
    """Return `rupairs.text.clean` of every text of a string column without nulls."""
    uneven = pc.match_substring_regex(texts, _UNEVEN)
    if not pc.any(uneven).as_py():
        return texts
    few = texts.filter(uneven)
    plain = pc.match_substring_regex(few, _PLAIN_TEXT)
    mended = _single_spaces(pc.replace_substring_regex(few, f"[{_HARD_SPACE}]+", " "))
    return pc.replace_with_mask(texts, uneven, _by_one(few, mended, plain, clean))


def key_column(texts: pa.Array) -> pa.Array:
    """Return `rupairs.text.key` of every text of a column that `clean_column` returned."""
    simple = pc.match_substring_regex(texts, _SIMPLE_TEXT)
    for trap in (_MIXED_WORD, _MINUS):
        simple = pc.and_not(simple, pc.match_substring_regex(texts, trap))
    keys = pc.replace_substring(texts, "№", "No")
    keys = pc.utf8_lower(pc.replace_substring_regex(keys, _IGNORED, " "))
    keys = pc.replace_substring(keys, "ё", "е")
    keys = _single_spaces(keys)
    return _by_one(texts, keys, pc.and_(simple, pc.not_equal(keys, "")), key)


def _single_spaces(texts: pa.Array) -> pa.Array:
    return pc.utf8_trim(pc.replace_substring_regex(texts, "  +", " "), " ")


def _by_one(
    texts: pa.Array, mended: pa.Array, fit: pa.Array, function: Callable[[str], str]
) -> pa.Array:
    """Return `mended` where it is fit, and the function's result of the text where not."""
    odd = pc.invert(fit)
    if not pc.any(odd).as_py():
        return mended
    results = [function(text) for text in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(mended, odd, pa.array(results, mended.type))
