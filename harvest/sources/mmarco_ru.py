"""mMARCO, Russian: the questions and passages of MS MARCO in machine translation.

The collection is 5.8 GB of text, so only numbers and the questions are held in memory.

1. Qrels say which passage answers which question; the triples, which name about 100 wrong passages
   for each, add the first of them, or as many as the recipe asks for.
2. The questions asked for are kept as one run of bytes.
3. One pass over the collection gives the pairs, in the order of its passages.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from harvest.reading.lines import AGAIN
from harvest.reading.retrieval import IRRELEVANT, RELEVANT, TICK_EVERY, identified_lines, judgements
from harvest.source import Draft, HubFiles, Native, SiteFile, Source, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import NEGATIVE, POSITIVE

_COLLECTION = ("google/collections/russian_collection.tsv", "russian_collection.tsv")
_QUERIES = ("google/queries/train/russian_queries.train.tsv", "russian_queries.train.tsv")
_QRELS = "qrels.train.tsv"
_TRIPLES = "triples.train.ids.small.tsv"
_LARGEST = 2**31 - 1

# One row a pair: passage id, question id, polarity.
_Ids = npt.NDArray[np.int64]


def _pairs(native: Native) -> Iterator[Draft | Unusable]:
    asked = _judged(native.some(_QRELS)[0])
    if triples := native.optional(_TRIPLES):
        asked = np.concatenate([asked, _wrong(native, triples[0], asked)])
    else:
        native.say(f"{native.source}: no {_TRIPLES}, so no negatives")
    asked = asked[np.lexsort((asked[:, 1], -asked[:, 2], asked[:, 0]))]
    questions = _Questions.read(native.some(*_QUERIES)[0], asked[:, 1])
    yield from _joined(native, asked, questions)


def _joined(native: Native, asked: _Ids, questions: "_Questions") -> Iterator[Draft | Unusable]:
    """Yield the pairs of one pass over the collection, then those whose passage it lacks."""
    passages, first = np.unique(asked[:, 0], return_index=True)
    # Plain numbers: `bisect` compares them more than twice as fast as those of numpy.
    ids, borders = array("q", passages.tobytes()), array("q", first.tobytes())
    borders.append(len(asked))
    met = bytearray(len(ids))
    path = native.some(*_COLLECTION)[0]
    for number, (identifier, text) in enumerate(identified_lines(path), 1):
        if number % TICK_EVERY == 0:
            native.tick(f"{path.name}: {number} passages read")
        passage = _number(path, identifier)
        place = _place(ids, passage)
        if place < 0:
            continue
        if met[place]:
            raise RupairsError(f"{path}: passage {passage} stands there twice; {AGAIN}")
        met[place] = 1
        for row in asked[borders[place] : borders[place + 1]].tolist():
            yield _pair(questions, row, text)
    for place in (place for place, seen in enumerate(met) if not seen):
        for row in asked[borders[place] : borders[place + 1]].tolist():
            shown = {"query_id": row[1], "passage_id": row[0], "query": questions.text(row[1])}
            yield Unusable(shown, "passage_text_absent", f"{row[0]} is not in {path.name}")


def _pair(questions: "_Questions", row: list[int], text: str) -> Draft | Unusable:
    passage, query, polarity = row
    question = questions.text(query)
    if question is None:
        shown = {"query_id": query, "passage_id": passage, "passage": text}
        return Unusable(shown, "query_absent", f"{query} is not in {questions.name}")
    relation = RELEVANT if polarity == POSITIVE else IRRELEVANT
    return Draft(f"{query}:{passage}", question, text, relation, polarity)


def _judged(path: Path) -> _Ids:
    numbers = array("q")
    for judgement in judgements(path):
        passage, query = _number(path, judgement.passage_id), _number(path, judgement.query_id)
        numbers.extend((passage, query, judgement.relation[1]))
    return np.frombuffer(numbers, np.int64).reshape(-1, 3)


def _wrong(native: Native, path: Path, judged: _Ids) -> _Ids:
    """Return for each judged question the first passages that the triples name as wrong."""
    queries, known = np.unique(judged[:, 1]), np.unique(_joint(judged[:, 1], judged[:, 0]))
    taken = np.zeros(len(queries), np.int64)
    found: list[npt.NDArray[np.int64]] = [np.empty((0, 3), np.int64)]
    read = 0
    for query, passage in _triples(path):
        read += len(query)
        native.tick(f"{path.name}: {read} triples read")
        place, there = _places(queries, query)
        wanted = np.flatnonzero(there & (taken[place] < native.negatives))
        # One triple's wrong passage can be another judgement's right one.
        wanted = wanted[~_places(known, _joint(query[wanted], passage[wanted]))[1]]
        wanted = wanted[np.argsort(place[wanted], kind="stable")]
        ordered = place[wanted]
        rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        wanted = wanted[rank < native.negatives - taken[ordered]]
        np.add.at(taken, place[wanted], 1)
        polarity = np.full(len(wanted), NEGATIVE, np.int64)
        found.append(np.stack([passage[wanted], query[wanted], polarity], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _triples(path: Path) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield the question ids and the wrong passages' ids of `query TAB right TAB wrong`."""
    names = ["query", "right", "wrong"]
    try:
        with csv.open_csv(
            path,
            csv.ReadOptions(column_names=names),
            csv.ParseOptions(delimiter="\t", quote_char=False),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.int32()), null_values=[]),
        ) as batches:
            for batch in batches:
                query, _, wrong = (column.to_numpy() for column in batch.columns)
                yield query.astype(np.int64), wrong.astype(np.int64)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise RupairsError(f"{path}: not lines of three ids ({reason}); {AGAIN}") from None


