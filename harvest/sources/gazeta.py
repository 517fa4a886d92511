"""Gazeta: articles of gazeta.ru with the summaries their editors wrote."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.news import RELATIONS, news_pairs
from harvest.source import Draft, HubFiles, Native, Source, Unusable

_FILES = ("gazeta_train.jsonl", "train*.parquet", "train/*.parquet")
_ARCHIVES = ("gazeta_jsonl*.tar.gz",)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    return news_pairs(native, _FILES, _ARCHIVES)


SOURCE = Source(
    name="gazeta",
    title="Gazeta news summaries",
    license="unknown",
    license_url="",
    url="https://github.com/IlyaGusev/gazeta",
    citation=(
        "Gusev, I. Dataset for Automatic Summarization of Russian News. AINL 2020. arXiv:2006.11063"
    ),
    files=(*_FILES, *_ARCHIVES),
    relations=RELATIONS,
    symmetric=False,
    expected=121_928,
    counts=(121_928,),
    why="Twice the 60,964 rows of the train split of version 2, so nothing was left out.",
    hub=(
        # The last commit that is known to hold JSON lines; the main branch changed its format.
        HubFiles(
            "IlyaGusev/gazeta",
            ("gazeta_train.jsonl",),
            "62ac8ff67b11a159534e8c3b9c439e2098ba7f5c",
        ),
    ),
    pairs=_pairs,
    note=(
        "No license is stated: the texts belong to gazeta.ru, and the authors allow "
        "non-commercial use only."
    ),
)
