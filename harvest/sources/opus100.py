"""OPUS-100, English and Russian: sentences drawn from the aligned corpora of OPUS."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from harvest.reading.archives import unpacked
from harvest.reading.drafts import draft_table, numbered_batches, row_numbers, texts
from harvest.reading.parallel import aligned_pairs
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.errors import RupairsError

_PARQUET = ("en-ru/train-*.parquet", "train-*.parquet", "train/*.parquet")
_TEXT = ("opus.en-ru-train.en", "opus.en-ru-train.ru")
_ARCHIVES = ("opus-100-corpus-en-ru-*.tar.gz",)
_LANGUAGES = ("en", "ru")


def _pairs(native: Native) -> Iterator[Unusable | pa.Table]:
    with unpacked(native, _ARCHIVES, _TEXT) as opened:
        if opened.optional(_TEXT[0]) or opened.optional(_TEXT[1]):
            english, russian = (opened.some(name)[0] for name in _TEXT)
            yield from aligned_pairs(english, russian, "translation")
        else:
            yield from _tables(opened)


def _tables(native: Native) -> Iterator[pa.Table]:
    files = native.some(*_PARQUET, *_TEXT)
    for path, start, batch in numbered_batches(files, ("translation",)):
        both = batch["translation"]
        there = [field.name for field in both.type] if pa.types.is_struct(both.type) else []
        if not set(_LANGUAGES) <= set(there):
            raise RupairsError(
                f"{path}: column translation is {both.type}, not a text in en and one in ru; "
                "take the files of the configuration en-ru"
            )
        english, russian = (
            texts(path, f"translation.{name}", pc.struct_field(both, name)) for name in _LANGUAGES
        )
        rows = row_numbers(start, batch.num_rows)
        yield draft_table(rows, english, russian, "translation")


SOURCE = Source(
    name="opus100",
    title="OPUS-100, English and Russian",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/Helsinki-NLP/opus-100",
    citation=(
        "Zhang et al. Improving Massively Multilingual Neural Machine Translation and Zero-Shot "
        "Translation. ACL 2020. arXiv:2004.11867. Tiedemann. Parallel Data, Tools and Interfaces "
        "in OPUS. LREC 2012."
    ),
    files=(*_PARQUET, *_TEXT, *_ARCHIVES),
    relations=("translation",),
    languages=_LANGUAGES,
    expected=1_000_000,
    counts=(1_000_000,),
    why="The train split has 1,000,000 rows; repeats, and rows with the same text twice, fall out.",
    hub=(
        # The commit that mteb reads en-sk of: Parquet, one folder a pair of languages.
        HubFiles(
            "Helsinki-NLP/opus-100",
            ("en-ru/train-*.parquet",),
            "805090dc28bf78897da9641cdf08b61287580df9",
        ),
    ),
    pairs=_pairs,
    note="No license is stated: the sentences come from many corpora with terms of their own.",
)
