"""Anchors: sentences that can be understood alone, each once, drawn by hash.

The draw is a function of the text and the seed, so adding sentences moves few of the others.
"""

import heapq
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ruhnp.stage import AnchorsSection
from rupairs.pairs import group_id
from rupairs.russian import not_russian
from rupairs.sentences import SENTENCE_SCHEMA
from rupairs.steps import Context
from rupairs.text import key, share

ANCHOR_SCHEMA = SENTENCE_SCHEMA.append(pa.field("group_id", pa.string(), nullable=False))

_DANGLING = re.compile(
    r"(?:он|она|оно|они|его|её|ее|их|ему|ей|им|это|этот|эта|эти|этого|этой|этих|тот|та|те|такой|"
    r"такая|такие|там|тогда|здесь|туда|оттуда|поэтому|однако|также|кроме того|при этом|"
    r"после этого|в то же время|например|последний|последняя|первый из них)\b",
    re.IGNORECASE,
)
_LIST_SCRAP = re.compile(
    r"^(?:[-–—*•·#|]|\d{1,3}[.)]\s|[а-яa-z]\))|[|{}<>]|https?://|:$|(?:;.*){3}"
)
_SENTENCE_END = re.compile(r"[.!?…][»\")]*$")
_PAIRED = (("(", ")"), ("«", "»"), ("[", "]"))


def unfit(text: str, config: AnchorsSection) -> tuple[str, str] | None:
    """Return (reason, evidence) if `text` cannot be an anchor."""
    length = len(text)
    if not config.min_characters <= length <= config.max_characters:
        return ("too_short" if length < config.min_characters else "too_long"), f"{length}"
    if found := _LIST_SCRAP.search(text):
        return "list_scrap", found.group()
    if found := _DANGLING.match(text.lstrip('«("— ')):
        return "dangling", found.group()
    if not text[0].isupper() and not text[0].isdigit() and text[0] not in '«"':
        return "not_a_sentence", text[:20]
    if not _SENTENCE_END.search(text):
        return "not_a_sentence", text[-20:]
    for opening, closing in _PAIRED:
        if text.count(opening) != text.count(closing):
            return "unbalanced", opening + closing
    if why := not_russian(text):
        return "not_russian", why
    return None


def choose(context: Context) -> None:
    """Write the anchors; every other sentence is dropped with its reason."""
    reader, config = context.inputs["harvest.texts"], context.config
    chosen = _draw(reader.rows(), config, context.seed)
    seen: set[str] = set()
    with context.writer(ANCHOR_SCHEMA) as writer:
        for row in writer.each(reader.rows()):
            why = unfit(row["text"], config)
            if why:
                writer.drop(row, *why)
            elif (same := key(row["text"])) in seen:
                writer.drop(row, "duplicate", row["text_id"])
            elif row["text_id"] not in chosen:
                seen.add(same)
                writer.drop(row, "over_limit", str(config.limit))
            else:
                seen.add(same)
                writer.keep(row | {"group_id": group_id(row["text"])})


def _draw(rows: Iterator[dict[str, Any]], config: AnchorsSection, seed: int) -> set[str]:
    fit = {row["text_id"] for row in rows if unfit(row["text"], config) is None}
    return set(heapq.nsmallest(config.limit, fit, key=lambda i: (share(i, seed, "anchor"), i)))
