"""The release folder of the harvested pair table: every row with its source and license."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_cards.card import description, funnel, size_category, write_cards
from data_cards.citation import bibtex
from data_cards.croissant import About, write_croissant
from data_cards.front import Licensed, configs, dataset_info
from data_cards.left_out import LeftOut
from data_cards.shards import Shards
from data_cards.terms import Tally
from rupairs.errors import RupairsError
from rupairs.pairs import PAIR_SCHEMA
from rupairs.steps import Context
from rupairs.store import StageReader, read_batches

_STEMS = {split: split for split in ("train", "validation", "test")}
_EXAMPLES = 3
_PICTURES = {
    "sources.png": ("Harvested pairs by source", "Собранные пары по источникам"),
    "lengths.png": ("Lengths of the harvested texts", "Длины собранных текстов"),
    "overlap.png": ("Pairs that two sources share", "Общие пары источников"),
}


def release_pairs(context: Context) -> None:
    """Write `data/SPLIT-*.parquet`, the card and `croissant.json`.

    With `only_redistributable`, rows whose license forbids passing them on are left out, and
    listed in `left_out.parquet`, which is not published.
    """
    reader = context.inputs["harvest.pairs"]
    tally, sources = Tally(), Counter[str]()
    shards = Shards(context.out / "data", PAIR_SCHEMA, _STEMS, numbered=True)
    with LeftOut(context.out, context.config.only_redistributable) as left_out:
        for batch in _batches(reader):
            names = pc.unique(batch["license"]).to_pylist()
            shut = pa.array([name for name in names if left_out.forbids(name)], pa.string())
            closed = pc.is_in(batch["license"], value_set=shut)
            left_out.add_table(batch.filter(closed))
            kept = batch.filter(pc.invert(closed))
            sources.update(kept["source"].to_pylist())
            _count(tally, kept)
            for split in _STEMS:
                shards.add_table(split, kept.filter(pc.equal(kept["split"], split)))
    files = shards.close()
    if not sources:
        raise RupairsError(f"{context.step.name}: no pair may be passed on, so there is no release")
    _write_card(context, reader, files, _Counted(tally, sources, left_out))


def _count(tally: Tally, rows: pa.Table) -> None:
    """Count rows by license; those that forbid a release are named `SOURCE#ROW`."""
    for found in pc.value_counts(rows["license"]).to_pylist():
        license_id, count = found["values"], found["counts"]
        tally.add_rows(license_id, count, partial(_names, rows, license_id))


def _names(rows: pa.Table, license_id: str) -> Iterator[str]:
    found = rows.select(["source", "source_row"]).filter(pc.equal(rows["license"], license_id))
    for row in found.slice(0, _EXAMPLES).to_pylist():
        yield f"{row['source']}#{row['source_row']}"


def _batches(reader: StageReader) -> Iterator[pa.Table]:
    for part in reader.parts():
        for batch in read_batches(part):
            yield pa.Table.from_batches([batch])


@dataclass(frozen=True)
class _Counted:
    """The rows of a release by license and by source, and what it leaves out."""

    tally: Tally
    sources: Counter[str]
    left_out: LeftOut


def _pictures(context: Context, reader: StageReader) -> list[dict[str, Any]]:
    """Copy the pictures of the harvest, which are of all its pairs, and return what they show."""
    found = [name for name in _PICTURES if name in reader.manifest.files]
    for name in found:
        shutil.copyfile(reader.whole() / name, context.out / name)
    return [{"name": name, "titles": _PICTURES[name]} for name in found]


def _write_card(
    context: Context,
    reader: StageReader,
    files: dict[str, tuple[Path, ...]],
    counted: _Counted,
) -> None:
    licensed = Licensed.of(counted.tally)
    told = {"default": files}
    info = dataset_info(told)
    total = counted.sources.total()
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
    facts = {
        "title": front["pretty_name"],
        "citation": bibtex(front["pretty_name"], context.config.url),
        "pictures": _pictures(context, reader),
        "rows": {s["name"]: s["num_examples"] for s in info[0]["splits"]},
        "pairs": total,
        "sources": [sources[name] | {"released": counted.sources[name]} for name in sources],
        "terms": licensed.terms,
        "funnel": [
            *funnel([reader.manifest]),
            *counted.left_out.funnel(context.step.name, total),
        ],
        "benchmarks": reader.manifest.facts.get("benchmarks", {}),
        "left_out": counted.left_out.reasons.total(),
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
    rows = {"rows": {"default": facts["rows"]}, "left_out": dict(counted.left_out.reasons)}
    context.facts |= rows | licensed.facts()
