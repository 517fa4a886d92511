"""DSumRu: English dialogues in Russian translation, with their summaries."""

import re
from collections.abc import Iterator

import pyarrow as pa

from harvest.reading.columns import Columns, column_pairs
from harvest.source import CONVERTED, Draft, HubFiles, Native, Source, Unusable

_FILES = ("train*.parquet", "train/*.parquet", "train*.jsonl", "train*.json", "train*.csv")
_DIALOGUES = ("dialogue", "dialog", "text", "document", "info")
# DialogSum writes #Person1# for who speaks and #PhoneNumber# for what was masked; translation made
# of them #Человек1# or # Лицо 1 #. A mark that opens the next word is a hashtag.
_PLACEHOLDER = re.compile(r"#\s?([^\W\d_]+(?:\s?\d+)?)\s?#(?!\w)")


def _unmarked(text: str) -> str:
    return _PLACEHOLDER.sub(r"\1", text)


def _pairs(native: Native) -> Iterator[Draft | Unusable | pa.Table]:
    summary = Columns(("summary",), _DIALOGUES, "summary_text", change=_unmarked)
    return column_pairs(native, _FILES, summary)


SOURCE = Source(
    name="dsum_ru",
    title="DSumRu",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/bragovo/dsum_ru",
    citation=(
        "bragovo. dsum_ru. Hugging Face. After Chen et al. DialogSum: A Real-Life Scenario "
        "Dialogue Summarization Dataset. Findings of ACL 2021. arXiv:2105.06762; Gliwa et al. "
        "SAMSum Corpus: A Human-annotated Dialogue Dataset for Abstractive Summarization. "
        "NewSum 2019. arXiv:1911.12237"
    ),
    files=_FILES,
    relations=("summary_text",),
    symmetric=False,
    expected=27_191,
    why=(
        "27,191 = 12,460 rows of DialogSum + 14,731 of SAMSum, whose one empty dialogue is not "
        "counted."
    ),
    # Nobody could look up how the files are kept; this branch has any kind of them as Parquet.
    hub=(
        HubFiles(
            "bragovo/dsum_ru",
            ("default/train/*.parquet",),
            "refs/convert/parquet",
            unpinned=CONVERTED,
        ),
    ),
    finds_columns=True,
    pairs=_pairs,
    note=(
        "Columns are found by name when the file is read. No license is known; DialogSum and "
        "SAMSum, which it appears to translate, are for non-commercial use only."
    ),
)
