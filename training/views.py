"""Training views: the pairs of a source as examples of an anchor, a positive and hard negatives.

1. A hard negative is one of the same source and of the same query.
2. A pair that one source calls positive, in either order, is nobody's negative.
3. Everything that is chosen is chosen by hash, so the order of the rows does not matter.
4. A view holds row numbers and hashes; texts stay on disk until a batch asks for them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rupairs.text import digest
from training.settings import ModelTraining
from training.table import Hashes, PairTable, Rows, mixed

QUERY, PASSAGE = "query: ", "passage: "
OVER_CAP, DISPUTED, ALONE = "over the cap", "negative here, positive there", "of no positive"

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class View:
    """Examples of one source and one shape.

    `positives` are row numbers of the table, `negatives` too, of shape (examples, negatives);
    `keys` are hashes of all texts of an example, in the order of `columns`.
    """

    table: PairTable
    source: str
    symmetric: bool
    positives: Numbers
    negatives: Numbers
    instructions: bool = True

    def __len__(self) -> int:
        return len(self.positives)

    @property
    def name(self) -> str:
        """Return a name unique among the views of a run."""
        count = self.negatives.shape[1]
        shape = "pairs" if not count else "triples" if count == 1 else f"{count} negatives"
        return f"{self.source}/{'symmetric' if self.symmetric else 'asymmetric'}/{shape}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the column names, in the order the loss expects."""
        return (
            "anchor",
            "positive",
            *(f"negative_{n + 1}" for n in range(self.negatives.shape[1])),
        )

    @property
    def prompts(self) -> dict[str, str]:
        """Return column → prompt: both sides are queries when the pair is symmetric."""
        if not self.instructions:
            return {}
        other = QUERY if self.symmetric else PASSAGE
        return {name: QUERY if name == "anchor" else other for name in self.columns}

    @property
    def keys(self) -> Hashes:
        """Return the hashes of all texts, of shape (examples, columns)."""
        rows = self.table.rows
        anchors, positives = rows["query"][self.positives], rows["passage"][self.positives]
        negatives = rows["passage"][self.negatives]
        return np.concatenate([anchors[:, None], positives[:, None], negatives], axis=1)

    def keys_of(self, example: int) -> set[int]:
        """Return the hashes of an example's texts, from the disk."""
        rows = self.table.rows
        positive = rows[self.positives[example]]
        negatives = (int(rows[number]["passage"]) for number in self.negatives[example])
        return {int(positive["query"]), int(positive["passage"]), *negatives}

    def examples(self, numbers: Sequence[int]) -> list[tuple[str, ...]]:
        """Return the texts of examples, in the order of `columns`."""
        chosen = np.asarray(numbers, np.int64)
        positives = self.table.texts[self.positives[chosen]]
        columns = [positives["query"], positives["passage"]]
        passages = self.table.texts.select_columns("passage")
        columns += [passages[column]["passage"] for column in self.negatives[chosen].T]
        return list(zip(*columns, strict=True))


