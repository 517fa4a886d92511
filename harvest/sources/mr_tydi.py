"""Mr. TyDi, Russian train split: questions and the one Wikipedia passage that answers each.

1. The repack of sentence-transformers: a row a triplet, in the configuration `ru-triplet` one for
   each question, in `ru-triplet-all` a hundred with the same positive.
2. The original as JSON lines or as the Parquet made of it: a row a question with its passages.
3. Topics and qrels name passages by id; their texts are in a corpus of 9.6 million.
"""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.reading.retrieval import RELEVANT, Judged, joined_pairs, judged_pairs
from harvest.reading.rows import column_names
from harvest.source import Draft, HubFiles, Native, Source, Unusable

_PARQUET = (
    "ru-triplet/*.parquet",
    "ru-triplet-100/*.parquet",
    "ru-triplet-all/*.parquet",
    "train*.parquet",
    "train/*.parquet",
)
_LINES = ("train.jsonl", "train.jsonl.gz")
_JUDGED = Judged(
    ("topics*train.txt", "topics*train.txt.gz"),
    ("qrels*train.txt", "qrels*train.txt.gz"),
    ("corpus.jsonl", "corpus.jsonl.gz"),
)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    tables = native.optional(*_PARQUET)
    if tables and "anchor" in column_names(tables[0]):
        return column_pairs(native, _PARQUET, Columns(("anchor",), ("positive",), RELEVANT))
    if tables or native.optional(*_LINES):
        return joined_pairs(native, *_PARQUET, *_LINES)
    return judged_pairs(native, _JUDGED)


SOURCE = Source(
    name="mr_tydi",
    title="Mr. TyDi, Russian",
    license="CC-BY-SA-3.0",
    license_url="https://creativecommons.org/licenses/by-sa/3.0/",
    url="https://github.com/castorini/mr.tydi",
    citation=(
        "Zhang et al. Mr. TyDi: A Multi-lingual Benchmark for Dense Retrieval. MRL 2021. "
        "arXiv:2108.08787"
    ),
    files=(*_PARQUET, *_LINES, *_JUDGED.topics, *_JUDGED.qrels, *_JUDGED.corpus),
    relations=(RELEVANT,),
    symmetric=False,
    expected=536_600,
    counts=(5_366, 536_600),
    why=(
        "536,600 is 5,366 x 100: the train split has 5,366 questions with one positive passage "
        "each, and the reported list repeats every one of them for each of 100 mined negatives "
        "(ru-triplet-all). The repeats are duplicates; 5,366 pairs differ."
    ),
    hub=(
        HubFiles(
            "sentence-transformers/mr-tydi",
            ("ru-triplet/*.parquet",),
            "3477e3d14273ac1dbe9980a4fb5dbfe4b2d28ab8",
        ),
    ),
    pairs=_pairs,
    note=(
        "Questions and judgements are Apache-2.0, the passages are Wikipedia's. The negatives were "
        "mined, not judged, and are not read. MIRACL judged many of the same questions anew. "
        "castorini/mr-tydi (train.jsonl.gz, or the Parquet under russian/train) is read from a "
        "folder."
    ),
)
