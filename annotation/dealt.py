"""Dealt: who has which item in which batch, kept in the run, so that what is added moves nothing.

1. Items that were dealt stay in their sheets. Those that are new go into batches of their own,
   after the last one; so sheets that people work on stay as they are.
2. Every item of an annotator who left is dealt once more, to somebody else, in a batch after that.
3. New controls go evenly into the new batches, or into all where no item is new.

The file is one of a way to deal (seed, overlap, batch size, share of repeats): under another one
everything is dealt anew. So it is where the file was deleted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from annotation.batches import Dealing
from annotation.tasks import CONTROL, ITEM
from rupairs.store import read_table, write_table
from rupairs.text import digest, share

_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("annotator", pa.int32(), nullable=False),
        pa.field("batch", pa.int32(), nullable=False),
    ]
)
_EVERYBODY = 0


@dataclass
class Dealt:
    """The annotators and batches of each item, from 1, and the batch of each control."""

    items: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    controls: dict[str, int] = field(default_factory=dict)

    @property
    def batches(self) -> int:
        """Return how many batches there are."""
        of_items = (batch for places in self.items.values() for _, batch in places)
        return max([*of_items, *self.controls.values()], default=0)

    def add(self, items: Sequence[str], controls: Sequence[str], dealing: Dealing) -> None:
        """Deal what is new; `items` and `controls` are all there are, items in hash order."""
        before = self.batches
        new = [pair for pair in items if pair not in self.items]
        dealt = dealing.assigned(len(new), len(self.items))
        for rank, (pair, annotators) in enumerate(zip(new, dealt, strict=True)):
            self.items[pair] = [(a, before + dealing.batch(rank)) for a in annotators]
        self._replace(items, dealing)
        fresh = [pair for pair in controls if pair not in self.controls]
        first = before + 1 if self.batches > before else 1
        places = range(first, max(self.batches, 1) + 1)
        order = sorted(fresh, key=lambda pair: (share(pair, dealing.seed, "control"), pair))
        for number, pair in enumerate(order):
            self.controls[pair] = places[number % len(places)]

    def _replace(self, items: Sequence[str], dealing: Dealing) -> None:
        """Deal the items of those who left once more, to who has the fewest of these so far."""
        before, loads, moved = self.batches, Counter[int](), 0
        people = frozenset(dealing.people)
        for pair in items:
            places = self.items[pair]
            had = {annotator for annotator, _ in places}
            lack = dealing.overlap - len(had & people)
            others = sorted(
                people - had,
                key=lambda a: (loads[a], share(f"{pair} {a}", dealing.seed, "instead")),
            )
            for annotator in others[: max(lack, 0)]:
                places.append((annotator, before + dealing.batch(moved)))
                loads[annotator] += 1
            moved += lack > 0

    def write(self, path: Path) -> None:
        """Write everything, whole or not at all."""
        rows = [
            (pair, ITEM, annotator, batch)
            for pair, places in self.items.items()
            for annotator, batch in places
        ]
        rows += [(pair, CONTROL, _EVERYBODY, batch) for pair, batch in self.controls.items()]
        columns = zip(*rows, strict=True) if rows else ([] for _ in _SCHEMA)
        part = path.with_suffix(".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(pa.table([list(c) for c in columns], schema=_SCHEMA), part)
        part.replace(path)


def read_dealt(path: Path) -> Dealt:
    """Return what was dealt before; nothing where there is no file."""
    found = Dealt()
    if not path.is_file():
        return found
    rows: Iterable[tuple[str, str, int, int]] = zip(
        *(column.to_pylist() for column in read_table(path).columns), strict=True
    )
    for pair, kind, annotator, batch in rows:
        if kind == CONTROL:
            found.controls[pair] = batch
        else:
            found.items.setdefault(pair, []).append((annotator, batch))
    return found


def place(run: Path, dealing: Dealing) -> Path:
    """Return the file of a run for a way to deal."""
    return run / "annotation" / f"dealt-{digest(map(str, dealing.way), size=4)}.parquet"
