"""The table: native files of five sources, of real texts put together anew, with planted rows.

1. Rows of real texts are drawn from the seed (`harvest_rows`), a chunk at a time.
2. Planted rows (`harvest_plants`) lie anywhere among them, in another source too;
   `truth.parquet` names each with its group and kind.
3. Two rows say nearly the same by chance only if they draw the same clauses on both sides; how
   often that is to be expected is worked out in the facts (`expected_twins`).
"""

import json
import random
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from benchmarks.harvest_native import (
    AllNli,
    Lenta,
    NativeFile,
    RuHnp,
    RuParaDetox,
    Summaries,
)
from benchmarks.harvest_plants import EXTRA, Planted, Planter
from benchmarks.harvest_rows import Base, Rng, articles, lists, premises, rewrites
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
_VERSION = 7
_CHUNK = 20_000
_COMPARED, _ALIKE = 200, 0.8
# So much of what is planted waits for a later chunk.
_LATER = 0.4


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
class Layout:
    """A source of the harvest: its share of the table, its kind of rows, its native file."""

    name: str
    share: float
    symmetric: bool
    polarities: tuple[int, ...]
    base: Callable[[Pool, Rng, int], Base]
    writer: Callable[[Path], NativeFile]


LAYOUTS = (
    Layout("allnli", 0.40, True, (1, -1), premises, AllNli),
    Layout("ru_hnp", 0.25, True, (1, -1), lists, RuHnp),
    Layout("ruparadetox", 0.10, True, (1,), rewrites, RuParaDetox),
    Layout("lenta", 0.15, False, (1,), articles, Lenta),
    Layout("summ_dialog_news", 0.10, False, (1,), articles, Summaries),
)


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
    pool: Pool, layout: Layout, planter: Planter, rng: Rng, size: int
) -> tuple[Base, dict[int, Planted]]:
    """Return `size` pairs in the order they are written, and which of them are planted."""
    extra = round(size * EXTRA)
    earlier = planter.take(layout.polarities, round(extra * _LATER))
    base = layout.base(pool, rng, size - extra)
    wanted = extra - len(earlier)
    made, originals = planter.make(base, wanted + round(extra * _LATER))
    planter.rng.shuffle(made)
    planter.put_off(made[wanted:])
    planted = earlier + made[:wanted]
    query = pa.concat_arrays([base.query, pa.array([p.query for p in planted], pa.string())])
    passage = pa.concat_arrays([base.passage, pa.array([p.passage for p in planted], pa.string())])
    polarity = np.append(base.polarity, np.array([p.polarity for p in planted], np.int64))
    block = np.append(base.block, base.block[-1] + 1 + np.arange(len(planted)))
    # Whole blocks change places, and positives come before negatives in each.
    place = rng.permutation(block[-1] + 1)[block]
    order = np.lexsort((-polarity, place))
    known = originals | {len(base.query) + n: p for n, p in enumerate(planted)}
    where = {int(old): new for new, old in enumerate(order)}
    numbers = pa.array(order)
    chunk = Base(query.take(numbers), passage.take(numbers), polarity[order], place[order])
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


def _measure(lengths: dict[str, list[int]], layout: Layout, chunk: Base) -> None:
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
    in each. Some clauses are compared with all, and each with itself.
    """
    units = sorted(pool.tails.to_pylist(), key=len)
    lengths = [len(u) for u in units]
    some = random.Random(1).sample(units, min(_COMPARED, len(units)))
    alike = 0
    for text in some:
        low = bisect_left(lengths, _ALIKE * len(text))
        high = bisect_right(lengths, len(text) / _ALIKE)
        scores = cdist(
            [text],
            units[low:high],
            scorer=Levenshtein.normalized_similarity,
            score_cutoff=_ALIKE,
            workers=-1,
        )
        alike += int((scores > 0).sum())
    chance = alike / len(some) / len(units)
    return {"clauses_alike": chance, "twins": pairs * pairs / 2 * chance**3}
