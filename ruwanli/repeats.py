"""Candidates that repeat an NLI row of the harvest, or a candidate before them.

1. Equal `pair_id`: the same two texts, whatever the label.
2. Near-duplicates: the same label, both sides at least `near` alike (either way round), and no
   number and no negation apart. Under another label a small change can be the whole point.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.alike import details, similarities
from rupairs.grams import grams
from rupairs.near import Buckets, signatures
from rupairs.pairs import NLI_RELATIONS
from rupairs.store import StageReader, read_batches
from rupairs.text_columns import key_column

TEXTS_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string()),
        pa.field("premise", pa.string()),
        pa.field("hypothesis", pa.string()),
        pa.field("label", pa.string()),
    ]
)
_COLUMNS = ["pair_id", "query", "passage", "relation"]
_BATCH = 8_192

Row = dict[str, Any]
Fault = tuple[str, str]
Rows = npt.NDArray[np.int64]
_Match = tuple[float, int]


def nli_texts(pairs: StageReader) -> pa.Table:
    """Return the NLI rows (`TEXTS_SCHEMA`) of `harvest.pairs`, of all sources and splits."""
    wanted = pa.array(sorted(NLI_RELATIONS))
    found = [
        batch.filter(pc.is_in(batch["relation"], value_set=wanted))
        for path in pairs.parts()
        for batch in read_batches(path, _COLUMNS)
    ]
    schema = pa.schema([pa.field(name, pa.string()) for name in _COLUMNS])
    table = pa.Table.from_batches([b.cast(schema) for b in found], schema=schema)
    return table.rename_columns(TEXTS_SCHEMA.names)


def candidate_texts(rows: Sequence[Row]) -> pa.Table:
    """Return candidates as `TEXTS_SCHEMA`, the intended label as the label."""
    columns = ("pair_id", "premise", "hypothesis", "intended_label")
    return pa.table([[row[c] for row in rows] for c in columns], schema=TEXTS_SCHEMA)


def repeats(known: pa.Table, rows: Sequence[Row], near: float, folder: Path) -> dict[int, Fault]:
    """Return (reason, evidence) by number for each candidate that repeats a known or earlier one.

    `known` has `TEXTS_SCHEMA`; `near` of 0 looks for equal pairs only; `folder` takes scratch
    files.
    """
    found = _equal(known, rows)
    if near:
        fresh = [number for number in range(len(rows)) if number not in found]
        table = pa.concat_tables([known, candidate_texts([rows[n] for n in fresh])])
        for place, fault in _near(table, known.num_rows, near, folder).items():
            found[fresh[place - known.num_rows]] = fault
    return found


def _equal(known: pa.Table, rows: Sequence[Row]) -> dict[int, Fault]:
    ids = pa.array([row["pair_id"] for row in rows], pa.string())
    old = pc.is_in(ids, value_set=known["pair_id"].combine_chunks()).to_pylist()
    found: dict[int, Fault] = {}
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if old[number]:
            found[number] = ("duplicate", f"equals the NLI row {row['pair_id']}")
        elif row["pair_id"] in seen:
            found[number] = ("duplicate", f"equals candidate {row['pair_id']}")
        seen.add(row["pair_id"])
    return found


def _near(table: pa.Table, known: int, least: float, folder: Path) -> dict[int, Fault]:
    """Return the faults of rows from `known` on, by their number in the table."""
    keys = {n: key_column(_array(table[n])) for n in ("premise", "hypothesis")}
    buckets = Buckets.open(folder)
    for sides in _sides(keys, table.num_rows):
        found = grams(sides)
        buckets.add(*signatures(found.hashes, found.offsets[::2]))
    earlier, later = buckets.candidates()
    labels = pc.dictionary_encode(_array(table["label"])).indices.to_numpy()
    fit = (later >= known) & (labels[earlier] == labels[later])
    matches: dict[int, list[_Match]] = defaultdict(list)
    for a, b, similarity in _alike(keys, earlier[fit], later[fit], least):
        matches[b].append((-similarity, a))
    faults: dict[int, Fault] = {}
    for number in sorted(matches):
        stays = [match for match in sorted(matches[number]) if match[1] not in faults]
        if stays:
            similarity, other = stays[0]
            whose = "the NLI row" if other < known else "candidate"
            evidence = f"{-similarity:.3f} like {whose} {table['pair_id'][other].as_py()}"
            faults[number] = ("near_duplicate", evidence)
    return faults


def _sides(keys: dict[str, pa.Array], rows: int) -> Iterator[pa.Array]:
    """Yield batches of premise, hypothesis, premise, ..."""
    for start in range(0, rows, _BATCH):
        both = [keys[n].slice(start, _BATCH) for n in ("premise", "hypothesis")]
        order = np.arange(2 * len(both[0])).reshape(2, -1).T.ravel()
        yield pa.concat_arrays(both).take(pa.array(order))


def _alike(
    keys: dict[str, pa.Array], earlier: Rows, later: Rows, least: float
) -> Iterator[tuple[int, int, float]]:
    """Yield (earlier, later, similarity of the sides that differ most) of near-duplicates."""
    for start in range(0, len(earlier), _BATCH):
        a, b = earlier[start : start + _BATCH], later[start : start + _BATCH]
        p, h = (_texts(keys[n], a) for n in ("premise", "hypothesis"))
        q, g = (_texts(keys[n], b) for n in ("premise", "hypothesis"))
        straight = _lower(p, h, q, g, least)
        crossed = _lower(p, h, g, q, least)
        best = np.maximum(straight, crossed)
        for i in np.flatnonzero(best >= least):
            yield int(a[i]), int(b[i]), float(best[i])


def _lower(
    p: list[str], h: list[str], q: list[str], g: list[str], least: float
) -> npt.NDArray[np.float64]:
    """Return the lower of the similarities (p, q) and (h, g), 0 where a detail is apart."""
    lower = np.minimum(similarities(p, q, least), similarities(h, g, least))
    for i in np.flatnonzero(lower >= least):
        if details(p[i]) != details(q[i]) or details(h[i]) != details(g[i]):
            lower[i] = 0
    return lower


def _texts(column: pa.Array, numbers: Rows) -> list[str]:
    texts: list[str] = column.take(pa.array(numbers)).to_pylist()
    return texts


def _array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
