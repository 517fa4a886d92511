"""RussianKeywords: articles and the keywords or the headline they are known by.

1. The columns of the data set's one CSV file are not documented. The query is its column of
   headlines (`title`), or else that of keywords (`keywords`, `key_words`, `tags`); the passage is
   `text`, `article`, `content` or `body`. What was taken is said; the recipe may name others.
2. A cell of keywords is a list, a list in brackets as JSON or Python writes it, or a line with
   `,` `;` `|` or tabs between the words. As a query it reads `один, два, три`.
3. A folder may also hold `*.jsonlines` or `*.jsonlines.zip`, an article a line with `keywords`
   (a list), `title`, `content`: so are published the evaluation sets of mannefedov on GitHub.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from harvest.reading.archives import unpacked
from harvest.reading.columns import choose
from harvest.reading.rows import Row, read_rows
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

_CSV = "russian_keywords_dataset.csv"
_FILES = (_CSV, "train*.parquet", "train/*.parquet", "*.csv", "*.jsonlines")
_ARCHIVES = ("*.jsonlines.zip",)
_TITLES = ("title",)
_KEYWORDS = ("keywords", "key_words", "tags")
_TEXTS = ("text", "article", "content", "body")
# A comma before a digit is one of a number, such as 1,5.
_BETWEEN = re.compile(r"[;|\t\n]|,(?!\d)")
# So numpy writes an array; Python would read it as one long word.
_NO_COMMA = re.compile(r"""['"]\s+['"]""")


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    packed = () if native.optional(*_FILES) else _ARCHIVES
    start = 0
    with unpacked(native, packed, _FILES) as opened:
        for path in opened.some(*_FILES):
            query = choose(opened, path, "query", (*_TITLES, *_KEYWORDS))
            text = choose(opened, path, "passage", _TEXTS)
            for row in read_rows(path, (query, text)):
                words, relation = _query(row, query)
                yield Draft(str(start + row.number), words, row.text(text), relation)
            start += row.number


def _query(row: Row, column: str) -> tuple[str, str]:
    """Return the query and the relation; a column of unknown name and one text is a headline."""
    value = row.values[column]
    if column in _KEYWORDS or isinstance(value, list):
        return ", ".join(_keywords(row, column, value)), "keywords_text"
    return row.text(column), "title_text"


def _keywords(row: Row, column: str, value: Any) -> list[str]:
    words = _split(row, column, value) if isinstance(value, str) else value or []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise row.error(f"{column} is {value!r:.80}, not text or a list of texts")
    return [word.strip() for word in words if word.strip()]


def _split(row: Row, column: str, cell: str) -> Any:
    cell = cell.strip()
    if not (cell.startswith("[") and cell.endswith("]")):
        return _BETWEEN.split(cell)
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        pass
    try:
        if not _NO_COMMA.search(cell):
            return ast.literal_eval(cell)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    raise row.error(f"{column} is no list that can be read: {cell[:80]}")


SOURCE = Source(
    name="russian_keywords",
    title="RussianKeywords",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/Milana/russian_keywords",
    citation="Milana. russian_keywords. Hugging Face Hub, 2024.",
    files=(*_FILES, *_ARCHIVES),
    relations=("keywords_text", "title_text"),
    symmetric=False,
    expected=16_461,
    why="Neither its columns nor its number of rows are documented, nor which USER-base took.",
    hub=(HubFiles("Milana/russian_keywords", (_CSV,), unpinned=NO_COMMIT),),
    finds_columns=True,
    pairs=_pairs,
    note=(
        "No license is stated. Columns are found by their names, headlines before keywords; the "
        "recipe's `columns` names others."
    ),
)
