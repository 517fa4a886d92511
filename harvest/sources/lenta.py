"""Lenta.ru news: a headline and the text under it."""

from collections.abc import Iterator

from harvest.rows import read_rows
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.pairs import Pair

_CSV = ("lenta-ru-news*.csv", "lenta-ru-news*.csv.gz", "lenta-ru-news*.csv.bz2")
_PARQUET = ("train*.parquet",)


def _pairs(native: Native) -> Iterator[Pair | Unusable]:
    number = 0
    for path in native.some(*_CSV, *_PARQUET):
        for row in read_rows(path, ("title", "text")):
            number += 1
            sides = (row.text("title"), row.text("text"))
            yield SOURCE.pair(native, str(number), sides, "title_text")


SOURCE = Source(
    name="lenta",
    title="Lenta.ru news",
    license="unknown",
    license_url="",
    url="https://github.com/yutkin/Lenta.Ru-News-Dataset",
    citation="Yutkin, D. Corpus of Russian news articles collected from Lenta.Ru (2018).",
    files=(*_CSV, *_PARQUET),
    relations=("title_text",),
    symmetric=False,
    expected=185_972,
    hub=(HubFiles("zloelias/lenta-ru", ("data/train-*.parquet",)),),
    pairs=_pairs,
    note=(
        "No license is stated and the texts belong to Lenta.ru. USER-base's count is that of the "
        "train split on the Hub, about a quarter of the full dump."
    ),
)
