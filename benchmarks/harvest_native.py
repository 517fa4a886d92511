"""Native files: pairs written in the layouts that the sources of the harvest have."""

import csv
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.harvest_rows import Base, Numbers


class NativeFile(AbstractContextManager["NativeFile"]):
    """A native file that grows by chunks; `write` returns the names of the rows as harvested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, pairs: Base) -> list[str]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def numbers(self, rows: int) -> Numbers:
        """Return the numbers of the next rows, from 1."""
        self.rows += rows
        return np.arange(self.rows - rows + 1, self.rows + 1)


class _Parquet(NativeFile):
    name = "data/train-00000-of-00001.parquet"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        path = self.folder / self.name
        if self.writer is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.writer = pq.ParquetWriter(path, table.schema, compression="snappy")
        self.writer.write_table(table)

    def close(self) -> None:
        if self.writer:
            self.writer.close()


class AllNli(_Parquet):
    sets = ("snli", "mnli", "anli_r1")

    def write(self, pairs: Base) -> list[str]:
        numbers = self.numbers(len(pairs.query))
        sets = [self.sets[n % len(self.sets)] for n in numbers]
        negative = np.where(numbers % 2, "contradiction", "neutral")
        label = np.where(pairs.polarity > 0, "entailment", negative)
        self.add(
            pa.table(
                {
                    "premise_ru": pairs.query,
                    "hypothesis_ru": pairs.passage,
                    "label": pa.array(label.tolist(), pa.string()),
                    "source": pa.array(sets, pa.string()),
                }
            )
        )
        return [f"{s}:{n}" for s, n in zip(sets, numbers.tolist(), strict=True)]


class RuHnp(_Parquet):
    name = "train.parquet"

    def write(self, pairs: Base) -> list[str]:
        first = np.concatenate([[True], pairs.block[1:] != pairs.block[:-1]])
        row = np.cumsum(first) - 1
        columns = {"query": pairs.query.filter(pa.array(first))}
        numbers = self.numbers(int(row[-1]) + 1)
        place = np.zeros(len(row), np.int64)
        for name, polarity in (("pos", 1), ("neg", -1)):
            there = pairs.polarity == polarity
            sizes = np.bincount(row[there], minlength=len(numbers))
            offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
            place[there] = np.arange(there.sum()) - offsets[row[there]] + 1
            columns[name] = pa.ListArray.from_arrays(
                pa.array(offsets), pairs.passage.filter(pa.array(there))
            )
        self.add(pa.table(columns))
        kinds = np.where(pairs.polarity > 0, "p", "n")
        named = zip(numbers[row].tolist(), place.tolist(), kinds.tolist(), strict=True)
        return [f"{number}.{kind}{place}" for number, place, kind in named]


class RuParaDetox(NativeFile):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stream = (folder / "train.tsv").open("w", encoding="utf-8", newline="")
        self.table = csv.writer(self.stream, delimiter="\t", lineterminator="\n")
        self.table.writerow(["ru_toxic_comment", "ru_neutral_comment"])

    def write(self, pairs: Base) -> list[str]:
        self.table.writerows(zip(pairs.query.to_pylist(), pairs.passage.to_pylist(), strict=True))
        return [f"{n}.1" for n in self.numbers(len(pairs.query)).tolist()]

    def close(self) -> None:
        self.stream.close()


class Lenta(_Parquet):
    def write(self, pairs: Base) -> list[str]:
        topics = pa.repeat("Россия", len(pairs.query))
        self.add(pa.table({"title": pairs.query, "text": pairs.passage, "topic": topics}))
        return [str(n) for n in self.numbers(len(pairs.query)).tolist()]


class Summaries(_Parquet):
    def write(self, pairs: Base) -> list[str]:
        self.add(pa.table({"info": pairs.passage, "summary": pairs.query}))
        return [str(n) for n in self.numbers(len(pairs.query)).tolist()]
