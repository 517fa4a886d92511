"""MIRACL, Russian train split: questions and Wikipedia passages judged for them by people.

1. The judgements name passages by id; their texts are in a corpus of 9.5 million.
2. So the ids are collected first, and one pass over the corpus keeps only those texts.
3. A judgement whose text is not in the corpus at hand gives no pair and is counted.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harvest.lines import text_lines
from harvest.rows import read_rows
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import NEGATIVE, POSITIVE, Pair
from rupairs.text import clean, key

_TOPICS = "topics.miracl-v1.0-ru-train.tsv"
_QRELS = "qrels.miracl-v1.0-ru-train.tsv"
_DOCS = ("docs-*.jsonl", "docs-*.jsonl.gz")
_TICK_EVERY = 100_000


class _Judgement(NamedTuple):
    query_id: str
    passage_id: str
    relevant: bool


def _pairs(native: Native) -> Iterator[Pair | Unusable]:
    topics = _topics(native.some(_TOPICS)[0])
    judgements = _judgements(native.some(_QRELS)[0])
    passages = _passages(native, {j.passage_id for j in judgements})
    for judgement in judgements:
        query_id, passage_id, relevant = judgement
        if query_id not in topics:
            yield Unusable(judgement._asdict(), "query_absent", f"{query_id} is not in {_TOPICS}")
        elif passage_id not in passages:
            row = {**judgement._asdict(), "query": topics[query_id]}
            evidence = f"{passage_id} is in none of {' '.join(_DOCS)}"
            yield Unusable(row, "passage_text_absent", evidence)
        else:
            yield SOURCE.pair(
                native,
                f"{query_id}:{passage_id}",
                (topics[query_id], passages[passage_id]),
                "relevant_passage" if relevant else "irrelevant_passage",
                POSITIVE if relevant else NEGATIVE,
            )


def _topics(path: Path) -> dict[str, str]:
    """Return the questions by id. The file has no quoting: a quote mark is a quote mark."""
    topics = {}
    for number, line in text_lines(path):
        query_id, tab, query = line.rstrip("\r\n").partition("\t")
        if not tab:
            raise RupairsError(f"{path}: line {number}: not an id, a tab and a question")
        topics[query_id] = query
    return topics


def _judgements(path: Path) -> list[_Judgement]:
    judgements = []
    for number, line in text_lines(path):
        cells = line.split()
        if len(cells) != 4 or not cells[3].isdecimal():
            raise RupairsError(f"{path}: line {number}: not `query Q0 passage relevance`")
        judgements.append(_Judgement(cells[0], cells[2], int(cells[3]) > 0))
    return judgements


def _passages(native: Native, wanted: set[str]) -> dict[str, str]:
    passages: dict[str, str] = {}
    for path in native.optional(*_DOCS):
        for row in read_rows(path, ("docid", "title", "text")):
            if row.number % _TICK_EVERY == 0:
                native.tick(f"{path.name}: {row.number} passages read")
            if row.text("docid") in wanted:
                passages[row.text("docid")] = titled(row.text("title"), row.text("text"))
        if len(passages) == len(wanted):
            break
    return passages


def titled(title: str, text: str) -> str:
    """Return the passage with its article's title in front, unless it opens with that title.

    The original joins the two by a line feed, which `clean` makes a space. The opening passage of
    an article names its subject already; saying it twice would only teach the encoder to match
    the repetition.
    """
    title, text = clean(title), clean(text)
    opens_with_title = f"{key(text)} ".startswith(f"{key(title)} ")
    return text if not title or opens_with_title else f"{title} {text}"


SOURCE = Source(
    name="miracl",
    title="MIRACL, Russian",
    license="CC-BY-SA-3.0",
    license_url="https://creativecommons.org/licenses/by-sa/3.0/",
    url="https://project-miracl.github.io",
    citation=(
        "Zhang et al. MIRACL: A Multilingual Retrieval Dataset Covering 18 Diverse Languages. "
        "TACL 11 (2023). arXiv:2210.09984"
    ),
    files=(_TOPICS, _QRELS, *_DOCS),
    relations=("relevant_passage", "irrelevant_passage"),
    symmetric=False,
    expected=10_000,
    hub=(
        HubFiles(
            "miracl/miracl",
            (f"miracl-v1.0-ru/topics/{_TOPICS}", f"miracl-v1.0-ru/qrels/{_QRELS}"),
        ),
        HubFiles("miracl/miracl-corpus", ("miracl-corpus-v1.0-ru/docs-*.jsonl.gz",)),
    ),
    pairs=_pairs,
    note=(
        "Questions and judgements are Apache-2.0, the passages are Wikipedia's. The dev split is "
        "an evaluation set and is never read."
    ),
)
