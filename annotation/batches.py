"""Batches: who sees which task, in which batch, and in which order.

1. A batch is so many items in hash order; annotators finish one before they open the next.
2. Every run of as many items as there are annotators is dealt out round robin over the annotators
   in an order of its own: each item has exactly `overlap` different ones, loads differ by at most
   one item, and who works beside whom changes from run to run. What was dealt before stays where
   it is (`annotation.dealt`).
3. Each annotator has an order of their own. The controls of a batch stand at hash positions in
   it, and a hash-drawn share of the annotator's items stands there twice, the repeat later.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from annotation.tasks import REPEAT, as_tasks
from rupairs.text import share


@dataclass(frozen=True)
class Dealing:
    """How tasks are dealt: seed, annotators an item, annotators, items a batch, repeat share.

    Those who `left`, by number, get nothing new.
    """

    seed: int
    overlap: int
    annotators: int
    batch_size: int | None
    repeats: float
    left: frozenset[int] = frozenset()

    @property
    def way(self) -> tuple[object, ...]:
        """Return what decides where an item goes, but for who is there: people come and go."""
        return self.seed, self.overlap, self.batch_size, self.repeats

    @property
    def people(self) -> list[int]:
        """Return the numbers of those who get something."""
        return [a for a in range(1, self.annotators + 1) if a not in self.left]

    def batch(self, rank: int) -> int:
        """Return the batch, from 1, of the item at a rank of the hash order."""
        return rank // self.batch_size + 1 if self.batch_size else 1

    def assigned(self, items: int, before: int = 0) -> Iterator[tuple[int, ...]]:
        """Yield the annotators of every item in hash order; `before` it so many were dealt."""
        everybody = self.people
        for start in range(0, items, len(everybody)):
            draw = f"{before + start}"
            order = sorted(everybody, key=lambda a: share(f"{draw} {a}", self.seed, "annotators"))
            for turn in range(min(len(order), items - start)):
                first = turn * self.overlap
                yield tuple(order[(first + n) % len(order)] for n in range(self.overlap))


@dataclass(frozen=True)
class Sheet:
    """What one annotator does of one batch: rows of the task table, in the order shown."""

    annotator: int
    batch: int
    rows: list[int]


def deal(
    items: pa.Table,
    controls: pa.Table,
    places: Mapping[str, Sequence[tuple[int, int]]],
    dealing: Dealing,
) -> tuple[pa.Table, list[Sheet]]:
    """Return all tasks, repeats included, and every annotator's sheets by annotator and batch.

    `items` and `controls` have `TASK_SCHEMA`; `places` are the annotators and batches of items by
    pair id.
    """
    names = zip(*(items.column(n).to_pylist() for n in ("task", "pair_id")), strict=True)
    placed: _Placed = {}
    again: list[tuple[int, int, int, float]] = []
    for row, (task, pair) in enumerate(names):
        for annotator, batch in places[pair]:
            place = share(task, dealing.seed, f"place {annotator}")
            placed.setdefault((annotator, batch), []).append((place, row))
            if share(task, dealing.seed, f"repeat {annotator}") < dealing.repeats:
                again.append((annotator, batch, row, place))
    _place_controls(placed, controls, items.num_rows, dealing)
    repeats = _place_repeats(placed, items, again, items.num_rows + controls.num_rows, dealing)
    sheets = [
        Sheet(annotator, batch, [row for _, row in sorted(rows)])
        for (annotator, batch), rows in sorted(placed.items())
    ]
    return pa.concat_tables([items, controls, *repeats]), sheets


_Placed = dict[tuple[int, int], list[tuple[float, int]]]


def _place_controls(placed: _Placed, controls: pa.Table, first: int, dealing: Dealing) -> None:
    """Put controls into everybody's sheet of their batch; who has none there sees none."""
    names = zip(
        controls.column("task").to_pylist(), controls.column("batch").to_pylist(), strict=True
    )
    # Without an item yet, the controls are all there is.
    sheets = list(placed) or [(a, 1) for a in dealing.people]
    for row, (task, batch) in enumerate(names, first):
        for annotator in sorted(a for a, b in sheets if b == batch):
            place = share(task, dealing.seed, f"place {annotator}")
            placed.setdefault((annotator, batch), []).append((place, row))


def _place_repeats(
    placed: _Placed,
    items: pa.Table,
    again: list[tuple[int, int, int, float]],
    first: int,
    dealing: Dealing,
) -> list[pa.Table]:
    """Put the repeats into the sheets and return them as tables of tasks, one an annotator."""
    tables = []
    for annotator in sorted({who for who, *_ in again}):
        mine = [(batch, row, place) for who, batch, row, place in again if who == annotator]
        pairs = items.take(pa.array([row for _, row, _ in mine], pa.int64()))
        batches = [batch for batch, _, _ in mine]
        table = as_tasks(pairs, REPEAT, annotator, dealing.seed, batches)
        names = table.column("task").to_pylist()
        for number, ((batch, _, place), task) in enumerate(zip(mine, names, strict=True)):
            # After the item it repeats, and seldom right after it.
            later = 0.25 + 0.75 * share(task, dealing.seed, "later")
            placed[annotator, batch].append((place + (1 - place) * later, first + number))
        first += table.num_rows
        tables.append(table)
    return tables
