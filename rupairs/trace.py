"""Provenance both ways: from a row to what it was made from, and to everything made from it.

Rows of all finished steps name each other by ids: their own (`pair_id`, `text_id`, ...), those of
what they were made from (`parents`, `anchor_id`, `seed_id`), the call that wrote them, and the row
of the source. A walk follows them until nothing new is found; dropped rows count too, so that what
became of a text is told to its end.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rupairs.errors import RupairsError
from rupairs.llm.log import ReplayLog
from rupairs.store import DROPPED, read_batches, read_table, schema_of
from rupairs.text import key
from rupairs.text_columns import clean_column, key_column
from rupairs.trace_released import finished, released

_OWN = ("pair_id", "text_id")
_MADE_FROM = ("parents", "anchor_id", "seed_id")
_TEXTS = ("text", "passage", "hypothesis")
_SIDES = ("query", "premise", *_TEXTS)
_QUOTED = re.compile(r'"([^"\\]+)"')

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


def origins(run: Path, *names: str) -> Trail:
    """Return what rows were made from: their ancestors, their sources, calls and votes.

    `names` are pair or text ids. Raises `RupairsError` if the run has no such row.
    """
    fresh, seen, rows = {*names}, set[str](), list[Found]()
    while fresh:
        found = list(_rows(run, fresh, _OWN))
        rows += found
        seen |= fresh
        fresh = {name for f in found for name in _ids(f.row, _MADE_FROM)} - seen
    calls = {call for found in rows if (call := found.row.get("call_id"))}
    texts = {t for found in rows for n in _TEXTS if (t := found.row.get(n))}
    # What a call gave stands in its step without an id, known by its text.
    for one in _rows(run, calls, ("call_id",)) if calls else ():
        same = any(one.row.get(name) in texts for name in _TEXTS)
        if same and not any(one.row.get(own) for own in _OWN):
            rows.append(one)
    return _trail(run, ", ".join(names), rows, calls)


def descendants(run: Path, *names: str) -> Trail:
    """Return everything made from rows: of their ids, of `SOURCE#ROW`, or `SOURCE#ARTICLE`.

    Rows that were written with one of them as an example count too, and what was released: rows
    of files, and an encoder that was trained on them. Raises as `origins` does.
    """
    start = [found for name in names for found in _start(run, name)]
    shown = {_pair_of(found.row) for found in start} - {("", "")}
    rows = [*start, *_with_example(run, shown)]
    fresh, seen = _own(rows), set[str]()
    while fresh:
        below = list(_rows(run, fresh, (*_OWN, *_MADE_FROM)))
        rows += below
        seen |= fresh
        fresh = _own(below) - seen
    calls = {call for found in rows if (call := found.row.get("call_id"))}
    rows += [Found(step, row) for step, row in released(run, [(f.step, f.row) for f in rows])]
    return _trail(run, ", ".join(names), rows, calls)


def ids_of_text(run: Path, text: str) -> set[str]:
    """Return the ids of the rows that have a text, but for case, ё and punctuation.

    Released files name no ids: this is how a row in them is found again. Raises `RupairsError` if
    the run has no row with it.
    """
    wanted, found = key(text), set[str]()
    for _, folder in _steps(run):
        for part in _parts(folder, *_OWN):
            names = schema_of(part).names
            own = [name for name in _OWN if name in names]
            texts = [name for name in _SIDES if name in names]
            for batch in read_batches(part, [*own, *texts]) if texts else ():
                for name in texts:
                    here = pc.equal(key_column(clean_column(batch[name])), wanted)
                    for row in batch.filter(pc.fill_null(here, False)).to_pylist():
                        found |= _ids(row, own)
    if not found:
        raise RupairsError(f"{run}: no finished step has a row with the text «{text[:80]}»")
    return found


def _start(run: Path, name: str) -> list[Found]:
    source, mark, place = name.partition("#")
    return list(_of_source(run, source, place) if mark else _rows(run, {name}, _OWN))


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
    for step in finished(run):
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
            columns = [n for n in names if n in schema_of(part).names]
            mask = _any(read_table(part, columns), wanted)
            yield from _kept(step, part, mask)
        yield from _dropped(step, folder, ids, names)


def _any(table: pa.Table, wanted: pa.Array) -> pa.Array:
    """Return which rows hold one of the ids in any column."""
    mask = np.zeros(table.num_rows, dtype=bool)
    for name in table.column_names:
        values = pa.concat_arrays(table[name].chunks or [pa.array([], table[name].type)])
        if pa.types.is_list(values.type):
            inside = pc.is_in(values.flatten(), value_set=wanted)
            mask[pc.list_parent_indices(values).filter(inside).to_numpy()] = True
        else:
            mask |= pc.is_in(values, value_set=wanted).to_numpy(zero_copy_only=False)
    return pa.array(mask)


def _kept(step: str, part: Path, mask: pa.Array) -> Iterator[Found]:
    if pc.any(mask).as_py():
        for row in read_table(part).filter(mask).to_pylist():
            yield Found(step, row)


def _dropped(step: str, folder: Path, ids: set[str], names: Iterable[str]) -> Iterator[Found]:
    """Yield the dropped rows that name one of the ids, in one pass whatever their number."""
    path = folder / DROPPED
    for batch in read_batches(path) if path.is_file() else ():
        # A row is JSON: an id in it stands between quotes.
        mask = [not ids.isdisjoint(_QUOTED.findall(text)) for text in batch["row"].to_pylist()]
        for entry in batch.filter(pa.array(mask, pa.bool_())).to_pylist():
            row = json.loads(entry["row"])
            if not ids.isdisjoint(_ids(row, names)):
                yield Found(step, row, entry["reason"], entry["evidence"])


def _of_source(run: Path, source: str, place: str) -> Iterator[Found]:
    """Yield the rows of a place in a source, or of all places in an article."""
    for step, folder in _steps(run):
        for part in _parts(folder, "source_row"):
            table = read_table(part, ["source", "source_row"])
            rows = table["source_row"]
            here = pc.or_(pc.equal(rows, place), pc.starts_with(rows, f"{place}#"))
            mask = pc.fill_null(pc.and_(here, pc.equal(table["source"], source)), False)
            yield from _kept(step, part, mask)
        yield from _dropped_of_source(step, folder, source, place)


def _dropped_of_source(step: str, folder: Path, source: str, place: str) -> Iterator[Found]:
    path = folder / DROPPED
    quoted = json.dumps(place, ensure_ascii=False)[1:-1]
    for batch in read_batches(path) if path.is_file() else ():
        here = pc.match_substring(batch["row"], f'"{quoted}')
        for entry in batch.filter(here).to_pylist():
            row = json.loads(entry["row"])
            at = str(row.get("source_row") or row.get("row") or "")
            if row.get("source") == source and (at == place or at.startswith(f"{place}#")):
                yield Found(step, row, entry["reason"], entry["evidence"])


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
