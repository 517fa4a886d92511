"""MLDR, Russian train split: questions a model asked about one paragraph of a long article."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.reading.retrieval import RELEVANT, joined_pairs
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

_REPACK = ("ru-triplet/*.parquet", "train*.parquet")
_ORIGINAL = ("train.jsonl", "train.jsonl.gz")


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    if native.optional(*_REPACK):
        return column_pairs(native, _REPACK, Columns(("anchor",), ("positive",), RELEVANT))
    return joined_pairs(native, *_ORIGINAL)


SOURCE = Source(
    name="mldr",
    title="MLDR, Russian",
    license="MIT; CC-BY-SA-3.0; ODC-By-1.0",
    license_url="https://huggingface.co/datasets/Shitao/MLDR",
    url="https://huggingface.co/datasets/Shitao/MLDR",
    citation=(
        "Chen et al. M3-Embedding: Multi-Linguality, Multi-Functionality, Multi-Granularity Text "
        "Embeddings Through Self-Knowledge Distillation. Findings of ACL 2024. arXiv:2402.03216"
    ),
    files=(*_REPACK, *_ORIGINAL),
    relations=(RELEVANT,),
    symmetric=False,
    expected=1_864,
    counts=(1_864,),
    hub=(HubFiles("sentence-transformers/mldr", ("ru-triplet/*.parquet",), unpinned=NO_COMMIT),),
    pairs=_pairs,
    note=(
        "The questions are MIT; the passages are of Wikipedia (CC BY-SA 3.0) and of mC4 (ODC-By), "
        "and no row says which. The passage is a whole article of 36,000 characters on average. "
        "Its negatives are other articles that nobody judged, and are not read. Fetched as "
        "sentence-transformers/mldr, ru-triplet; mldr-v1.0-ru/train.jsonl.gz of Shitao/MLDR is "
        "read from a folder."
    ),
)
