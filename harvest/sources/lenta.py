"""Lenta.ru news: a headline and the text under it."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.source import Draft, HubFiles, Native, Source, Unusable

# Of two dumps in one folder the later is taken: v1.1 is packed with bzip2, v1.0 with gzip.
_CSV = ("lenta-ru-news*.csv", "lenta-ru-news*.csv.bz2", "lenta-ru-news*.csv.gz")
_PARQUET = ("train*.parquet", "train/*.parquet")


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    headline = Columns(("title",), ("text",), "title_text")
    return column_pairs(native, (*_CSV, *_PARQUET), headline)


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
    counts=(185_972, 739_351, 800_975),
    why=(
        "Taken to be that of the train split of zloelias/lenta-ru, whose page says 186 thousand; "
        "the dumps have 739,351 (v1.0) and 800,975 rows (v1.1)."
    ),
    hub=(
        HubFiles(
            "zloelias/lenta-ru",
            ("data/train-*.parquet",),
            "d08c2a19df61506bf8d618510d5e1c9b037a8d8e",
        ),
    ),
    pairs=_pairs,
    note="No license is stated and the texts belong to Lenta.ru.",
)
