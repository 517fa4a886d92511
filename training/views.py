"""Training views: the pairs of a source as (anchor, positive) or (anchor, positive, negative).

1. Only the train split is read, and only pairs of polarity +1 are positives.
2. A hard negative is a pair of the same source and the same query whose relation says that the
   texts differ in meaning; `neutral` and `not_entailment` say nothing of the kind.
3. A pair that one source calls positive is nobody's negative.
4. Everything that is chosen is chosen by hash, so the order of the rows does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rupairs.errors import RupairsError
from rupairs.pairs import HARD_NEGATIVE_RELATIONS, NEGATIVE, POSITIVE
from rupairs.store import StageReader
from rupairs.text import digest, key, share

QUERY, PASSAGE = "query: ", "passage: "
COLUMNS = [
    "pair_id",
    "query",
    "passage",
    "relation",
    "polarity",
    "symmetric",
    "split",
    "source",
]

Row = Mapping[str, Any]
Negatives = Mapping[str, list[Row]]


@dataclass(frozen=True)
class View:
    """Rows of one source and one shape; `rows` are (anchor, positive[, negative])."""

    source: str
    symmetric: bool
    negatives: bool
    rows: list[tuple[str, ...]]

    @property
    def name(self) -> str:
        """Return a name unique among the views of a run."""
        kind = "symmetric" if self.symmetric else "asymmetric"
        return f"{self.source}/{kind}/{'triples' if self.negatives else 'pairs'}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the column names, in the order the loss expects."""
        return ("anchor", "positive", "negative") if self.negatives else ("anchor", "positive")

    @property
    def prompts(self) -> dict[str, str]:
        """Return column → prompt: both sides are queries when the pair is symmetric."""
        other = QUERY if self.symmetric else PASSAGE
        return {name: QUERY if name == "anchor" else other for name in self.columns}

    def dataset(self) -> Any:
        """Return the rows as a `datasets.Dataset`."""
        from datasets import Dataset

        columns = zip(*self.rows, strict=True)
        return Dataset.from_dict(dict(zip(self.columns, map(list, columns), strict=True)))


def training_pairs(readers: Iterable[StageReader]) -> pa.Table:
    """Return the train rows of stage directories, only `COLUMNS`."""
    tables = [reader.table(COLUMNS) for reader in readers]
    if not tables:
        raise RupairsError(
            "nothing to train on: training.encoder reads harvest.pairs, ruhnp.release and "
            "ruwanli.release; put at least one of them into the recipe"
        )
    pairs = pa.concat_tables(tables)
    return pairs.filter(pc.equal(pairs["split"], "train"))


def build_views(pairs: pa.Table, caps: Mapping[str, int], seed: int) -> list[View]:
    """Return the views of all sources, sorted by name.

    `caps` limits the positives of a source; which ones stay is decided by hash.
    Raises `RupairsError` when no positive pair is left.
    """
    views: list[View] = []
    disputed = _disputed(pairs)
    for source in sorted(pc.unique(pairs["source"]).to_pylist()):
        rows = pairs.filter(pc.equal(pairs["source"], source)).to_pylist()
        negatives = _hard_negatives(rows, disputed)
        views += _source_views(source, _positives(rows, caps.get(source), seed), negatives, seed)
    if not views:
        raise RupairsError(
            f"nothing to train on: of {pairs.num_rows} pairs in the train split none is a positive "
            "that training.encoder.sources lets through"
        )
    return sorted(views, key=lambda view: view.name)


def _disputed(pairs: pa.Table) -> set[str]:
    """Return the ids under which one row is positive and another negative, in any source."""
    ids, polarity = pairs["pair_id"], pairs["polarity"]
    positive = ids.filter(pc.equal(polarity, POSITIVE))
    negative = ids.filter(pc.equal(polarity, NEGATIVE))
    return set(negative.filter(pc.is_in(negative, value_set=positive)).to_pylist())


def _positives(rows: list[Row], cap: int | None, seed: int) -> list[Row]:
    positives = [row for row in rows if row["polarity"] == POSITIVE]
    positives.sort(key=lambda row: (share(row["pair_id"], seed, "training order"), row["pair_id"]))
    return positives if cap is None else positives[:cap]


def _hard_negatives(rows: list[Row], disputed: set[str]) -> Negatives:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        hard = row["polarity"] == NEGATIVE and row["relation"] in HARD_NEGATIVE_RELATIONS
        if hard and row["pair_id"] not in disputed:
            found[key(row["query"])].append(row)
    return found


def _source_views(
    source: str, positives: list[Row], negatives: Negatives, seed: int
) -> Iterator[View]:
    shapes: dict[tuple[bool, bool], list[tuple[str, ...]]] = defaultdict(list)
    for row in positives:
        example: tuple[str, ...] = (row["query"], row["passage"])
        negative = _choose(row, negatives, seed)
        if negative is not None:
            example += (negative,)
        shapes[row["symmetric"], negative is not None].append(example)
    for (symmetric, with_negatives), examples in shapes.items():
        yield View(source, symmetric, with_negatives, examples)


def _choose(row: Row, negatives: Negatives, seed: int) -> str | None:
    """Return the hard negative of a positive pair: the one of the least hash with it."""
    candidates = negatives.get(key(row["query"]), []) if negatives else []
    if not candidates:
        return None
    chosen = min(candidates, key=lambda n: digest((row["pair_id"], n["pair_id"], str(seed))))
    return str(chosen["passage"])


def count_views(views: Iterable[View]) -> dict[str, dict[str, int]]:
    """Return source → how many of its positives have a hard negative and how many have none."""
    counts: dict[str, dict[str, int]] = {}
    for view in views:
        entry = counts.setdefault(view.source, {"with_negative": 0, "without_negative": 0})
        entry["with_negative" if view.negatives else "without_negative"] += len(view.rows)
    return counts
