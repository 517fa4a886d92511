"""The step `training.negatives`: hard negatives for queries that have none, found by the encoder.

1. Within a source every query is compared with every passage, blocks of queries at a time; the
   vectors are on disk in half precision.
2. A passage is a false negative, and left out, when it is equal by key to the query or when the
   two are a positive pair of any source.
3. Of those ranked `first` to `last` some are taken (`[training.negatives]`), as in BGE's
   `hn_mine.py`. They are rows like any other: `irrelevant_passage`, made by `rule`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.encoder import SentenceEncoder, Vectors, encoder_facts, load_transformer
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, Pair
from rupairs.steps import Context
from training.beginning import first_model, initial_encoder
from training.fit import PAIRS
from training.run import pair_inputs, work_folder
from training.settings import Mining
from training.table import SPLITS, Choice, Hashes, PairTable, Rows, mixed, pair_hashes, write_table
from training.views import PASSAGE, QUERY, Numbers

_ENCODED_AT_ONCE = 4096
_CORPUS_PIECE = 65_536
_MORE = ("pair_id", "group_id", "source_revision", "source_row", "license")

Half = npt.NDArray[np.float16]


def mine(context: Context) -> None:
    """Write the negatives found; queries that found none are counted."""
    settings: Mining = context.config
    folder = work_folder(context)
    every = Choice(splits=SPLITS[:1])
    table = write_table(pair_inputs(context), every, folder / PAIRS, _MORE)
    context.models.append(
        encoder_facts(initial_encoder(context.recipe), role="finder of hard negatives")
    )
    model = load_transformer(*first_model(context), initial_encoder(context.recipe).max_length)
    searches = list(_searches(table, settings))
    asked = found = 0
    total = sum(len(search.queries) for search in searches)
    with context.writer(PAIR_SCHEMA) as writer, context.progress.bar("queries", total) as tell:
        for search in searches:
            prompts = context.stage.encoder.instructions
            encoder = _Encoder(model, context.recipe.encoder.batch_size, prompts, folder)
            for query, negatives in search.found(encoder, settings, context.seed):
                asked, found = asked + 1, found + bool(len(negatives))
                for row in writer.each(search.rows(query, negatives)):
                    writer.keep(row.row())
                tell(1, search.source)
    context.facts |= {"queries": asked, "queries_with_negatives": found}


class _Encoder:
    """Encodes passages of a table into a memory-mapped array."""

    def __init__(self, model: Any, batch_size: int, instructions: bool, folder: Path) -> None:
        self.model, self.batch_size = model, batch_size
        self.instructions, self.folder = instructions, folder

    def vectors(self, table: PairTable, column: str, numbers: Numbers, prompt: str) -> Half:
        """Return unit vectors of the texts of rows, on disk."""
        encoder = SentenceEncoder(self.model, self.batch_size, prompt if self.instructions else "")
        size = int(self.model.get_embedding_dimension())
        path = self.folder / f"{column}.bin"
        shape = (len(numbers), size)
        vectors: Half = np.memmap(path, np.float16, "w+", shape=shape)
        texts = table.texts.select_columns(column)
        for start in range(0, len(numbers), _ENCODED_AT_ONCE):
            part = numbers[start : start + _ENCODED_AT_ONCE]
            vectors[start : start + len(part)] = encoder.encode(texts[part][column])
        return vectors


@dataclass(frozen=True)
class _Search:
    """The queries of a source without negatives, and the passages they are compared with.

    `queries` are rows of distinct queries; `passages` are rows of distinct passages, in the order
    of their hashes; `positives` are the source's positive rows, in the order of their queries'
    hashes; `known` are the sorted hashes of all positive pairs.
    """

    table: PairTable
    source: str
    symmetric: bool
    queries: Numbers
    passages: Numbers
    positives: Numbers
    known: Hashes

    def found(
        self, encoder: _Encoder, settings: Mining, seed: int
    ) -> Iterator[tuple[int, Numbers]]:
        """Yield each query's row with the rows of its negatives."""
        other = QUERY if self.symmetric else PASSAGE
        corpus = encoder.vectors(self.table, "passage", self.passages, other)
        queries = encoder.vectors(self.table, "query", self.queries, QUERY)
        rows = self.table.rows
        keys = np.asarray(rows["passage"][self.passages])
        asked, answers = rows["query"][self.positives], rows["passage"][self.positives]
        starts = np.searchsorted(asked, rows["query"][self.queries], "left")
        ends = np.searchsorted(asked, rows["query"][self.queries], "right")
        for start in range(0, len(self.queries), settings.block):
            block = slice(start, start + settings.block)
            vectors = queries[block].astype(np.float32)
            most = settings.last + int((ends - starts)[block].max()) + 1
            for number, near in enumerate(nearest(vectors, corpus, most), start):
                query = int(self.queries[number])
                own = np.searchsorted(keys, answers[starts[number] : ends[number]])
                worst = (corpus[own].astype(np.float32) @ vectors[number - start]).min()
                places = self._candidates(query, keys, near, float(worst), settings)
                if settings.choice == "random":
                    order = mixed(keys[places], int(rows["query"][query]), seed)
                    places = places[np.argsort(order, kind="stable")]
                yield query, self.passages[places[: settings.each]]

    def _candidates(
        self,
        query: int,
        keys: Hashes,
        near: tuple[Vectors, Numbers],
        worst: float,
        settings: Mining,
    ) -> Numbers:
        """Return the places of passages that may be negatives, the nearest first."""
        scores, places = near
        fit = ~self._false(int(self.table.rows["query"][query]), keys[places])
        span = slice(settings.first, settings.last)
        below = scores[fit][span] <= highest(settings, worst)
        chosen: Numbers = places[fit][span][below]
        return chosen

    def _false(self, query: int, passages: Hashes) -> npt.NDArray[np.bool_]:
        """Say which passages are the query itself or a known answer to it, by their hashes."""
        pairs = pair_hashes(np.full_like(passages, query), passages)
        places = np.minimum(np.searchsorted(self.known, pairs), len(self.known) - 1)
        false: npt.NDArray[np.bool_] = (passages == query) | (self.known[places] == pairs)
        return false

    def rows(self, query: int, negatives: Numbers) -> Iterator[Pair]:
        """Yield the rows of a query's negatives."""
        asked = self.table.texts[query]
        for number in negatives.tolist():
            answer = self.table.texts[number]
            licenses = sorted({asked["license"], answer["license"]})
            yield Pair(
                query=asked["query"],
                passage=answer["passage"],
                relation="irrelevant_passage",
                polarity=NEGATIVE,
                symmetric=self.symmetric,
                group_id=asked["group_id"],
                source=self.source,
                source_revision=asked["source_revision"],
                source_row=asked["source_row"],
                license="; ".join(licenses),
                origin="rule",
                parents=(asked["pair_id"], answer["pair_id"]),
            )


