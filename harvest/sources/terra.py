"""TERRa of Russian SuperGLUE: does the hypothesis follow from the text?"""

from collections.abc import Iterator

from harvest.reading.nli import Nli, nli_pairs
from harvest.source import CONVERTED, Draft, HubFiles, Native, Source, Unusable

_ARCHIVES = ("TERRa*.zip",)
_FILES = ("train.jsonl", "train*.parquet", "train/*.parquet")
_NLI = Nli(("entailment", "not_entailment"))


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    return nli_pairs(native, _FILES, _NLI, _ARCHIVES)


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
    files=(*_FILES, *_ARCHIVES),
    relations=_NLI.labels,
    expected=1_359,
    counts=(1_359,),
    why="1,359 of the 2,616 train rows are entailment; repeats of the same two texts count once.",
    hub=(
        HubFiles(
            "RussianNLP/russian_super_glue",
            ("terra/train/*.parquet",),
            "refs/convert/parquet",
            unpinned=CONVERTED,
        ),
    ),
    pairs=_pairs,
    note="`not_entailment` mixes neutral and contradiction, so it is no hard negative.",
)
