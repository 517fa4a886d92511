"""The release folder of the harvested pair table: every row with its source and license."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_cards.card import description, funnel, size_category, write_cards
from data_cards.croissant import About, write_croissant
from data_cards.front import Licensed, configs, dataset_info
from rupairs.errors import RupairsError
from rupairs.pairs import PAIR_SCHEMA
from rupairs.redistribution import forbidding
from rupairs.steps import Context
from rupairs.store import StageReader, read_batches

SPLITS = ("train", "validation", "test")
LEFT_OUT = "left_out.parquet"
_ROWS_A_FILE = 1_000_000


def release_pairs(context: Context) -> None:
    """Write `data/SPLIT-*.parquet`, the card and `croissant.json`.

    With `only_redistributable`, rows whose license forbids passing them on are left out, and
    listed in `left_out.parquet`, which is not published.
    """
    reader = context.inputs["harvest.pairs"]
    redistributable = context.config.only_redistributable
    licenses: Counter[tuple[str, str]] = Counter()
    shards = _Shards(context.out / "data")
    with pq.ParquetWriter(context.out / LEFT_OUT, PAIR_SCHEMA, compression="zstd") as left_out:
        for batch in _batches(reader):
            closed = pc.is_in(batch["license"], value_set=_closed(batch))
            if redistributable:
                left_out.write_table(batch.filter(closed))
                batch = batch.filter(pc.invert(closed))  # noqa: PLW2901
            columns = (batch[name].to_pylist() for name in ("source", "license"))
            licenses.update(zip(*columns, strict=True))
            shards.add(batch)
    files = shards.close()
    if not licenses:
        raise RupairsError(f"{context.step.name}: no pair may be passed on, so there is no release")
    _write_card(context, reader, files, licenses)


def _closed(batch: pa.Table) -> pa.Array:
    found = [name for name in pc.unique(batch["license"]).to_pylist() if forbidding(name)]
    return pa.array(found, pa.string())


def _batches(reader: StageReader) -> Iterator[pa.Table]:
    for part in reader.parts():
        for batch in read_batches(part):
            yield pa.Table.from_batches([batch])


class _Shards:
    """Files of at most so many rows, a series for every split; a split without rows has none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: Counter[str] = Counter()
        self._files: dict[str, list[Path]] = {split: [] for split in SPLITS}
        folder.mkdir()

    def add(self, batch: pa.Table) -> None:
        """Write rows where their split says."""
        for split in SPLITS:
            rows = batch.filter(pc.equal(batch["split"], split))
            if rows.num_rows:
                self._writer(split).write_table(rows)
                self._rows[split] += rows.num_rows

    def _writer(self, split: str) -> pq.ParquetWriter:
        if self._rows[split] >= _ROWS_A_FILE:
            self._writers.pop(split).close()
            self._rows[split] = 0
        if split not in self._writers:
            path = self._folder / f"{split}-{len(self._files[split]):05d}.parquet"
            self._files[split].append(path)
            writer = pq.ParquetWriter(path, PAIR_SCHEMA, compression="zstd")
            self._writers[split] = writer
        return self._writers[split]

    def close(self) -> dict[str, tuple[Path, ...]]:
        """Finish all files and return them by split."""
        for writer in self._writers.values():
            writer.close()
        return {split: tuple(paths) for split, paths in self._files.items()}


def _write_card(
    context: Context,
    reader: StageReader,
    files: dict[str, tuple[Path, ...]],
    licenses: Counter[tuple[str, str]],
) -> None:
    each = ((f"rows of {source}", name) for (source, name), n in licenses.items() for _ in range(n))
    licensed = Licensed.of(each)
    told = {"default": files}
    info = dataset_info(told)
    total = licenses.total()
    front: dict[str, Any] = {
        "language": ["ru"],
        **licensed.fields(),
        "pretty_name": context.config.title or "Russian sentence pairs",
        "size_categories": [size_category(total)],
        "task_categories": ["sentence-similarity"],
        "tags": ["sentence-transformers"],
        "configs": configs(context.out, told),
        "dataset_info": info,
    }
    sources = reader.manifest.facts["sources"]
    kept: Counter[str] = Counter()
    for (source, _), count in licenses.items():
        kept[source] += count
    facts = {
        "title": front["pretty_name"],
        "rows": {s["name"]: s["num_examples"] for s in info[0]["splits"]},
        "pairs": total,
        "sources": [sources[name] | {"released": kept[name]} for name in sources],
        "terms": licensed.terms,
        "funnel": funnel([reader.manifest]),
        "benchmarks": reader.manifest.facts.get("benchmarks", {}),
        "left_out": reader.manifest.counts.rows_out - total,
        "versions": reader.manifest.versions,
    }
    write_cards(context.out, "pairs", front, facts, context.config)
    about = About(
        name=front["pretty_name"],
        description=description("pairs", facts),
        terms=licensed.terms,
        keywords=tuple(front["tags"]),
        url=context.config.url,
        citations=tuple(s["citation"] for s in facts["sources"] if s["citation"]),
    )
    write_croissant(context.out, told, about)
    context.facts |= {"rows": {"default": facts["rows"]}, **licensed.facts()}
