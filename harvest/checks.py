"""Checks of single rows: a table of drafts becomes a table of pairs, each kept or with a reason.

The first reason that holds is the one given: empty side, too short, too long, markup, boilerplate,
wrong language, identical sides. Everything is done on whole columns; the texts that Python must
look at one by one are few.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from harvest.cutting import cut_column
from harvest.language import unlike
from harvest.source import Native, Source
from rupairs.pairs import PAIR_SCHEMA, pair_ids
from rupairs.store import slices
from rupairs.text import digest
from rupairs.text_columns import clean_column, key_column

if TYPE_CHECKING:
    from harvest.stage import RowsSection, TextsSection

JUDGED_SCHEMA = PAIR_SCHEMA.append(pa.field("reason", pa.string())).append(
    pa.field("evidence", pa.string())
)

_TAGS = (
    "a|b|i|u|p|br|hr|em|li|ul|ol|td|th|tr|h[1-6]|div|img|pre|sub|sup|span|font|form|html|body|"
    "head|meta|link|code|table|tbody|center|strong|blockquote|ref|nowiki"
)
# Known tags only: `a<b и c>d` is mathematics. `R&D;` is no entity.
_MARKUP = (
    rf"(?i)</?(?:{_TAGS})(?:\s+[a-z-]+\s*=[^<>]*)?\s*/?>|<!--|"
    r"</?(?:script|style|iframe|button|input|video|noscript)(?:\s[^<>]*)?>|"
    r"\{\{|\}\}|\[\[|\]\]|&(?:[a-z]{2,8}\d{0,2}|#\d+|#x[0-9a-f]+);"
)
# A name or an address. A verb after it makes a headline: `Источник: президент вылетел в Сочи`.
_NAME = r"(?-i:[^a-zа-яё\s]\S*|\S+\.\S+)"
# Said by a page and not by its author; only where it is nearly all that the side says.
_BOILERPLATE = (
    r"(?i)^[\s\"«»•*#>—–-]*(?:читайте также|смотрите также|подписывайтесь на|"
    r"подпишитесь на|материалы по теме|страница не найдена|404 not found|все права защищены|"
    r"текст (?:сообщения|комментария) удал[её]н|сообщение удалено|включите javascript|"
    r"этот сайт использует (?:файлы )?cookie|"
    r"(?:поделиться(?: во? \S+| ссылкой)?|комментарии|реклама|загрузка)[^a-zа-яё]*$|"
    rf"(?:фото|видео|источник):(?: {_NAME})+$)"
)
_PAGE_TALK = 120


@dataclass(frozen=True)
class Terms:
    """What all rows of one source share, and the limits they are held to; lengths in characters.

    A side longer than `cut` is cut at the end of a sentence (0: never).
    """

    source: str
    revision: str
    license: str
    symmetric: bool
    languages: tuple[str, str]
    shortest: int
    longest: int
    cut: int
    check_language: bool = True

    @classmethod
    def of(cls, source: Source, files: Native, settings: "RowsSection | TextsSection") -> "Terms":
        """Return the terms of a source's files under a recipe's settings."""
        return cls(
            source=source.name,
            revision=files.revision,
            license=files.license,
            symmetric=source.symmetric,
            languages=source.languages,
            shortest=settings.min_characters,
            longest=settings.max_characters,
            cut=getattr(settings, "cut_characters", 0),
            check_language=settings.check_language,
        )


class Reasons:
    """The first reason found for each row, and what shows it."""

    def __init__(self, rows: int) -> None:
        self.reasons: list[str | None] = [None] * rows
        self.evidence: list[str | None] = [None] * rows

    def add(self, row: int, reason: str, evidence: str) -> None:
        """Note a reason, unless the row has one."""
        if self.reasons[row] is None:
            self.reasons[row], self.evidence[row] = reason, evidence

    def where(self, mask: pa.Array, reason: str, evidence: Callable[[int], str]) -> None:
        """Note a reason for the rows of a mask."""
        for row in pc.indices_nonzero(mask).to_pylist():
            self.add(row, reason, evidence(row))


def check_pairs(drafts: pa.Table, terms: Terms) -> pa.Table:
    """Return drafts (`DRAFT_SCHEMA`) as `JUDGED_SCHEMA`: pairs, with a reason for those to drop."""
    return pa.concat_tables(_check(piece, terms) for piece in slices(drafts, ("query", "passage")))


def _check(drafts: pa.Table, terms: Terms) -> pa.Table:
    drafts = drafts.combine_chunks()
    sides = {name: _text(drafts[name], terms.cut) for name in ("query", "passage")}
    keys = {name: key_column(column) for name, column in sides.items()}
    found = Reasons(drafts.num_rows)
    _lengths(found, sides, terms, "empty_side")
    _form(found, sides, terms)
    same = pc.equal(keys["query"], keys["passage"])
    found.where(same, "identical_sides", lambda i: f"both say: {keys['query'][i].as_py()[:80]}")
    return _judged(drafts, sides, keys, found, terms)


def check_text(found: Reasons, texts: pa.Array, terms: Terms) -> None:
    """Note what is wrong with the texts of a cleaned column."""
    _lengths(found, {"text": texts}, terms, "empty_text")
    _form(found, {"text": texts}, terms)


def _text(column: pa.ChunkedArray, cut: int) -> pa.Array:
    texts = column.combine_chunks()
    texts = texts.chunk(0) if isinstance(texts, pa.ChunkedArray) else texts
    texts = clean_column(texts)
    return cut_column(texts, cut) if cut else texts


def _lengths(found: Reasons, sides: dict[str, pa.Array], terms: Terms, empty: str) -> None:
    sizes = {name: pc.utf8_length(texts) for name, texts in sides.items()}

    def says(name: str) -> Callable[[int], str]:
        return lambda row: f"{name} has {sizes[name][row].as_py()} characters"

    for name, size in sizes.items():
        found.where(pc.equal(size, 0), empty, says(name))
    for name, size in sizes.items():
        found.where(pc.less(size, terms.shortest), "too_short", says(name))
    for name, size in sizes.items():
        found.where(pc.greater(size, terms.longest), "too_long", says(name))


def _form(found: Reasons, sides: dict[str, pa.Array], terms: Terms) -> None:
    def holds(pattern: str, name: str) -> Callable[[int], str]:
        return lambda i: f"{name} holds {_first(pattern, sides[name][i].as_py())}"

    for name, texts in sides.items():
        marked = pc.match_substring_regex(texts, _MARKUP)
        found.where(marked, "markup", holds(_MARKUP, name))
    for name, texts in sides.items():
        short = pc.less(pc.utf8_length(texts), _PAGE_TALK)
        talk = pc.and_(short, pc.match_substring_regex(texts, _BOILERPLATE))
        found.where(talk, "boilerplate", holds(_BOILERPLATE, name))
    if terms.check_language:
        for (name, texts), language in zip(sides.items(), terms.languages, strict=False):
            for row, evidence in unlike(texts, language).items():
                found.add(row, "wrong_language", f"{name}: {evidence}")


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return repr(match.group()[:60]) if match else "it"


def _judged(
    drafts: pa.Table,
    sides: dict[str, pa.Array],
    keys: dict[str, pa.Array],
    found: Reasons,
    terms: Terms,
) -> pa.Table:
    rows = drafts.num_rows
    query_keys, passage_keys = (keys[name].to_pylist() for name in ("query", "passage"))
    columns = {
        "pair_id": pair_ids(query_keys, passage_keys, symmetric=terms.symmetric),
        "query": sides["query"],
        "passage": sides["passage"],
        "relation": drafts["relation"],
        "polarity": drafts["polarity"],
        "symmetric": pa.repeat(terms.symmetric, rows),
        "group_id": list(_groups(drafts["group"].to_pylist(), query_keys)),
        "split": pa.repeat("train", rows),
        "source": pa.repeat(terms.source, rows),
        "source_revision": pa.repeat(terms.revision, rows),
        "source_row": drafts["row"],
        "license": pa.repeat(terms.license, rows),
        "origin": pa.repeat("found", rows),
        "parents": pa.array([[]] * rows, pa.list_(pa.string())),
        "call_id": pa.nulls(rows, pa.string()),
        "reason": pa.array(found.reasons, pa.string()),
        "evidence": pa.array(found.evidence, pa.string()),
    }
    return pa.Table.from_arrays(
        [_one(columns[n]) for n in JUDGED_SCHEMA.names], schema=JUDGED_SCHEMA
    )


def _groups(groups: Iterable[str], query_keys: Iterable[str]) -> Iterator[str]:
    for group, query in zip(groups, query_keys, strict=True):
        yield digest((group or query,))


def _one(column: list[str] | pa.Array) -> pa.Array:
    return pa.array(column, pa.string()) if isinstance(column, list) else column
