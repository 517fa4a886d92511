"""RCB of Russian SuperGLUE: does the text commit its author to the hypothesis?"""

from collections.abc import Iterator

from harvest.nli import nli_pairs
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.pairs import Pair

# The order of the published ClassLabel, which is not that of SNLI.
_LABELS = ("entailment", "contradiction", "neutral")


def _pairs(native: Native) -> Iterator[Pair | Unusable]:
    return nli_pairs(SOURCE, native, _LABELS)


SOURCE = Source(
    name="rcb",
    title="Russian Commitment Bank (Russian SuperGLUE)",
    license="MIT",
    license_url="https://github.com/RussianNLP/RussianSuperGLUE/blob/master/LICENSE",
    url="https://russiansuperglue.com/tasks/task_info/RCB",
    citation=(
        "Shavrina et al. RussianSuperGLUE: A Russian Language Understanding Evaluation "
        "Benchmark. EMNLP 2020. arXiv:2010.15925"
    ),
    files=("train.jsonl", "train*.parquet", "train/*.parquet"),
    relations=_LABELS,
    expected=392,
    hub=(
        HubFiles("RussianNLP/russian_super_glue", ("rcb/train/*.parquet",), "refs/convert/parquet"),
    ),
    pairs=_pairs,
    note="The train split has 438 rows; how USER-base came to 392 positives is not published.",
)
