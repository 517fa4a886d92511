"""Cutting of long documents at the end of a sentence.

Only the text around a possible end is given to razdel: splitting whole articles into sentences
would take longer than everything else that is done with them.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

_END = re.compile(r"[.!?…]+[\"»”')\]]*(?=\s)")
_AROUND = 150
# An end that stands after the middle may begin before it: its mark and what closes after it.
_MARKS = 10
# Sentence ends further back than this share of the limit are not looked for.
_LOOK_BACK = 0.5


def cut(text: str, limit: int) -> str:
    """Return `text`, or its longest beginning of at most `limit` characters that ends a sentence.

    A text without a sentence end in the second half of the limit is cut at a space, or within a
    word if it has none.
    """
    if len(text) <= limit:
        return text
    least = int(limit * _LOOK_BACK)
    ends = [m.end() for m in _END.finditer(text, max(0, least - _MARKS), limit + 1)]
    for end in reversed(ends):
        if least < end <= limit and _ends_sentence(text, end):
            return text[:end]
    space = text.rfind(" ", 1, limit + 1)
    return text[: space if space > 0 else limit].rstrip()


def cut_column(texts: pa.Array, limit: int) -> pa.Array:
    """Return `cut` of every text of a column."""
    long = pc.greater(pc.utf8_length(texts), limit)
    if not pc.any(long).as_py():
        return texts
    done = [cut(text, limit) for text in texts.filter(long).to_pylist()]
    return pc.replace_with_mask(texts, long, pa.array(done, texts.type))


def _ends_sentence(text: str, end: int) -> bool:
    from razdel import sentenize

    start = max(0, end - _AROUND)
    return any(s.stop == end - start for s in sentenize(text[start : end + _AROUND]))
