"""TERRa of Russian SuperGLUE: does the hypothesis follow from the text?"""

from collections.abc import Iterator

from harvest.nli import nli_pairs
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.pairs import Pair

_LABELS = ("entailment", "not_entailment")


def _pairs(native: Native) -> Iterator[Pair | Unusable]:
    return nli_pairs(SOURCE, native, _LABELS)


SOURCE = Source(
    name="terra",
    title="Textual Entailment Recognition for Russian (Russian SuperGLUE)",
    license="MIT",
    license_url="https://github.com/RussianNLP/RussianSuperGLUE/blob/master/LICENSE",
    url="https://russiansuperglue.com/tasks/task_info/TERRa",
    citation=(
        "Shavrina et al. RussianSuperGLUE: A Russian Language Understanding Evaluation "
        "Benchmark. EMNLP 2020. arXiv:2010.15925"
    ),
    files=("train.jsonl", "train*.parquet", "train/*.parquet"),
    relations=_LABELS,
    expected=1_359,
    hub=(
        HubFiles(
            "RussianNLP/russian_super_glue", ("terra/train/*.parquet",), "refs/convert/parquet"
        ),
    ),
    pairs=_pairs,
    note="`not_entailment` mixes neutral and contradiction, so it is no hard negative.",
)
