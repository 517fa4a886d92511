"""The table: native files of five sources, of real texts put together anew, with planted rows.

1. A side of a symmetric pair is one to three clauses of real texts; one side at least is two or
   more. A passage is sentences of real texts up to 300 to 3,000 characters, in runs of at most
   three that stand together. Structures of the real sources are kept: three hypotheses to a
   premise, up to five positives and five negatives to a query.
2. Two rows say nearly the same by chance only if they draw the same clauses on both sides; how
   often that is to be expected is worked out in `facts` (`expected_twins`).
3. Planted rows (`harvest_plants`) lie anywhere, in another source too; `truth.parquet` names each
   with its group and kind.

Everything is drawn from the seed, a chunk at a time.
"""

import csv
import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.harvest_plants import EXTRA, Base, Planted, Planter
from benchmarks.harvest_texts import Pool
from rupairs.text import digest

TRUTH_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string()),
        pa.field("row", pa.string()),
        pa.field("group", pa.int64()),
        pa.field("kind", pa.string()),
    ]
)
_VERSION = 6
_CHUNK = 20_000
# So much of what is planted waits for a later chunk.
_LATER = 0.4
_PASSAGE = (300, 3_000)
_RUN = 3
Rng = np.random.Generator


@dataclass(frozen=True)
class Data:
    """A folder with one folder a source in `native`, the truth beside it, and facts about both."""

    folder: Path
    facts: dict[str, Any]

    @property
    def native(self) -> Path:
        """Return the folder for `--from-dir`."""
        return self.folder / "native"

    @property
    def truth(self) -> Path:
        """Return the table of planted rows."""
        return self.folder / "truth.parquet"


@dataclass(frozen=True)
class Chunk:
    """Pairs in the order they are to be written; pairs of one `block` are one native row."""

    query: pa.Array
    passage: pa.Array
    polarity: npt.NDArray[np.int8]
    block: npt.NDArray[np.int64]


def open_data(pool: Pool, pairs: int, seed: int, work: Path) -> Data:
    """Return a table of that many pairs, made now unless an earlier run made it."""
    settings = [str(_VERSION), str(pairs), str(seed), pool.digest]
    folder = work / f"pairs-{pairs}-{digest(settings)[:12]}"
    facts = folder / "facts.json"
    if not facts.is_file():
        found = _make(pool, pairs, seed, folder)
        facts.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return Data(folder, json.loads(facts.read_text(encoding="utf-8")))


def _make(pool: Pool, pairs: int, seed: int, folder: Path) -> dict[str, Any]:
    lengths: dict[str, list[int]] = {}
    kinds: Counter[str] = Counter()
    planters: dict[bool, Planter] = {}
    left = pairs
    folder.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(folder / "truth.parquet", TRUTH_SCHEMA, compression="zstd") as truth:
        for number, layout in enumerate(LAYOUTS):
            size = left if layout is LAYOUTS[-1] else round(pairs * layout.share)
            left -= size
            planter = planters.setdefault(
                layout.symmetric,
                Planter(
                    pool,
                    random.Random(f"{seed}-{layout.symmetric}"),
                    layout.symmetric,
                    # Groups of the two kinds of sources must not have the same number.
                    0 if layout.symmetric else 1 << 40,
                ),
            )
            rng = np.random.default_rng([seed, number])
            print(f"  data: {size} pairs of {layout.name}", file=sys.stderr)
            with layout.writer(folder / "native" / layout.name) as writer:
                for start in range(0, size, _CHUNK):
                    chunk, planted = _chunk(pool, layout, planter, rng, min(_CHUNK, size - start))
                    names = writer.write(chunk)
                    truth.write_table(_truth(layout.name, names, planted, kinds))
                    _measure(lengths, layout, chunk)
    return {
        "pairs": pairs,
        "seed": seed,
        "planted": dict(sorted(kinds.items())),
        "characters": {n: _quantiles(found) for n, found in lengths.items()},
        "expected_twins": _expected_twins(pool, pairs),
        "pool": list(pool.said),
    }


