"""Tasks: what is reviewed, each under an id that tells an annotator nothing.

1. An `item` is a candidate. A `control` is a pair whose label the user knows; a `repeat` shows an
   item to the same annotator again. Nothing in a task's data tells the three apart.
2. An annotator who knew the intended label would agree with it too often, so the data hold the
   id and the two texts alone.
3. The id is a digest, so that the same run makes the same tasks and a second push adds nothing.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from rupairs.errors import RupairsError
from rupairs.store import StageReader
from rupairs.text import digest, share

TASK_SCHEMA = pa.schema(
    [
        pa.field("task", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("premise", pa.string(), nullable=False),
        pa.field("hypothesis", pa.string(), nullable=False),
        pa.field("gold", pa.string(), nullable=True),
        pa.field("batch", pa.int32(), nullable=False),
    ]
)
ITEM, CONTROL, REPEAT = "item", "control", "repeat"
SHOWN = ["task", "premise", "hypothesis"]
"""The fields of a task's data; everything else stays here."""

_PAIR = ["pair_id", "premise", "hypothesis"]
_CHUNK = 4_096

Row = dict[str, Any]


def task_id(pair_id: str, kind: str, occurrence: int, seed: int) -> str:
    """Return the opaque id of a task."""
    return digest((pair_id, kind, str(occurrence), str(seed)))


class Pushed(Mapping[str, Row]):
    """The pushed tasks by id, held as columns: `kind` and what `_PAIR` names."""

    def __init__(self, pushed: StageReader) -> None:
        self._table = pushed.table(["task", "kind", *_PAIR]).combine_chunks()
        self._places = {task: n for n, task in enumerate(self._table["task"].to_pylist())}

    def __getitem__(self, task: str) -> Row:
        row: Row = self._table.slice(self._places[task], 1).to_pylist()[0]
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def blind(task: Row) -> Row:
    """Return the data that an annotator's task holds."""
    return {name: task[name] for name in SHOWN}


def in_order(candidates: StageReader, seed: int) -> pa.Table:
    """Return pair_id, premise and hypothesis of every candidate in an order drawn by hash.

    Neighbours then share neither a seed nor a label. Raises `RupairsError` when a pair id occurs
    twice.
    """
    table = candidates.table(_PAIR)
    ids = table.column("pair_id").to_pylist()
    if twice := next((i for i, n in Counter(ids).items() if n > 1), None):
        raise RupairsError(f"{candidates.directory}: the pair {twice} is there twice")
    order = sorted(range(len(ids)), key=lambda n: (share(ids[n], seed, "task order"), ids[n]))
    return table.take(pa.array(order, pa.int64()))


def as_tasks(pairs: pa.Table, kind: str, occurrence: int, seed: int, batch: list[int]) -> pa.Table:
    """Return pairs (with `gold` when they are controls) as rows of `TASK_SCHEMA`."""
    ids = pairs.column("pair_id").to_pylist()
    columns = {name: pairs.column(name).combine_chunks() for name in _PAIR}
    columns["task"] = pa.array([task_id(i, kind, occurrence, seed) for i in ids], pa.string())
    columns["kind"] = pa.array([kind] * len(ids), pa.string())
    gold = pairs.column("gold").to_pylist() if kind == CONTROL else [None] * len(ids)
    columns["gold"] = pa.array(gold, pa.string())
    columns["batch"] = pa.array(batch, pa.int32())
    return pa.table({name: columns[name] for name in TASK_SCHEMA.names}, schema=TASK_SCHEMA)


def data_of(tasks: pa.Table, rows: list[int], shown: Sequence[str] = SHOWN) -> Iterator[Row]:
    """Yield the columns that annotators see of some rows, a slice in memory at a time."""
    seen = tasks.select(list(shown))
    for start in range(0, len(rows), _CHUNK):
        yield from seen.take(pa.array(rows[start : start + _CHUNK], pa.int64())).to_pylist()


def write_list(path: Path, entries: Iterable[Any]) -> None:
    """Write a JSON list, an entry a line, holding one entry in memory."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        lead = "[\n"
        for entry in entries:
            stream.write(lead + json.dumps(entry, ensure_ascii=False))
            lead = ",\n"
        stream.write("\n]\n" if lead == ",\n" else "[]\n")
