"""RudetoxifierDataDetox: toxic comments and the same in polite words."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

_FILES = ("*train*.parquet", "train/*.parquet")
# The columns are not documented; these are the names that such data sets use.
_TOXIC = ("text", "toxic", "toxic_text", "source", "input")
_NEUTRAL = ("detox", "detoxified", "neutral", "target", "output")


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    return column_pairs(native, _FILES, Columns(_TOXIC, _NEUTRAL, "detoxified"))


SOURCE = Source(
    name="rudetoxifier_data_detox",
    title="RudetoxifierDataDetox",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/d0rj/rudetoxifier_data_detox",
    citation=(
        "Dementieva et al. Methods for Detoxification of Texts for the Russian Language. "
        "Dialogue 2021. arXiv:2105.09052"
    ),
    files=_FILES,
    relations=("detoxified",),
    expected=31_407,
    why="Rows whose polite side says the same as the toxic one are dropped.",
    hub=(HubFiles("d0rj/rudetoxifier_data_detox", ("*train*.parquet",), unpinned=NO_COMMIT),),
    finds_columns=True,
    pairs=_pairs,
    note=(
        "Holds profanity. The comments are those of s-nlp/rudetoxifier, which is MIT; the license "
        "of the polite side is not known."
    ),
)
