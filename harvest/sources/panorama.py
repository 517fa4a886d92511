"""Panorama: satirical news, a headline and the text under it."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

# One file of JSON lines, whose name is not documented.
_JSON = ("*.jsonl*", "*.json*")
_PARQUET = ("train*.parquet", "train/*.parquet")


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    headline = Columns(("title",), ("body",), "title_text")
    return column_pairs(native, (*_JSON, *_PARQUET), headline)


SOURCE = Source(
    name="panorama",
    title="Panorama satirical news",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/its5Q/panorama",
    citation="its5Q. panorama: satirical news of panorama.pub. Hugging Face Hub.",
    files=(*_JSON, *_PARQUET),
    relations=("title_text",),
    symmetric=False,
    expected=11_024,
    counts=(11_024,),
    why="The number of rows of the data set, so nothing was left out.",
    hub=(HubFiles("its5Q/panorama", ("*.json*",), unpinned=NO_COMMIT),),
    pairs=_pairs,
    note=(
        "Satire: what the texts say is made up, and is not to be taken for fact. No license is "
        "stated."
    ),
)
