"""Batches: who sees which task, in which batch, and in which order.

1. A batch is so many items in hash order; annotators finish one before they open the next.
2. Every run of as many items as there are annotators is dealt out round robin over the annotators
   in an order of its own: each item has exactly `overlap` different ones, loads differ by at most
   one item, and who works beside whom changes from run to run.
3. Each annotator has an order of their own. The controls of a batch stand at hash positions in
   it, and a hash-drawn share of the annotator's items stands there twice, the repeat later.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from annotation.tasks import ITEM, REPEAT, TASK_SCHEMA, as_tasks
from rupairs.text import share


@dataclass(frozen=True)
class Dealing:
    """How tasks are dealt: seed, annotators an item, annotators, items a batch, repeat share."""

    seed: int
    overlap: int
    annotators: int
    batch_size: int | None
    repeats: float

    def batch(self, rank: int) -> int:
        """Return the batch, from 1, of the item at a rank of the hash order."""
        return rank // self.batch_size + 1 if self.batch_size else 1

    def batches(self, items: int) -> int:
        """Return how many batches so many items make, at least one."""
        return self.batch(max(items - 1, 0))

    def assigned(self, items: int) -> Iterator[tuple[int, ...]]:
        """Yield the annotators, from 1, of every item in hash order."""
        everybody = range(1, self.annotators + 1)
        for start in range(0, items, self.annotators):
            order = sorted(everybody, key=lambda a: share(f"{start} {a}", self.seed, "annotators"))
            for turn in range(min(self.annotators, items - start)):
                first = turn * self.overlap
                yield tuple(order[(first + n) % self.annotators] for n in range(self.overlap))


@dataclass(frozen=True)
class Sheet:
    """What one annotator does of one batch: rows of the task table, in the order shown."""

    annotator: int
    batch: int
    rows: list[int]


def control_batches(ids: list[str], batches: int, seed: int) -> list[int]:
    """Return the batch of each control: hash-drawn, even, the same for every annotator."""
    order = sorted(range(len(ids)), key=lambda n: (share(ids[n], seed, "control"), ids[n]))
    places = [0] * len(ids)
    for number, n in enumerate(order):
        places[n] = number % batches + 1
    return places


def deal(items: pa.Table, controls: pa.Table, dealing: Dealing) -> tuple[pa.Table, list[Sheet]]:
    """Return all tasks, repeats included, and every annotator's sheets by annotator and batch.

    `items` and `controls` have `TASK_SCHEMA`; items are in hash order.
    """
    tasks = items.column("task").to_pylist()
    batch_of = items.column("batch").to_pylist()
    placed: dict[tuple[int, int], list[tuple[float, int]]] = {}
    again: list[tuple[int, int, float]] = []
    for row, (task, batch, annotators) in enumerate(
        zip(tasks, batch_of, dealing.assigned(len(tasks)), strict=True)
    ):
        for annotator in annotators:
            place = share(task, dealing.seed, f"place {annotator}")
            placed.setdefault((annotator, batch), []).append((place, row))
            if share(task, dealing.seed, f"repeat {annotator}") < dealing.repeats:
                again.append((annotator, row, place))
    _place_controls(placed, controls, len(tasks), dealing)
    repeats = _place_repeats(placed, items, again, len(tasks) + controls.num_rows, dealing)
    sheets = [
        Sheet(annotator, batch, [row for _, row in sorted(rows)])
        for (annotator, batch), rows in sorted(placed.items())
    ]
    return pa.concat_tables([items, controls, *repeats]), sheets


_Placed = dict[tuple[int, int], list[tuple[float, int]]]


def _place_controls(placed: _Placed, controls: pa.Table, first: int, dealing: Dealing) -> None:
    names = zip(
        controls.column("task").to_pylist(), controls.column("batch").to_pylist(), strict=True
    )
    for row, (task, batch) in enumerate(names, first):
        for annotator in range(1, dealing.annotators + 1):
            place = share(task, dealing.seed, f"place {annotator}")
            placed.setdefault((annotator, batch), []).append((place, row))


def _place_repeats(
    placed: _Placed,
    items: pa.Table,
    again: list[tuple[int, int, float]],
    first: int,
    dealing: Dealing,
) -> list[pa.Table]:
    """Put the repeats into the sheets and return them as tables of tasks, one an annotator."""
    tables = []
    for annotator in range(1, dealing.annotators + 1):
        mine = [(row, place) for who, row, place in again if who == annotator]
        pairs = items.take(pa.array([row for row, _ in mine], pa.int64()))
        batch = pairs.column("batch").to_pylist()
        table = as_tasks(pairs, REPEAT, annotator, dealing.seed, batch)
        names = table.column("task").to_pylist()
        for number, ((_, place), task, b) in enumerate(zip(mine, names, batch, strict=True)):
            # After the item it repeats, and seldom right after it.
            later = 0.25 + 0.75 * share(task, dealing.seed, "later")
            placed[annotator, b].append((place + (1 - place) * later, first + number))
        first += table.num_rows
        tables.append(table)
    return tables


def items_of(pairs: pa.Table, dealing: Dealing) -> pa.Table:
    """Return candidates in hash order as tasks, numbered into batches."""
    batch = [dealing.batch(rank) for rank in range(pairs.num_rows)]
    return as_tasks(pairs, ITEM, 0, dealing.seed, batch)


def no_tasks() -> pa.Table:
    """Return a table without tasks."""
    return TASK_SCHEMA.empty_table()
