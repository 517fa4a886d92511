"""The survey: one pass over a table that counts its rows, measures its texts and draws samples.

A batch is in memory at a time, and of each source ten rows and how many texts have each length.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.store import read_batches

Numbers = npt.NDArray[np.int64]
Counts = Counter[tuple[Any, ...]]

SAMPLES = 10
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Shape:
    """What of a table is looked at: its id, its texts, the columns counted by and those shown."""

    identifier: str
    texts: tuple[str, ...]
    counted: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Return the columns to read, each once."""
        return list(dict.fromkeys((self.identifier, *self.texts, *self.counted, *self.shown)))


PAIRS = Shape(
    identifier="pair_id",
    texts=("query", "passage"),
    counted=("source", "license", "relation", "symmetric"),
    shown=("relation", "query", "passage", "source_row"),
)
TEXTS = Shape(
    identifier="text_id",
    texts=("text",),
    counted=("source", "license"),
    shown=("title", "text", "source_row"),
)


@dataclass
class Lengths:
    """How many texts have each length: `counts[n]` are those of n characters."""

    counts: Numbers = field(default_factory=lambda: np.zeros(1, np.int64))

    def add(self, lengths: Numbers) -> None:
        """Count texts of these lengths."""
        found = np.bincount(lengths, minlength=len(self.counts))
        found[: len(self.counts)] += self.counts
        self.counts = found

    @property
    def total(self) -> int:
        """Return the number of texts."""
        return int(self.counts.sum())

    @property
    def longest(self) -> int:
        """Return the length of the longest text, 0 without any."""
        return len(self.counts) - 1

    @property
    def shortest(self) -> int:
        """Return the length of the shortest text, 0 without any."""
        return int(np.argmax(self.counts > 0))

    @property
    def quartiles(self) -> tuple[int, ...]:
        """Return the least lengths that a quarter, half and three quarters do not exceed."""
        reached = np.cumsum(self.counts)
        return tuple(int(np.searchsorted(reached, q * reached[-1])) for q in QUARTERS)

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of the lengths."""
        return {"quartiles": list(self.quartiles), "longest": self.longest}

    @classmethod
    def together(cls, several: Iterable["Lengths"]) -> "Lengths":
        """Return the lengths of all texts of several."""
        counts = [lengths.counts for lengths in several]
        whole = np.zeros(max(map(len, counts), default=1), np.int64)
        for part in counts:
            whole[: len(part)] += part
        return cls(whole)


@dataclass
class Survey:
    """Counts by the values of `shape.counted`; by source, the lengths of its texts and samples."""

    shape: Shape
    counts: Counts = field(default_factory=Counter)
    lengths: dict[str, dict[str, Lengths]] = field(default_factory=dict)
    samples: dict[str, pa.Table] = field(default_factory=dict)

    def by(self, *names: str) -> Counts:
        """Return the counts by some of the columns only, in the order of their values."""
        places = [self.shape.counted.index(name) for name in names]
        found: Counts = Counter()
        for values, count in self.counts.items():
            found[tuple(values[place] for place in places)] += count
        return Counter(dict(sorted(found.items())))

    def of_all(self) -> dict[str, Lengths]:
        """Return the lengths of the texts of all sources."""
        sides = self.shape.texts
        return {s: Lengths.together(of[s] for of in self.lengths.values()) for s in sides}

    def facts(self) -> dict[str, Any]:
        """Return the lengths for the manifest, in characters."""
        sources = {
            source: {side: lengths.facts() for side, lengths in sides.items()}
            for source, sides in sorted(self.lengths.items())
        }
        return {"all": {s: found.facts() for s, found in self.of_all().items()}, "sources": sources}

    def take(self, batch: pa.RecordBatch) -> None:
        """Look at some more rows."""
        self.counts.update(_counted(batch, self.shape.counted))
        measured = {name: pc.utf8_length(batch[name]).to_numpy() for name in self.shape.texts}
        encoded = batch["source"].dictionary_encode()
        codes = encoded.indices.to_numpy()
        for code, source in enumerate(encoded.dictionary.to_pylist()):
            rows = np.flatnonzero(codes == code)
            sides = self.lengths.setdefault(source, {n: Lengths() for n in measured})
            for name, lengths in measured.items():
                sides[name].add(lengths[rows])
            self._draw(source, batch, rows)

    def _draw(self, source: str, batch: pa.RecordBatch, rows: Numbers) -> None:
        """Keep the rows with the least ids: an id is a hash, so they are a random draw."""
        name, drawn = self.shape.identifier, self.samples.get(source)
        if drawn is not None and drawn.num_rows == SAMPLES:
            less = pc.less(batch[name], drawn[name][-1]).to_numpy(zero_copy_only=False)
            rows = rows[less[rows]]
            if not len(rows):
                return
        candidates = pa.Table.from_batches([batch.take(pa.array(rows))])
        together = pa.concat_tables([drawn, candidates]) if drawn is not None else candidates
        _, first = np.unique(together[name].to_numpy(), return_index=True)
        self.samples[source] = together.take(pa.array(first[:SAMPLES])).combine_chunks()


def survey(parts: Iterable[Path], shape: Shape) -> Survey:
    """Return the survey of a table that lies in `parts`."""
    found = Survey(shape)
    for part in parts:
        for batch in read_batches(part, shape.columns):
            if batch.num_rows:
                found.take(batch)
    return found


def count_rows(parts: Iterable[Path], columns: tuple[str, ...]) -> Counts:
    """Return how many rows have each combination of values in some columns."""
    counts: Counts = Counter()
    for part in parts:
        for batch in read_batches(part, list(columns)):
            counts.update(_counted(batch, columns))
    return counts


def _counted(batch: pa.RecordBatch, columns: tuple[str, ...]) -> dict[tuple[Any, ...], int]:
    grouped = pa.Table.from_batches([batch]).group_by(list(columns), use_threads=False)
    rows = grouped.aggregate([([], "count_all")]).to_pylist()
    return {tuple(row[name] for name in columns): row["count_all"] for row in rows}
