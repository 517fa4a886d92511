"""MLSUM, Russian: articles of Moskovskij Komsomolets with their summaries."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.news import RELATIONS, news_pairs
from harvest.source import Draft, HubFiles, Native, Source, Unusable

# The other languages have folders of the same names: no `train*.parquet` without its `ru`.
_PARQUET = "ru/train*.parquet"
_FILES = (_PARQUET, "ru_train.jsonl")
_ARCHIVES = ("ru_train.zip",)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    return news_pairs(native, _FILES, _ARCHIVES)


SOURCE = Source(
    name="mlsum",
    title="MLSUM, Russian",
    license="unknown",
    license_url="https://huggingface.co/datasets/reciTAL/mlsum",
    url="https://github.com/recitalAI/MLSUM",
    citation=(
        "Scialom et al. MLSUM: The Multilingual Summarization Corpus. EMNLP 2020. arXiv:2004.14900"
    ),
    files=(*_FILES, *_ARCHIVES),
    relations=RELATIONS,
    symmetric=False,
    expected=51_112,
    counts=(51_112,),
    why="Twice the 25,556 rows of the train split, so nothing was left out.",
    # The authors' own copy on the Hub is a script, which downloads ru_train.zip from elsewhere.
    # The commit is that which mteb reads.
    hub=(HubFiles("mteb/mlsum", (_PARQUET,), "b4efe498c4d0b9d7bdd2905f6fff4e22ae251d00"),),
    pairs=_pairs,
    note=(
        "No license of a known kind: use is restricted to non-commercial research, and the texts "
        "belong to their publishers."
    ),
)
