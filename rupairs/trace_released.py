"""Where rows of a run have gone: the files of its releases, and the encoder trained on them.

Released rows have the columns of the published sets and no ids, so they are known by their texts.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rupairs.manifest import NAME, read_manifest
from rupairs.steps import Step, load_stages
from rupairs.store import read_batches, schema_of

Row = dict[str, Any]

_SETS = ("harvest.pairs", "ruhnp.release", "ruwanli.release")
_ENCODERS = ("training.encoder", "data_cards.encoder")
# The text that a released row is about, and the texts beside it.
_SHAPES = (
    ("query", ("pos", "neg")),
    ("premise", ("hypothesis",)),
    ("premise", ("entailment", "contradiction")),
)


def finished(run: Path) -> Iterator[Step]:
    """Yield the finished steps of a run, in the order of the chain."""
    for stage in load_stages().values():
        for step in stage.steps:
            if (step.path(run) / NAME).is_file():
                yield step


def released(run: Path, rows: Iterable[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """Yield (step, row) of released files that hold these rows, given as (step, row).

    A row says its file and its number there, from 0; an encoder, on how many rows it was trained.
    """
    given = list(rows)
    ids = {row["pair_id"] for _, row in given if row.get("pair_id")}
    pairs = {
        (row["query"], row["passage"])
        for step, row in given
        if step in _SETS and row.get("query") and row.get("passage")
    }
    for step in finished(run):
        if step.stage == "data_cards" and (ids or pairs):
            for name in read_manifest(step.path(run)).files:
                if name.endswith(".parquet"):
                    yield from _in_file(step, step.path(run), name, ids, pairs)
    yield from _encoders(run, given)


def _in_file(
    step: Step, folder: Path, name: str, ids: set[str], pairs: set[tuple[str, str]]
) -> Iterator[tuple[str, Row]]:
    names = schema_of(folder / name).names
    column, wanted = "pair_id", pa.array(sorted(ids), pa.string())
    others: tuple[str, ...] = ()
    if column not in names:
        shape = next((s for s in _SHAPES if {s[0], *s[1]} <= {*names}), None)
        if shape is None:
            return
        column, others = shape
        wanted = pa.array(sorted({query for query, _ in pairs}), pa.string())
    number = 0
    for batch in read_batches(folder / name):
        here = pc.is_in(batch[column], value_set=wanted)
        places = pc.indices_nonzero(here).to_pylist()
        for place, row in zip(places, batch.filter(here).to_pylist(), strict=True):
            if not others or any((row[column], text) in pairs for text in _texts(row, others)):
                yield step.name, {"file": name, "row": number + place, **row}
        number += batch.num_rows


def _texts(row: Row, columns: Iterable[str]) -> Iterator[str]:
    for column in columns:
        yield from row[column] if isinstance(row[column], list) else [row[column]]


def _encoders(run: Path, rows: list[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    steps = {step.name: step for step in finished(run)}
    if _ENCODERS[0] not in steps:
        return
    inputs = read_manifest(steps[_ENCODERS[0]].path(run)).inputs
    seen = {
        row["pair_id"]
        for step, row in rows
        if step in _SETS and step in inputs and row.get("split") == "train"
    }
    for name in _ENCODERS if seen else ():
        if name in steps:
            folder = steps[name].path(run).relative_to(run).as_posix()
            yield name, {"folder": folder, "trained_on": len(seen)}