@dataclass(frozen=True)
class Views:
    """The views of a split, sorted by name; `unused` is source → reason → rows left out."""

    all: tuple[View, ...]
    unused: Mapping[str, Mapping[str, int]]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return source → how many positives have a hard negative and how many have none."""
        counts: dict[str, dict[str, int]] = {}
        for view in self.all:
            entry = counts.setdefault(view.source, {"with_negative": 0, "without_negative": 0})
            entry["with_negative" if view.negatives.size else "without_negative"] += len(view)
        return counts


def build_views(
    table: PairTable, config: ModelTraining, seed: int, *, held_out: bool = False
) -> Views:
    """Return the views of the train rows, or of the held-out ones, `validation_rows` a source."""
    unused = {source: dict(reasons) for source, reasons in table.unused.items()}
    views: list[View] = []
    numbers = np.flatnonzero(table.rows["held_out"] == held_out)
    rows = np.asarray(table.rows[numbers])
    disputed = ~rows["positive"] & np.isin(rows["pair"], rows["pair"][rows["positive"]])
    for code, source in sorted(enumerate(table.sources), key=lambda item: item[1]):
        own = rows["source"] == code
        settings = config.sources.get(source)
        cap = config.validation_rows if held_out else settings.cap if settings else None
        positives = _ordered(rows, own & rows["positive"], seed)
        chosen = positives[:cap]
        negatives = _Negatives(rows, np.flatnonzero(own & ~rows["positive"] & ~disputed))
        for symmetric, part, beside in _shapes(rows, chosen, negatives, config.negatives, seed):
            of = numbers[part], numbers[beside], config.instructions
            views.append(View(table, source, symmetric, *of))
        queries = rows["query"][own & rows["positive"]]
        alone = ~np.isin(rows["query"][negatives.rows], queries)
        _note(unused, source, OVER_CAP, len(positives) - len(chosen))
        _note(unused, source, DISPUTED, int(np.count_nonzero(own & disputed)))
        _note(unused, source, ALONE, int(np.count_nonzero(alone)))
    return Views(tuple(sorted(views, key=lambda view: view.name)), unused)


def _note(unused: dict[str, dict[str, int]], source: str, reason: str, count: int) -> None:
    if count:
        unused.setdefault(source, {})[reason] = count


def _ordered(rows: Rows, mask: npt.NDArray[np.bool_], seed: int) -> Numbers:
    """Return the numbers of masked rows in an order that hashes decide."""
    numbers = np.flatnonzero(mask)
    hashes = mixed(rows["pair"][numbers], rows["query"][numbers], seed)
    return numbers[np.argsort(hashes, kind="stable")]


class _Negatives:
    """The hard negatives of a source, each text once for a query, found by the query's hash."""

    def __init__(self, rows: Rows, numbers: Numbers) -> None:
        queries, passages = rows["query"][numbers], rows["passage"][numbers]
        order = np.lexsort((passages, queries))
        numbers, queries, passages = numbers[order], queries[order], passages[order]
        new = np.ones(len(numbers), bool)
        new[1:] = (queries[1:] != queries[:-1]) | (passages[1:] != passages[:-1])
        self.rows, self.queries = numbers[new], queries[new]

    def of(self, rows: Rows, positives: Numbers, most: int, seed: int) -> Iterator[Numbers]:
        """Yield (positives of them, negatives) by how many negatives they get, none first.

        A query's positives begin at different places of its list, so that all are used.
        """
        queries = rows["query"][positives]
        starts = np.searchsorted(self.queries, queries, "left")
        counts = np.searchsorted(self.queries, queries, "right") - starts
        begin = mixed(rows["pair"][positives], seed) % np.maximum(counts, 1).astype(np.uint64)
        for count in range(most + 1):
            have = np.flatnonzero(np.minimum(counts, most) == count)
            places = begin[have, None].astype(np.int64) + np.arange(count)
            places = starts[have, None] + places % np.maximum(counts[have, None], 1)
            beside = self.rows[places] if count else np.empty((len(have), 0), np.int64)
            yield np.concatenate([positives[have, None], beside], axis=1)


def _shapes(
    rows: Rows, positives: Numbers, negatives: _Negatives, most: int, seed: int
) -> Iterator[tuple[bool, Numbers, Numbers]]:
    for symmetric in (False, True):
        part = positives[rows["symmetric"][positives] == symmetric]
        for found in negatives.of(rows, part, most, seed):
            if len(found):
                yield symmetric, found[:, 0], found[:, 1:]


def view_hash(name: str) -> int:
    """Return a number for a view's name, to seed with."""
    return int(digest((name,), size=8), 16)


def shares(views: Iterable[View], config: ModelTraining) -> npt.NDArray[np.float64]:
    """Return each view's share of the batches; they sum up to 1.

    A source's share goes by its size to the power of `mixing`, times its weight; its views share
    it by their sizes.
    """
    views = tuple(views)
    sizes: dict[str, int] = {}
    for view in views:
        sizes[view.source] = sizes.get(view.source, 0) + len(view)
    weights = {name: settings.weight for name, settings in config.sources.items()}
    found = np.array(
        [
            weights.get(view.source, 1.0)
            * sizes[view.source] ** config.mixing
            * (len(view) / sizes[view.source])
            for view in views
        ]
    )
    whole: npt.NDArray[np.float64] = found / found.sum()
    return whole
