"""News: a headline with the article under it, and the same headline with its summary."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.archives import unpacked
from harvest.reading.columns import Columns, column_pairs
from harvest.source import Draft, Native, Unusable

RELATIONS = ("title_text", "title_summary")
_KINDS = (
    Columns(("title",), ("text",), "title_text"),
    Columns(("title",), ("summary",), "title_summary"),
)


def news_pairs(
    native: Native, files: tuple[str, ...], archives: tuple[str, ...] = ()
) -> Iterator[Draft | Unusable | pa.Table]:
    """Yield two drafts a row: `N.1` is (title, text), `N.2` is (title, summary).

    Files that lie unpacked come before those in `archives`, which then stay closed.
    """
    packed = () if native.optional(*files) else archives
    with unpacked(native, packed, files) as opened:
        yield from column_pairs(opened, files, *_KINDS)
