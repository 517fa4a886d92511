"""MIRACL, Russian train split: questions and Wikipedia passages judged for them by people.

1. The original: every judgement is a pair, and those who judged said no more often than yes.
2. The repack of sentence-transformers: each positive beside passages that were mined for the
   question and that nobody judged; the first of them, or as many as the recipe asks for, are the
   negatives.
"""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.reading.retrieval import IRRELEVANT, RELEVANT, Judged, judged_pairs
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable
from rupairs.pairs import NEGATIVE

_TOPICS = "topics.miracl-v1.0-ru-train.tsv"
_QRELS = "qrels.miracl-v1.0-ru-train.tsv"
_DOCS = ("docs-*.jsonl", "docs-*.jsonl.gz")
_REPACK = ("ru-triplet-100/*.parquet", "train*.parquet")
_POSITIVE = Columns(("anchor",), ("positive",), RELEVANT)


def _mined(number: int) -> Columns:
    return Columns(("anchor",), (f"negative_{number}",), IRRELEVANT, NEGATIVE)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    if native.optional(*_REPACK) and not native.optional(_QRELS):
        mined = (_mined(number) for number in range(1, native.negatives + 1))
        return column_pairs(native, _REPACK, _POSITIVE, *mined)
    return judged_pairs(native, Judged((_TOPICS,), (_QRELS,), _DOCS))


SOURCE = Source(
    name="miracl",
    title="MIRACL, Russian",
    license="CC-BY-SA-3.0",
    license_url="https://creativecommons.org/licenses/by-sa/3.0/",
    url="https://project-miracl.github.io",
    citation=(
        "Zhang et al. MIRACL: A Multilingual Retrieval Dataset Covering 18 Diverse Languages. "
        "TACL 11 (2023). arXiv:2210.09984"
    ),
    files=(_TOPICS, _QRELS, *_DOCS, *_REPACK),
    relations=(RELEVANT, IRRELEVANT),
    symmetric=False,
    expected=10_000,
    counts=(10_000,),
    why=(
        "The train split has 33,921 judgements of 4,683 questions, 10,000 of them positive. Fewer "
        "pairs mean that passages are missing from the corpus at hand or that texts repeat."
    ),
    hub=(
        HubFiles(
            "miracl/miracl",
            (f"miracl-v1.0-ru/topics/{_TOPICS}", f"miracl-v1.0-ru/qrels/{_QRELS}"),
            unpinned=NO_COMMIT,
        ),
        # Later than the one commit that ever wrote these files.
        HubFiles(
            "miracl/miracl-corpus",
            ("miracl-corpus-v1.0-ru/docs-*.jsonl.gz",),
            "d921ec7e349ce0d28daf30b2da9da5ee698bef0d",
        ),
    ),
    pairs=_pairs,
    note=(
        "Questions and judgements are Apache-2.0, the passages are Wikipedia's. The dev split is "
        "an evaluation set and is never read. The corpus is 1.6 GB to fetch; it is what brings the "
        "23,921 negatives that people judged. A folder with ru-triplet-100 of "
        "sentence-transformers/miracl is read too: 10,000 positives with one mined negative "
        "each."
    ),
)
