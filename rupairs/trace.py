"""Provenance both ways: from a row to what it was made from, and to everything made from it.

Rows of all finished steps name each other by ids: their own (`pair_id`, `text_id`, ...), those of
what they were made from (`parents`, `anchor_id`, `seed_id`), the call that wrote them, and the row
of the source. A walk follows them until nothing new is found; dropped rows count too, so that what
became of a text is told to its end.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rupairs.errors import RupairsError
from rupairs.llm.log import ReplayLog
from rupairs.manifest import NAME
from rupairs.steps import load_stages
from rupairs.store import DROPPED, read_batches, read_table, schema_of

_OWN = ("pair_id", "text_id")
_MADE_FROM = ("parents", "anchor_id", "seed_id")
_TEXTS = ("text", "passage", "hypothesis")

Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A row of a step; `reason` says why it was dropped there, "" if it was kept."""

    step: str
    row: Row
    reason: str = ""
    evidence: str = ""


@dataclass
class Trail:
    """Rows in the order of the steps, and the calls that wrote them: key → (request, answer)."""

    rows: list[Found] = field(default_factory=list)
    calls: dict[str, tuple[Row, Row]] = field(default_factory=dict)


def origins(run: Path, name: str) -> Trail:
    """Return what a row was made from: its ancestors, their sources, calls and votes.

    `name` is a pair or text id. Raises `RupairsError` if the run has no such row.
    """
    ids, seen = {name}, set[str]()
    while ids - seen:
        seen |= ids
        for found in _rows(run, seen, _OWN):
            ids |= _ids(found.row, _MADE_FROM)
    rows = list(_rows(run, seen, _OWN))
    calls = {call for found in rows if (call := found.row.get("call_id"))}
    texts = {t for found in rows for n in _TEXTS if (t := found.row.get(n))}
    # What a call gave stands in its step without an id, known by its text.
    for found in _rows(run, calls, ("call_id",)):
        same = any(found.row.get(name) in texts for name in _TEXTS)
        if same and not any(found.row.get(own) for own in _OWN):
            rows.append(found)
    return _trail(run, name, rows, calls)


def descendants(run: Path, name: str) -> Trail:
    """Return everything made from a row: of its id, or of `SOURCE#ROW`.

    Rows that were written with it as an example count too. Raises as `origins` does.
    """
    source, mark, place = name.partition("#")
    start = list(_of_source(run, source, place)) if mark else list(_rows(run, {name}, _OWN))
    shown = {_pair_of(found.row) for found in start} - {("", "")}
    rows = [*start, *_with_example(run, shown)]
    ids, seen = _own(rows), set[str]()
    while ids - seen:
        fresh, seen = ids - seen, seen | ids
        below = list(_rows(run, fresh, (*_OWN, *_MADE_FROM)))
        ids |= _own(below)
        rows += below
    calls = {call for found in rows if (call := found.row.get("call_id"))}
    return _trail(run, name, rows, calls)


def _trail(run: Path, name: str, rows: list[Found], calls: set[str]) -> Trail:
    if not rows:
        raise RupairsError(f"{run}: no finished step has a row {name}")
    order = {step: n for n, (step, _) in enumerate(_steps(run))}
    unique = {json.dumps([f.step, f.reason, f.row], sort_keys=True, default=str): f for f in rows}
    trail = Trail(sorted(unique.values(), key=lambda found: order[found.step]))
    log = run / "llm.sqlite"
    if calls and log.is_file():
        with ReplayLog(log) as answers:
            trail.calls = {c: pair for c in sorted(calls) if (pair := answers.exchange(c))}
    return trail


def _steps(run: Path) -> Iterator[tuple[str, Path]]:
    for stage in load_stages().values():
        for step in stage.steps:
            if (step.path(run) / NAME).is_file():
                yield step.name, step.path(run)


def _parts(folder: Path, *columns: str) -> Iterator[Path]:
    """Yield the files of a step's kept rows that have one of the columns."""
    for path in sorted(folder.glob("part-*.parquet")):
        if not set(columns).isdisjoint(schema_of(path).names):
            yield path


def _rows(run: Path, ids: set[str], names: Iterable[str]) -> Iterator[Found]:
    """Yield the rows of all steps one of whose named columns holds one of the ids."""
    wanted = pa.array(sorted(ids), pa.string())
    for step, folder in _steps(run):
        for part in _parts(folder, *names):
            table = read_table(part)
            columns = [n for n in names if n in table.column_names]
            yield from _kept(step, table, _any(table, columns, wanted))
        yield from _dropped(step, folder, ids, names)


def _any(table: pa.Table, names: Iterable[str], wanted: pa.Array) -> pa.Array:
    mask = pa.array([False] * table.num_rows, pa.bool_())
    for name in names:
        values = pa.concat_arrays(table[name].chunks or [pa.array([], table[name].type)])
        if pa.types.is_list(values.type):
            inside = pc.is_in(values.flatten(), value_set=wanted)
            rows = pc.unique(pc.list_parent_indices(values).filter(inside))
            here = pc.is_in(pa.array(range(table.num_rows), rows.type), value_set=rows)
        else:
            here = pc.is_in(values, value_set=wanted)
        mask = pc.or_(mask, here)
    return mask


def _kept(step: str, table: pa.Table, mask: pa.Array) -> Iterator[Found]:
    for row in table.filter(mask).to_pylist():
        yield Found(step, row)


def _dropped(step: str, folder: Path, ids: set[str], names: Iterable[str]) -> Iterator[Found]:
    path = folder / DROPPED
    if not path.is_file():
        return
    table = read_table(path)
    for name in ids:
        for entry in table.filter(pc.match_substring(table["row"], f'"{name}"')).to_pylist():
            row = json.loads(entry["row"])
            if any(name == row.get(n) or name in (row.get(n) or ()) for n in names):
                yield Found(step, row, entry["reason"], entry["evidence"])


def _of_source(run: Path, source: str, place: str) -> Iterator[Found]:
    for step, folder in _steps(run):
        for part in _parts(folder, "source_row"):
            table = read_table(part)
            here = pc.equal(table["source_row"], place)
            yield from _kept(step, table, pc.and_(here, pc.equal(table["source"], source)))
        for found in _dropped(step, folder, {place}, ("source_row", "row")):
            if found.row.get("source") == source:
                yield found


def _with_example(run: Path, pairs: set[tuple[str, str]]) -> Iterator[Found]:
    """Yield the rows that a model wrote after seeing one of the pairs as an example."""
    for step, folder in _steps(run):
        for part in _parts(folder, "examples"):
            for batch in read_batches(part):
                for row in batch.to_pylist():
                    if pairs and any(_pair_of(example) in pairs for example in row["examples"]):
                        yield Found(step, row)


def _pair_of(row: Row) -> tuple[str, str]:
    first = row.get("query") or row.get("premise") or ""
    return str(first), str(row.get("passage") or row.get("hypothesis") or "")


def _own(found: Iterable[Found]) -> set[str]:
    return {name for f in found for name in _ids(f.row, _OWN)}


def _ids(row: Row, names: Iterable[str]) -> set[str]:
    values = [row.get(name) for name in names]
    return {i for v in values if v for i in (v if isinstance(v, list) else [v])}
