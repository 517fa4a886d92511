"""The sweep: what each threshold of decontamination finds in a sample, to choose one by eye."""

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from harvest.benchmarks import read_benchmarks
from rupairs.containment import KnownTexts
from rupairs.errors import RupairsError
from rupairs.options import print_json
from rupairs.store import StageReader, read_batches
from rupairs.text_columns import key_column

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_SHOWN = 70
_BATCH = 8_192
_PLACES = 20


def show_sweep(out: Path, folder: Path, sample: int, as_json: bool) -> None:
    """Print, by threshold, pairs found in every benchmark and the weakest example it lets in."""
    rows = sweep(StageReader(out / "harvest/rows"), folder, sample)
    if as_json:
        print_json(rows)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Pairs with a side that holds a benchmark text", box=box.SIMPLE_HEAD)
    for name in ("threshold", "pairs", "share"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("benchmarks")
    table.add_column("weakest found (score: benchmark text | text)")
    for row in rows:
        most = Counter(row["benchmarks"]).most_common(4)
        named = ", ".join(f"{name} {count}" for name, count in most)
        table.add_row(
            f"{row['threshold']:.1f}",
            f"{row['pairs']:,}",
            f"{row['share']:.2%}",
            named,
            row["weakest"],
        )
    Console(highlight=False).print(table)
    Console(highlight=False).print("Next: set harvest.pairs.contamination in the recipe")


def sweep(rows: StageReader, folder: Path, sample: int) -> list[dict[str, Any]]:
    """Return the findings of each threshold, for about `sample` evenly spread pairs."""
    known = read_benchmarks(folder)
    texts = KnownTexts(known.keys, THRESHOLDS[0])
    best: list[tuple[float, int, str]] = []
    looked = 0
    for batch in _spread(rows, sample):
        found: dict[int, tuple[float, int, str]] = {}
        for side in ("query", "passage"):
            keys = key_column(batch[side])
            for hit in texts.hits(keys):
                entry = (hit.score, hit.known, keys[hit.row].as_py()[:_SHOWN])
                found[hit.row] = max(found.get(hit.row, entry), entry)
        best += found.values()
        looked += batch.num_rows
    return [_at(threshold, best, looked, known.names, known.keys) for threshold in THRESHOLDS]


def _at(
    threshold: float,
    best: list[tuple[float, int, str]],
    looked: int,
    names: list[str],
    keys: pa.Array,
) -> dict[str, Any]:
    hits = sorted(hit for hit in best if hit[0] >= threshold)
    score, known, text = hits[0] if hits else (0.0, 0, "")
    weakest = f"{score:.2f}: {keys[known].as_py()[:_SHOWN]} | {text}" if hits else ""
    counts = Counter(name for hit in hits for name in names[hit[1]].split(", "))
    return {
        "threshold": threshold,
        "pairs": len(hits),
        "looked_at": looked,
        "share": len(hits) / looked,
        "benchmarks": dict(counts.most_common()),
        "weakest": weakest,
    }


def _spread(rows: StageReader, sample: int) -> list[pa.RecordBatch]:
    """Return rows from many places of the table, about `sample` of them."""
    total = rows.manifest.counts.rows_out
    if not total:
        raise RupairsError(f"{rows.directory}: no pairs to look at")
    # Whole batches would often be those of one source.
    apart = max(1, total // _BATCH // max(_PLACES, sample // _BATCH))
    batches = (b for part in rows.parts() for b in read_batches(part, ["query", "passage"]))
    chosen = list(islice(batches, 0, None, apart))
    return [batch.slice(0, max(1, sample // len(chosen))) for batch in chosen]
