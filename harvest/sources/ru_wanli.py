"""RuWANLI: NLI rows that a language model wrote and people reviewed."""

from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.drafts import numbered_batches, row_numbers
from harvest.reading.nli import Nli, nli_tables
from harvest.source import HubFiles, Native, Source, Unusable

_FILES = ("train.parquet", "train-*.parquet", "train/*.parquet")
_NLI = Nli()


def _pairs(native: Native) -> Iterator[Unusable | pa.Table]:
    for path, start, batch in numbered_batches(native.some(*_FILES), _NLI.columns):
        yield from nli_tables(path, batch, row_numbers(start, batch.num_rows), _NLI)


SOURCE = Source(
    name="ru_wanli",
    title="RuWANLI (deepvk)",
    license="Apache-2.0",
    license_url="https://www.apache.org/licenses/LICENSE-2.0",
    url="https://huggingface.co/datasets/deepvk/ru-WANLI",
    citation=(
        "Malashenko, Zemerov, Spirin. USER: Universal Sentence Encoder for Russian. deepvk "
        "(2024). After Liu et al. WANLI: Worker and AI Collaboration for Natural Language "
        "Inference Dataset Creation. Findings of EMNLP 2022. arXiv:2201.05955"
    ),
    files=_FILES,
    relations=_NLI.labels,
    expected=35_455,
    why="The train split has about 100,000 rows of three labels; how many of each is not stated.",
    hub=(
        HubFiles(
            "deepvk/ru-WANLI",
            ("data/train.parquet",),
            "6dafb666178498e72f6ffd0bc2d914234b6d6a4a",
        ),
    ),
    pairs=_pairs,
    note="Written by gpt-3.5-turbo, whose terms of use may bind what is trained on it.",
)