def _chunk(
    pool: Pool, layout: "Layout", planter: Planter, rng: Rng, size: int
) -> tuple[Chunk, dict[int, Planted]]:
    """Return `size` pairs in order, and which of them are planted."""
    extra = round(size * EXTRA)
    earlier = planter.take(layout.polarities, round(extra * _LATER))
    base, blocks = layout.base(pool, rng, size - extra)
    usable = np.flatnonzero(np.concatenate([[True], blocks[1:] != blocks[:-1]])).tolist()
    wanted = extra - len(earlier)
    made, originals = planter.make(base, wanted + round(extra * _LATER), usable)
    planter.rng.shuffle(made)
    planter.put_off(made[wanted:])
    planted = earlier + made[:wanted]
    query = pa.concat_arrays([base.query, pa.array([p.query for p in planted], pa.string())])
    passage = pa.concat_arrays([base.passage, pa.array([p.passage for p in planted], pa.string())])
    polarity = np.array([*base.polarity, *(p.polarity for p in planted)], np.int8)
    blocks = np.concatenate([blocks, blocks[-1] + 1 + np.arange(len(planted))])
    # Whole blocks change places, and positives come before negatives in each.
    places = rng.permutation(blocks[-1] + 1)[blocks]
    order = np.lexsort((-polarity, places))
    known = dict(originals) | {len(base.query) + n: p for n, p in enumerate(planted)}
    where = {int(old): new for new, old in enumerate(order)}
    chunk = Chunk(
        query.take(pa.array(order)), passage.take(pa.array(order)), polarity[order], places[order]
    )
    return chunk, {where[old]: row for old, row in known.items()}


def _truth(
    source: str, names: list[str], planted: dict[int, Planted], kinds: Counter[str]
) -> pa.Table:
    numbers = sorted(planted)
    kinds.update(planted[n].kind for n in numbers)
    return pa.table(
        [
            pa.array([source] * len(numbers), pa.string()),
            pa.array([names[n] for n in numbers], pa.string()),
            pa.array([planted[n].group for n in numbers], pa.int64()),
            pa.array([planted[n].kind for n in numbers], pa.string()),
        ],
        schema=TRUTH_SCHEMA,
    )


def _measure(lengths: dict[str, list[int]], layout: "Layout", chunk: Chunk) -> None:
    kind = "symmetric" if layout.symmetric else "asymmetric"
    for name, column in (("query", chunk.query), ("passage", chunk.passage)):
        sizes = pc.utf8_length(column).to_numpy()
        lengths.setdefault(f"{kind} {name}", []).extend(sizes[::20].tolist())


def _quantiles(sizes: list[int]) -> dict[str, float]:
    quantiles = np.quantile(sizes, (0.05, 0.5, 0.95))
    names = ("5 %", "median", "95 %")
    found = dict(zip(names, (float(q) for q in quantiles), strict=True))
    return found | {"mean": round(float(np.mean(sizes)), 1)}


def _expected_twins(pool: Pool, pairs: int) -> dict[str, float]:
    """Return the measured chance that two clauses are alike, and the twins to be expected of it.

    Two rows are twins if three clauses at the least (two of one side, one of the other) are alike
    in each; 400 clauses are compared with all.
    """
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cdist

    units = pool.tails.to_pylist()
    some = random.Random(1).sample(units, min(400, len(units)))
    alike = 0
    for text in some:
        near = [u for u in units if 0.8 <= len(u) / len(text) <= 1.25]
        scores = cdist(
            [text], near, scorer=Levenshtein.normalized_similarity, score_cutoff=0.8, workers=-1
        )
        alike += int((scores > 0).sum())
    chance = alike / len(some) / len(units)
    return {"clauses_alike": chance, "twins": pairs * pairs / 2 * chance**3}


# --- rows of real texts -------------------------------------------------------------------------


