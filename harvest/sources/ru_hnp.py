"""RuHNP: paraphrases and hard non-paraphrases of Wikipedia texts, written by a language model."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from harvest.reading.drafts import draft_table, numbered_batches, row_numbers, texts
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import NEGATIVE, POSITIVE

_FILES = ("train.parquet", "train-*.parquet", "train/*.parquet")
_COLUMNS = ("query", "pos", "neg")
_KINDS = (("pos", ".p", "paraphrase", POSITIVE), ("neg", ".n", "non_paraphrase", NEGATIVE))


def _pairs(native: Native) -> Iterator[Unusable | pa.Table]:
    for path, start, batch in numbered_batches(native.some(*_FILES), _COLUMNS):
        rows = row_numbers(start, batch.num_rows)
        query = texts(path, "query", batch["query"])
        found = pa.repeat(pa.scalar(0, pa.int64()), batch.num_rows)
        for column, mark, relation, polarity in _KINDS:
            sizes = _sizes(path, column, batch[column])
            found = pc.add(found, sizes)
            parents = pc.list_parent_indices(batch[column])
            passages = texts(path, column, pc.list_flatten(batch[column]))
            # An item's place in its list: its place in all lists, less where its list starts.
            starts = pc.subtract(pc.cumulative_sum(sizes), sizes)
            places = pc.subtract(pa.arange(1, len(parents) + 1), starts.take(parents))
            names = pc.binary_join_element_wise(rows.take(parents), places.cast(pa.string()), mark)
            if len(names):
                yield draft_table(names, query.take(parents), passages, relation, polarity)
        barren = pc.equal(found, 0)
        for name, row in zip(rows.filter(barren), batch.filter(barren).to_pylist(), strict=True):
            yield Unusable(row, "no_items", f"{path.name} row {name}")


def _sizes(path: Path, name: str, column: pa.Array) -> pa.Array:
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        raise RupairsError(f"{path}: column {name} is {column.type}, not lists of texts")
    return pc.list_value_length(column).fill_null(0).cast(pa.int64())


SOURCE = Source(
    name="ru_hnp",
    title="RuHNP, Russian Hard Non-Paraphrases (deepvk)",
    license="Apache-2.0",
    license_url="https://www.apache.org/licenses/LICENSE-2.0",
    url="https://huggingface.co/datasets/deepvk/ru-HNP",
    citation=(
        "Malashenko, Zemerov, Spirin. USER: Universal Sentence Encoder for Russian. deepvk (2024)."
    ),
    files=_FILES,
    relations=tuple(relation for _, _, relation, _ in _KINDS),
    expected=500_000,
    counts=(500_000,),
    why="100,000 texts with 5 paraphrases each; empty texts and repeats count once or not at all.",
    hub=(
        HubFiles("deepvk/ru-HNP", ("train.parquet",), "f43fca040b2635de6163b2b4ed16e5e5907f20f8"),
    ),
    pairs=_pairs,
    note="Written by gpt-3.5-turbo, whose terms of use may bind what is trained on it.",
)
