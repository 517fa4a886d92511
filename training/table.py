"""The pairs of training on disk: texts in a memory-mapped Arrow file, 35 bytes a row beside it.

1. The train and the validation rows of the inputs are read once, a batch at a time.
2. Kept are positives, and negatives whose relation says that the texts differ in meaning. Rows
   that only have a label (`neutral`, `not_entailment`, `entailment` denied) teach neither a
   positive nor a negative: they are counted and left out.
3. Texts are compared by 64-bit hashes of `rupairs.text.key`, so that no text has to be in memory.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.manifest import sha256
from rupairs.pairs import HARD_NEGATIVE_RELATIONS, NEGATIVE, POSITIVE
from rupairs.store import StageReader, read_batches
from rupairs.text import digest
from rupairs.text_columns import clean_column, key_column

COLUMNS = ["query", "passage", "relation", "polarity", "symmetric", "split", "source"]
SPLITS = ("train", "validation")
LABEL_ONLY = "label only"
_TEXTS, _ROWS, _FACTS = "texts.arrow", "rows.bin", "facts.json"
TEXTS = ("query", "passage")

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[Any]
"""Rows of `ROW`."""

ROW = np.dtype(
    [
        ("query", np.uint64),
        ("passage", np.uint64),
        ("pair", np.uint64),
        ("source", np.int64),
        ("positive", np.bool_),
        ("symmetric", np.bool_),
        ("held_out", np.bool_),
    ]
)


@dataclass(frozen=True)
class Choice:
    """Which pairs are taken; `symmetric` None means both kinds, an empty `only` every source."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    symmetric: bool | None = None
    splits: tuple[str, ...] = SPLITS


@dataclass(frozen=True)
class PairTable:
    """The rows of training; `unused` is source → reason → train rows left out."""

    folder: Path
    sources: tuple[str, ...]
    unused: dict[str, dict[str, int]]

    @cached_property
    def rows(self) -> Rows:
        """Return the memory-mapped rows, of type `ROW`."""
        path = self.folder / _ROWS
        return np.memmap(path, ROW, "r") if path.stat().st_size else np.empty(0, ROW)

    @cached_property
    def texts(self) -> Any:
        """Return the texts as a memory-mapped `datasets.Dataset`, `query` and `passage`."""
        from datasets import Dataset

        return Dataset.from_file(str(self.folder / _TEXTS))


def write_table(
    readers: Iterable[StageReader], choice: Choice, folder: Path, more: tuple[str, ...] = ()
) -> PairTable:
    """Write the chosen pairs of stage directories into `folder`; a whole one there is kept.

    `more` names columns of text to be kept beside `query` and `passage`.
    """
    if not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
        unfinished = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _write(readers, choice, unfinished, (*TEXTS, *more))
        unfinished.rename(folder)
    return open_table(folder)


def open_table(folder: Path) -> PairTable:
    """Return a table that was written before."""
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    return PairTable(folder, tuple(facts["sources"]), facts["unused"])


def _is_whole(folder: Path) -> bool:
    """Say whether a table is there, byte for byte as it was written."""
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        return bool(facts == _sealed(folder, facts["sources"], facts["unused"]))
    except (OSError, ValueError, LookupError, TypeError):
        return False


def _sealed(folder: Path, sources: list[str], unused: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of a table, with hashes of its files and of what is told."""
    told = json.dumps([sources, unused], sort_keys=True, ensure_ascii=False)
    seal = digest((told, *(sha256(folder / name) for name in (_ROWS, _TEXTS))))
    return {"sources": sources, "unused": unused, "seal": seal}


def _write(
    readers: Iterable[StageReader], choice: Choice, folder: Path, texts: tuple[str, ...]
) -> None:
    schema = pa.schema([(name, pa.string()) for name in texts])
    columns = list(dict.fromkeys((*COLUMNS, *texts)))
    codes: dict[str, int] = {}
    unused: Counter[tuple[str, str]] = Counter()
    with (
        (folder / _ROWS).open("wb") as rows,
        pa.OSFile(str(folder / _TEXTS), "wb") as sink,
        pa.ipc.new_stream(sink, schema) as stream,
    ):
        for reader in readers:
            for path in reader.parts():
                for batch in read_batches(path, columns):
                    chosen = batch.filter(_chosen(batch, choice))
                    kept = chosen.filter(_teaches(chosen))
                    unused.update(_left_out(chosen))
                    if kept.num_rows:
                        rows.write(_rows(kept, codes).tobytes())
                        stream.write_batch(kept.select(texts).cast(schema))
    reasons: dict[str, dict[str, int]] = {}
    for (source, reason), count in sorted(unused.items()):
        reasons.setdefault(source, {})[reason] = count
    facts = _sealed(folder, list(codes), reasons)
    (folder / _FACTS).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _chosen(batch: pa.RecordBatch, choice: Choice) -> pa.Array:
    chosen = pc.is_in(batch["split"], value_set=pa.array(choice.splits))
    if choice.only:
        chosen = pc.and_(chosen, pc.is_in(batch["source"], value_set=pa.array(choice.only)))
    if choice.without:
        chosen = pc.and_not(chosen, pc.is_in(batch["source"], value_set=pa.array(choice.without)))
    if choice.symmetric is not None:
        chosen = pc.and_(chosen, pc.equal(batch["symmetric"], choice.symmetric))
    return chosen


def _teaches(batch: pa.RecordBatch) -> pa.Array:
    hard = pc.is_in(batch["relation"], value_set=pa.array(sorted(HARD_NEGATIVE_RELATIONS)))
    negative = pc.and_(pc.equal(batch["polarity"], NEGATIVE), hard)
    return pc.or_(pc.equal(batch["polarity"], POSITIVE), negative)


def _left_out(batch: pa.RecordBatch) -> Counter[tuple[str, str]]:
    rest = batch.filter(pc.and_not(pc.equal(batch["split"], SPLITS[0]), _teaches(batch)))
    return Counter((source, LABEL_ONLY) for source in rest["source"].to_pylist())


def _rows(batch: pa.RecordBatch, codes: dict[str, int]) -> Rows:
    rows = np.empty(batch.num_rows, ROW)
    rows["query"], rows["passage"] = _hashes(batch["query"]), _hashes(batch["passage"])
    rows["pair"] = pair_hashes(rows["query"], rows["passage"])
    rows["source"] = [codes.setdefault(name, len(codes)) for name in batch["source"].to_pylist()]
    rows["positive"] = pc.equal(batch["polarity"], POSITIVE).to_numpy(zero_copy_only=False)
    rows["symmetric"] = batch["symmetric"].to_numpy(zero_copy_only=False)
    rows["held_out"] = pc.not_equal(batch["split"], SPLITS[0]).to_numpy(zero_copy_only=False)
    return rows


def _hashes(texts: pa.Array) -> Hashes:
    keys = key_column(clean_column(texts)).to_pylist()
    raw = b"".join(blake2b(key.encode(), digest_size=8).digest() for key in keys)
    return np.frombuffer(raw, np.uint64)


def pair_hashes(queries: Hashes, passages: Hashes) -> Hashes:
    """Return a hash of each pair of texts, whichever comes first."""
    return mixed(np.minimum(queries, passages), np.maximum(queries, passages))


def mixed(*columns: Hashes | int) -> Hashes:
    """Return a hash of each row of columns of hashes; a number stands for a column of it."""
    state: Any = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        for column in columns:
            given = column % 2**64 if isinstance(column, int) else column
            state = state ^ np.asarray(given, np.uint64)
            # The finalizer of SplitMix64.
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state = state ^ (state >> np.uint64(31))
    result: Hashes = state
    return result