def _side(pool: Pool, rng: Rng, sizes: npt.NDArray[np.int64]) -> pa.Array:
    """Return sides of one, two or three clauses."""
    drawn = [pa.array(rng.integers(0, len(pool.heads), len(sizes))) for _ in range(3)]
    one = pool.heads.take(drawn[0])
    two = pc.binary_join_element_wise(one, pool.tails.take(drawn[1]), ", ")
    three = pc.binary_join_element_wise(two, pool.tails.take(drawn[2]), ", ")
    mixed = pc.if_else(pa.array(sizes == 1), one, pc.if_else(pa.array(sizes == 2), two, three))
    return pc.binary_join_element_wise(mixed, pa.repeat(".", len(sizes)), "")


def _long(rng: Rng, rows: int) -> npt.NDArray[np.int64]:
    return rng.choice([2, 3], rows, p=[0.8, 0.2])


def _short(rng: Rng, rows: int) -> npt.NDArray[np.int64]:
    return rng.choice([1, 2, 3], rows, p=[0.3, 0.6, 0.1])


def _passages(pool: Pool, rng: Rng, rows: int) -> pa.Array:
    """Return passages of sentences whose lengths are spread evenly on a logarithmic scale."""
    low, high = np.log(_PASSAGE)
    wanted = np.exp(rng.uniform(low, high, rows))
    sizes = pc.utf8_length(pool.sentences).to_numpy() + 1
    most = int(_PASSAGE[1] / sizes.min()) + 1
    parts, counts = [], np.zeros(rows, np.int64)
    for row in range(0, rows, 1_000):
        some = len(wanted[row : row + 1_000])
        starts = rng.integers(0, len(sizes) - _RUN, (some, -(-most // _RUN)))
        numbers = (starts[:, :, None] + np.arange(_RUN)).reshape(some, -1)
        lengths = sizes[numbers]
        before = np.cumsum(lengths, 1) - lengths
        taken = before < (wanted[row : row + 1_000] - 60)[:, None]
        counts[row : row + some] = taken.sum(1)
        parts.append(numbers[taken])
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    texts = pool.sentences.take(pa.array(np.concatenate(parts)))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, texts), " ")


def _premises(pool: Pool, rng: Rng, rows: int) -> tuple[Base, npt.NDArray[np.int64]]:
    """Return rows of which three share a premise; the first of them is positive."""
    premises = _side(pool, rng, _long(rng, -(-rows // 3)))
    which = np.arange(rows) // 3
    polarity = np.where(np.arange(rows) % 3 == 0, 1, -1)
    base = Base(
        premises.take(pa.array(which)), _side(pool, rng, _short(rng, rows)), polarity.tolist()
    )
    return base, np.arange(rows)


def _lists(pool: Pool, rng: Rng, rows: int) -> tuple[Base, npt.NDArray[np.int64]]:
    """Return blocks of pairs that share a query: 1 to 5 positives, up to 5 negatives."""
    positives, negatives = rng.integers(1, 6, rows), rng.integers(0, 6, rows)
    blocks = np.repeat(np.arange(rows), positives + negatives)[:rows]
    place = np.arange(rows) - np.searchsorted(blocks, blocks)
    polarity = np.where(place < positives[blocks], 1, -1)
    queries = _side(pool, rng, _long(rng, int(blocks[-1]) + 1))
    base = Base(
        queries.take(pa.array(blocks)), _side(pool, rng, _short(rng, rows)), polarity.tolist()
    )
    return base, blocks


def _rewrites(pool: Pool, rng: Rng, rows: int) -> tuple[Base, npt.NDArray[np.int64]]:
    sides = _side(pool, rng, _long(rng, rows)), _side(pool, rng, _short(rng, rows))
    return Base(*sides, [1] * rows), np.arange(rows)


def _articles(pool: Pool, rng: Rng, rows: int) -> tuple[Base, npt.NDArray[np.int64]]:
    titles = _side(pool, rng, rng.choice([1, 2], rows, p=[0.6, 0.4]))
    return Base(titles, _passages(pool, rng, rows), [1] * rows), np.arange(rows)


# --- native files -------------------------------------------------------------------------------


class _Native(AbstractContextManager["_Native"]):
    """A native file that grows by chunks; `write` returns the names of the rows as harvested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = 0
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, chunk: Chunk) -> list[str]:
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

    def numbers(self, rows: int) -> npt.NDArray[np.int64]:
        """Return the numbers of the next rows, from 1."""
        self.rows += rows
        return np.arange(self.rows - rows + 1, self.rows + 1)


class _Parquet(_Native):
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


class _AllNli(_Parquet):
    sets = ("snli", "mnli", "anli_r1")

    def write(self, chunk: Chunk) -> list[str]:
        numbers = self.numbers(len(chunk.query))
        sets = [self.sets[n % len(self.sets)] for n in numbers]
        negative = np.where(numbers % 2, "contradiction", "neutral")
        label = np.where(chunk.polarity > 0, "entailment", negative)
        self.add(
            pa.table(
                {
                    "premise_ru": chunk.query,
                    "hypothesis_ru": chunk.passage,
                    "label": pa.array(label.tolist(), pa.string()),
                    "source": pa.array(sets, pa.string()),
                }
            )
        )
        return [f"{s}:{n}" for s, n in zip(sets, numbers.tolist(), strict=True)]


class _RuHnp(_Parquet):
    name = "train.parquet"

    def write(self, chunk: Chunk) -> list[str]:
        first = np.concatenate([[True], chunk.block[1:] != chunk.block[:-1]])
        row = np.cumsum(first) - 1
        columns = {"query": chunk.query.filter(pa.array(first))}
        numbers = self.numbers(int(row[-1]) + 1)
        place = np.zeros(len(row), np.int64)
        for name, polarity in (("pos", 1), ("neg", -1)):
            there = chunk.polarity == polarity
            sizes = np.bincount(row[there], minlength=len(numbers))
            offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
            place[there] = np.arange(there.sum()) - offsets[row[there]] + 1
            columns[name] = pa.ListArray.from_arrays(
                pa.array(offsets), chunk.passage.filter(pa.array(there))
            )
        self.add(pa.table(columns))
        kinds = np.where(chunk.polarity > 0, "p", "n")
        named = zip(numbers[row].tolist(), place.tolist(), kinds.tolist(), strict=True)
        return [f"{number}.{kind}{place}" for number, place, kind in named]


class _RuParaDetox(_Native):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.stream = (folder / "train.tsv").open("w", encoding="utf-8", newline="")
        self.table = csv.writer(self.stream, delimiter="\t", lineterminator="\n")
        self.table.writerow(["ru_toxic_comment", "ru_neutral_comment"])

    def write(self, chunk: Chunk) -> list[str]:
        self.table.writerows(zip(chunk.query.to_pylist(), chunk.passage.to_pylist(), strict=True))
        return [f"{n}.1" for n in self.numbers(len(chunk.query)).tolist()]

    def close(self) -> None:
        self.stream.close()


class _Lenta(_Parquet):
    def write(self, chunk: Chunk) -> list[str]:
        topics = pa.repeat("Россия", len(chunk.query))
        self.add(pa.table({"title": chunk.query, "text": chunk.passage, "topic": topics}))
        return [str(n) for n in self.numbers(len(chunk.query)).tolist()]


class _Summaries(_Parquet):
    def write(self, chunk: Chunk) -> list[str]:
        self.add(pa.table({"info": chunk.passage, "summary": chunk.query}))
        return [str(n) for n in self.numbers(len(chunk.query)).tolist()]


@dataclass(frozen=True)
class Layout:
    """A source of the harvest: its share of the table, its kind of rows, its native file."""

    name: str
    share: float
    symmetric: bool
    polarities: tuple[int, ...]
    base: Callable[[Pool, Rng, int], tuple[Base, npt.NDArray[np.int64]]]
    writer: Callable[[Path], _Native]


LAYOUTS = (
    Layout("allnli", 0.40, True, (1, -1), _premises, _AllNli),
    Layout("ru_hnp", 0.25, True, (1, -1), _lists, _RuHnp),
    Layout("ruparadetox", 0.10, True, (1,), _rewrites, _RuParaDetox),
    Layout("lenta", 0.15, False, (1,), _articles, _Lenta),
    Layout("summ_dialog_news", 0.10, False, (1,), _articles, _Summaries),
)