def highest(settings: Mining, positive: float) -> float:
    """Return the score a negative must not exceed, given that of the worst positive."""
    limits = [np.inf]
    if settings.max_score is not None:
        limits.append(settings.max_score)
    if settings.absolute_margin is not None:
        limits.append(positive - settings.absolute_margin)
    if settings.relative_margin is not None:
        limits.append(positive - abs(positive) * settings.relative_margin)
    return float(min(limits))


def nearest(queries: Vectors, corpus: Half, most: int) -> Iterator[tuple[Vectors, Numbers]]:
    """Yield for each query the scores and the places of its nearest vectors, the best first.

    The corpus is gone through a piece at a time; only the best so far are kept.
    """
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    asked = torch.from_numpy(queries).to(device)
    scores = torch.empty((len(queries), 0), device=device)
    places = torch.empty((len(queries), 0), dtype=torch.long, device=device)
    for start in range(0, len(corpus), _CORPUS_PIECE):
        piece = torch.from_numpy(np.asarray(corpus[start : start + _CORPUS_PIECE], np.float32))
        new = asked @ piece.to(device).T
        numbers = torch.arange(start, start + len(piece), device=device).expand(len(asked), -1)
        scores, places = torch.cat([scores, new], dim=1), torch.cat([places, numbers], dim=1)
        scores, kept = scores.topk(min(most, scores.shape[1]), dim=1)
        places = places.gather(1, kept)
    yield from zip(scores.cpu().numpy(), places.cpu().numpy(), strict=True)


def _searches(table: PairTable, settings: Mining) -> Iterator[_Search]:
    rows = np.asarray(table.rows)
    known = np.unique(rows["pair"][rows["positive"]])
    for code, source in sorted(enumerate(table.sources), key=lambda item: item[1]):
        if (settings.only and source not in settings.only) or source in settings.without:
            continue
        of = rows["source"] == code
        have = rows["query"][of & ~rows["positive"]]
        for symmetric in (False, True):
            positives = np.flatnonzero(of & rows["positive"] & (rows["symmetric"] == symmetric))
            positives = positives[np.argsort(rows["query"][positives], kind="stable")]
            queries = _distinct(rows, positives, "query")
            queries = queries[~np.isin(rows["query"][queries], have)]
            passages = _distinct(rows, positives, "passage")
            if len(queries):
                yield _Search(table, source, symmetric, queries, passages, positives, known)


def _distinct(rows: Rows, numbers: Numbers, side: str) -> Numbers:
    """Return one row for each text of a side, in the order of the texts' hashes."""
    _, first = np.unique(rows[side][numbers], return_index=True)
    return numbers[first]
