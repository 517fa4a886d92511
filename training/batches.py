"""Batches: which examples a step sees, as a function of the views, the settings and the seed.

1. A batch holds one view: one source, one shape, one pair of prompts. The next batch is of the
   view that is furthest behind its share, so shares hold at every moment of a run.
2. No text is twice in a batch by its key: another example's positive or hard negative could be
   an answer to this query. An example that does not fit waits for a later batch.
3. A view is gone through again and again, each time in another order. A view that has fewer
   examples than a batch gives smaller batches.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from training.settings import ModelTraining
from training.views import View, shares, view_hash

# How far to look for an example that fits, and how many may wait, in batches.
_LOOK, _WAIT = 64, 8


class Batches:
    """The batches of a run, for a `DataLoader`; `len` is their number.

    With several processes a step's batch comes as so many equal parts, one after the other.
    """

    def __init__(
        self, views: Sequence[View], config: ModelTraining, seed: int, processes: int = 1
    ) -> None:
        self.views = views
        self.config = config
        self.seed = seed
        self.processes = processes

    def __len__(self) -> int:
        return self.config.steps * self.processes

    def __iter__(self) -> Iterator[list[int]]:
        share = shares(self.views, self.config)
        starts = np.cumsum([0, *(len(view) for view in self.views)])
        hashes = [view_hash(view.name) for view in self.views]
        # Views begin at different moments, or the largest ones would all come first.
        behind = np.array([h / 2**64 for h in hashes])
        size = self.config.batch_size
        streams = [
            _Stream(view, size, (self.seed % 2**64, number))
            for view, number in zip(self.views, hashes, strict=True)
        ]
        for _ in range(self.config.steps):
            behind += share
            number = int(np.argmax(behind))
            behind[number] -= 1
            batch = [int(starts[number]) + example for example in streams[number].take()]
            yield from equal_parts(batch, self.processes)


def equal_parts(batch: list[int], parts: int) -> Iterator[list[int]]:
    """Yield a batch in equal parts, the examples too many left out; at least one in each."""
    length = len(batch) // parts
    for part in range(parts):
        yield batch[part * length : (part + 1) * length] or batch[:1]


def fixed_batches(view: View, size: int) -> list[list[int]]:
    """Return batches of all examples of a view in their order, no text twice in one."""
    batches: list[tuple[list[int], set[int]]] = []
    for example in range(len(view)):
        keys = view.keys_of(example)
        for batch, seen in batches:
            if len(batch) < size and seen.isdisjoint(keys):
                break
        else:
            batch, seen = [], set()
            batches.append((batch, seen))
        batch.append(example)
        seen |= keys
    return [batch for batch, _ in batches]


class _Stream:
    """The examples of a view without end, so many at a time, no text twice among them."""

    def __init__(self, view: View, size: int, seed: tuple[int, int]) -> None:
        self.view = view
        self.size = min(size, len(view))
        self.fresh = _shuffled(len(view), seed)
        self.looks = min(_LOOK * size, len(view))
        # The oldest ones fall out, to come again in the next round.
        self.waiting: deque[int] = deque(maxlen=_WAIT * size)

    def take(self) -> list[int]:
        """Return the examples of the next batch."""
        batch: list[int] = []
        seen: set[int] = set()
        old, self.waiting = self.waiting, deque(maxlen=self.waiting.maxlen)
        looks = self.looks
        while len(batch) < self.size and (old or looks):
            if old:
                example = old.popleft()
            else:
                example, looks = next(self.fresh), looks - 1
            texts = self.view.keys_of(example)
            if seen.isdisjoint(texts):
                batch.append(example)
                seen |= texts
            else:
                self.waiting.append(example)
        self.waiting.extend(old)
        return batch


def _shuffled(count: int, seed: tuple[int, int]) -> Iterator[int]:
    epoch = 0
    while True:
        order = np.arange(count, dtype=np.uint32 if count < 2**32 else np.uint64)
        np.random.default_rng((*seed, epoch)).shuffle(order)
        yield from map(int, order)
        epoch += 1


class Examples:
    """All views one after the other as a data set for a `DataLoader`; a batch is of one view."""

    def __init__(self, views: Sequence[View]) -> None:
        self.views = views
        self.ends = np.cumsum([len(view) for view in views])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitems__(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """Return the texts by column, and the view's name as the trainer wants it."""
        place = int(np.searchsorted(self.ends, numbers[0], "right"))
        view = self.views[place]
        start = int(self.ends[place]) - len(view)
        rows = view.examples([number - start for number in numbers])
        return [
            {**dict(zip(view.columns, r, strict=True)), "dataset_name": view.name} for r in rows
        ]
