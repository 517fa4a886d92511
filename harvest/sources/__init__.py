"""Every source, in the order the table of sources shows them."""

from harvest.source import Source
from harvest.sources import (
    bible,
    lenta,
    miracl,
    rcb,
    ruparadetox,
    terra,
    ud_russian_gsd,
    wikipedia,
)
from rupairs.errors import UsageError

SOURCES: tuple[Source, ...] = (
    rcb.SOURCE,
    terra.SOURCE,
    bible.SOURCE,
    ruparadetox.SOURCE,
    miracl.SOURCE,
    lenta.SOURCE,
    wikipedia.SOURCE,
    ud_russian_gsd.SOURCE,
)


def get(name: str) -> Source:
    """Return the source of that name; `UsageError` lists the names there are."""
    for source in SOURCES:
        if source.name == name:
            return source
    raise UsageError(f"{name}: no such source; known: {', '.join(s.name for s in SOURCES)}")