@dataclass(frozen=True)
class _Questions:
    """Texts by id: as strings, half a million would take four times the room."""

    name: str
    ids: "array[int]"
    starts: "array[int]"
    ends: "array[int]"
    content: bytearray

    @classmethod
    def read(cls, path: Path, wanted: npt.NDArray[np.int64]) -> "_Questions":
        """Read those of the questions that are wanted, in one pass."""
        ids = array("q", np.unique(wanted).tobytes())
        starts, ends, content = (
            array("q", [-1]) * len(ids),
            array("q", [-1]) * len(ids),
            bytearray(),
        )
        for identifier, text in identified_lines(path):
            place = _place(ids, _number(path, identifier))
            if place >= 0:
                starts[place] = len(content)
                content += text.encode()
                ends[place] = len(content)
        return cls(path.name, ids, starts, ends, content)

    def text(self, query: int) -> str | None:
        """Return the question of that id, None if the file lacked it."""
        place = _place(self.ids, query)
        start = self.starts[place]
        return None if start < 0 else self.content[start : self.ends[place]].decode()


def _place(ids: "array[int]", wanted: int) -> int:
    """Return where `wanted` stands in the ascending `ids`, -1 if it does not."""
    place = bisect_left(ids, wanted)
    return place if place < len(ids) and ids[place] == wanted else -1


def _places(
    ids: npt.NDArray[np.int64], wanted: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return where each of `wanted` would stand in the ascending `ids`, and whether it does."""
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return places, ids[places] == wanted


def _joint(query: npt.NDArray[np.int64], passage: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return query << 32 | passage


def _number(path: Path, identifier: str) -> int:
    # Of longer ones not even `int` can tell how large they are.
    short = identifier.isdecimal() and len(identifier) <= len(str(_LARGEST))
    if not short or (number := int(identifier)) > _LARGEST:
        raise RupairsError(f"{path}: {identifier[:80]!r} is not an id of MS MARCO; {AGAIN}")
    return number


SOURCE = Source(
    name="mmarco_ru",
    title="mMARCO, Russian",
    license="Apache-2.0; LicenseRef-MS-MARCO-Terms",
    license_url="https://microsoft.github.io/msmarco/Notice",
    url="https://github.com/unicamp-dl/mMARCO",
    citation=(
        "Bonifacio et al. mMARCO: A Multilingual Version of the MS MARCO Passage Ranking Dataset. "
        "2021. arXiv:2108.13897"
    ),
    files=(*_COLLECTION, *_QUERIES, _QRELS, _TRIPLES),
    relations=(RELEVANT, IRRELEVANT),
    symmetric=False,
    counts=(532_761,),
    hub=(
        HubFiles(
            "unicamp-dl/mmarco",
            (f"data/{_COLLECTION[0]}", f"data/{_QUERIES[0]}", f"data/{_TRIPLES}"),
            "6d039c4638c0ba3e46a9cb7b498b145e7edc6230",
        ),
    ),
    site=(
        SiteFile("https://msmarco.z22.web.core.windows.net/msmarcoranking/qrels.train.tsv", _QRELS),
    ),
    pairs=_pairs,
    note=(
        "532,761 judgements, all positive, and one negative (the recipe's `negatives`) for each "
        "question that the triples name; how many pairs USER-base trained on is not published. "
        "6.8 GB to fetch. The translation by Google, which its authors recommend. They put it "
        "under Apache-2.0; the texts are those of MS MARCO, which are for non-commercial research "
        "only and given without any license, so that nobody is told that they may be passed on."
    ),
)
