"""GSM8K in Russian: sums for school children, machine-translated, with worked answers.

1. Calculator marks such as `<<2*12=24>>` are left out: the number they compute follows them.
2. The last line of an answer, `#### 24`, becomes `Ответ: 24`.
"""

import re
from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.source import NO_COMMIT, Draft, HubFiles, Native, Source, Unusable

_FILES = ("train*.parquet", "train/*.parquet", "train.jsonl")
_MARK = re.compile(r"<<[^<>\n=]*=[^<>\n]*>>")
_RESULT = re.compile(r"####[ \t]*")


def worked(answer: str) -> str:
    """Return an answer as a person would write it: no calculator marks, the result in words."""
    return _RESULT.sub("Ответ: ", _MARK.sub("", answer))


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    problem = Columns(("question",), ("answer",), "question_answer", change=worked)
    return column_pairs(native, _FILES, problem)


SOURCE = Source(
    name="gsm8k_ru",
    title="GSM8K in Russian",
    license="MIT",
    license_url="https://huggingface.co/datasets/d0rj/gsm8k-ru",
    url="https://huggingface.co/datasets/d0rj/gsm8k-ru",
    citation=(
        "Cobbe et al. Training Verifiers to Solve Math Word Problems. 2021. arXiv:2110.14168. "
        "Translation: d0rj/gsm8k-ru."
    ),
    files=_FILES,
    relations=("question_answer",),
    symmetric=False,
    expected=7_470,
    counts=(7_473,),
    why="The train split has 7,473 rows; which three USER-base lacks is not published.",
    hub=(HubFiles("d0rj/gsm8k-ru", ("data/train-*.parquet",), unpinned=NO_COMMIT),),
    pairs=_pairs,
    note=(
        "Machine translation, with its mistakes: the same thing may have two names in one row. "
        "Whether USER-base took out the calculator marks is not known."
    ),
)
