"""Every source, in the order the table of sources shows them."""

from harvest.source import Source
from harvest.sources import (
    allnli,
    bible,
    dsum_ru,
    fialka,
    gazeta,
    gsm8k_ru,
    lenta,
    mednli,
    miracl,
    mldr,
    mlsum,
    mmarco_ru,
    mr_tydi,
    opus100,
    panorama,
    pravo_israel,
    rcb,
    ru_hnp,
    ru_wanli,
    rudetoxifier_data_detox,
    ruparadetox,
    russian_keywords,
    summ_dialog_news,
    tapaco,
    terra,
    ud_russian_gsd,
    wikipedia,
    xlsum,
)
from rupairs.errors import UsageError

# The sets that the authors of USER-base made themselves.
OWN = ("ru_hnp", "ru_wanli")

SOURCES: tuple[Source, ...] = (
    allnli.SOURCE,
    mednli.SOURCE,
    rcb.SOURCE,
    terra.SOURCE,
    tapaco.SOURCE,
    opus100.SOURCE,
    bible.SOURCE,
    rudetoxifier_data_detox.SOURCE,
    ruparadetox.SOURCE,
    ru_hnp.SOURCE,
    ru_wanli.SOURCE,
    miracl.SOURCE,
    mldr.SOURCE,
    mr_tydi.SOURCE,
    fialka.SOURCE,
    summ_dialog_news.SOURCE,
    dsum_ru.SOURCE,
    mmarco_ru.SOURCE,
    lenta.SOURCE,
    mlsum.SOURCE,
    panorama.SOURCE,
    pravo_israel.SOURCE,
    xlsum.SOURCE,
    russian_keywords.SOURCE,
    gazeta.SOURCE,
    gsm8k_ru.SOURCE,
    wikipedia.SOURCE,
    ud_russian_gsd.SOURCE,
)

# Of the 23 open sets of USER-base, MedNLI needs credentials and is read from one's own folder only.
USER_BASE = tuple(s.name for s in SOURCES if s.expected and not (s.access or s.name in OWN))
CREDENTIALED = tuple(s.name for s in SOURCES if s.access)


def get(name: str) -> Source:
    """Return the source of that name; `UsageError` lists the names there are."""
    for source in SOURCES:
        if source.name == name:
            return source
    raise UsageError(f"{name}: no such source; known: {', '.join(s.name for s in SOURCES)}")
