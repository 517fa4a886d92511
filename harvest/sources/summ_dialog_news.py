"""Summ_Dialog_News: dialogues and news articles with their summaries."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.source import Draft, HubFiles, Native, Source, Unusable

_FILES = ("train*.parquet", "train/*.parquet")


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    return column_pairs(native, _FILES, Columns(("summary",), ("info",), "summary_text"))


SOURCE = Source(
    name="summ_dialog_news",
    title="Summ_Dialog_News",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/CarlBrendt/Summ_Dialog_News",
    citation="CarlBrendt. Summ_Dialog_News. Hugging Face.",
    files=_FILES,
    relations=("summary_text",),
    symmetric=False,
    expected=75_700,
    counts=(75_697,),
    why="The train split has 75,697 rows; the reported number is rounded.",
    hub=(
        HubFiles(
            "CarlBrendt/Summ_Dialog_News",
            ("data/train-*.parquet",),
            "c8d1df6285187bb219b05160230b3b031da5df8b",
        ),
    ),
    pairs=_pairs,
    note="No license is stated. Its news may repeat those of Gazeta and MLSum.",
)
