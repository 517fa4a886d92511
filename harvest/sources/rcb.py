"""RCB of Russian SuperGLUE: does the text commit its author to the hypothesis?"""

from collections.abc import Iterator

from harvest.reading.nli import Nli, nli_pairs
from harvest.source import CONVERTED, Draft, HubFiles, Native, Source, Unusable

_ARCHIVES = ("RCB*.zip",)
_FILES = ("train.jsonl", "train*.parquet", "train/*.parquet")
# The order of the published ClassLabel, which is not that of SNLI.
_NLI = Nli(("entailment", "contradiction", "neutral"))


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    return nli_pairs(native, _FILES, _NLI, _ARCHIVES)


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
    files=(*_FILES, *_ARCHIVES),
    relations=_NLI.labels,
    expected=392,
    why=(
        "The train split has 438 rows of three labels; how USER-base came to 392 positives is not "
        "published. Here only entailment is positive."
    ),
    hub=(
        HubFiles(
            "RussianNLP/russian_super_glue",
            ("rcb/train/*.parquet",),
            "refs/convert/parquet",
            unpinned=CONVERTED,
        ),
    ),
    pairs=_pairs,
)
