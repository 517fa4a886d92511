"""Retrieval sets: questions, and the passages that do or do not answer them.

1. Judged: topics hold the questions, qrels judge passages by id, and the texts of the passages
   stand in a corpus of millions, which is read once for the ids that were judged.
2. Joined: the row of a question holds its passages with their texts.

A file of topics or qrels has no quoting: a quote mark is a quote mark.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harvest.reading.lines import text_lines
from harvest.reading.rows import Row, read_rows
from harvest.source import Draft, Native, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import NEGATIVE, POSITIVE
from rupairs.text import clean, key

RELEVANT, IRRELEVANT = "relevant_passage", "irrelevant_passage"
TICK_EVERY = 100_000
_POSITIVES = "positive_passages"
# Quotes and brackets may close after the mark: «Кто виноват?»
_ENDED = re.compile(r"[.!?…:;][»\"”')\]]*$")


@dataclass(frozen=True)
class Judged:
    """Globs of the files of a judged set; the first of each that matches any is read."""

    topics: tuple[str, ...]
    qrels: tuple[str, ...]
    corpus: tuple[str, ...]


class Judgement(NamedTuple):
    """One line of qrels: does the passage answer the query?"""

    query_id: str
    passage_id: str
    relevant: bool

    @property
    def relation(self) -> tuple[str, int]:
        """Return the relation and the polarity that this says."""
        return (RELEVANT, POSITIVE) if self.relevant else (IRRELEVANT, NEGATIVE)


def judged_pairs(native: Native, files: Judged) -> Iterator[Draft | Unusable]:
    """Yield a pair a judgement; one whose question or text is not at hand is `Unusable`."""
    topics_path = native.some(*files.topics)[0]
    topics = dict(identified_lines(topics_path))
    found = [j for path in native.some(*files.qrels) for j in judgements(path)]
    passages = _passages(native, files.corpus, {j.passage_id for j in found})
    for judgement in found:
        query_id, passage_id, _ = judgement
        if query_id not in topics:
            evidence = f"{query_id} is not in {topics_path.name}"
            yield Unusable(judgement._asdict(), "query_absent", evidence)
        elif passage_id not in passages:
            row = {**judgement._asdict(), "query": topics[query_id]}
            evidence = f"{passage_id} is in none of {' '.join(files.corpus)}"
            yield Unusable(row, "passage_text_absent", evidence)
        else:
            sides = topics[query_id], passages[passage_id]
            yield Draft(f"{query_id}:{passage_id}", *sides, *judgement.relation)


def joined_pairs(native: Native, *files: str) -> Iterator[Draft | Unusable]:
    """Yield a pair a positive passage of each row: `query_id`, `query`, `positive_passages`.

    A passage is `docid`, `text` and, in some sets, `title`. What stands under `negative_passages`
    was mined, not judged, and is left alone.
    """
    for path in native.some(*files):
        for row in read_rows(path, ("query_id", "query", _POSITIVES)):
            query_id, passages = row.text("query_id"), _listed(row)
            if not passages:
                shown = {"query_id": query_id, "query": row.text("query")}
                yield Unusable(shown, "no_positive", f"{path.name} row {row.number}")
            for passage in passages:
                text = titled(passage.get("title") or "", passage["text"] or "")
                yield Draft(f"{query_id}:{passage['docid']}", row.text("query"), text, RELEVANT)


def identified_lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of the lines `id TAB text`; `RupairsError` names a line without a tab."""
    for number, line in text_lines(path):
        identifier, tab, text = line.rstrip("\n").partition("\t")
        if not tab:
            raise RupairsError(f"{path}: line {number}: not an id, a tab and a text")
        yield identifier, text


def judgements(path: Path) -> Iterator[Judgement]:
    """Yield the lines `query Q0 passage relevance`; `RupairsError` names one that is not so."""
    for number, line in text_lines(path):
        cells = line.split()
        if len(cells) != 4 or not cells[3].isdecimal():
            raise RupairsError(f"{path}: line {number}: not `query Q0 passage relevance`")
        # Digit by digit: `int` refuses thousands of them.
        yield Judgement(cells[0], cells[2], any(map(int, cells[3])))


def titled(title: str, text: str) -> str:
    """Return the passage under its article's title, unless it opens with that title.

    A title that no mark ends gets a full stop: the line feed of other readers of MIRACL and
    Mr. TyDi would not outlive cleaning. The opening passage of an article names its subject
    already; saying it twice would only teach the encoder to match the repetition.
    """
    if not clean(title) or not clean(text):
        return text
    if f"{key(text)} ".startswith(f"{key(title)} "):
        return text
    title = title.rstrip()
    return f"{title}{'' if _ENDED.search(title) else '.'} {text}"


def _passages(native: Native, corpus: tuple[str, ...], wanted: set[str]) -> dict[str, str]:
    passages: dict[str, str] = {}
    for path in native.optional(*corpus):
        for row in read_rows(path, ("docid", "title", "text")):
            if row.number % TICK_EVERY == 0:
                native.tick(f"{path.name}: {row.number} passages read")
            if row.text("docid") in wanted:
                passages[row.text("docid")] = titled(row.text("title"), row.text("text"))
        if len(passages) == len(wanted):
            break
    return passages


def _listed(row: Row) -> list[dict[str, Any]]:
    """Return the positive passages of a row, each with `docid` and `text`."""
    passages = row.values[_POSITIVES] or []
    if not isinstance(passages, list) or not all(map(_is_passage, passages)):
        raise row.error(f"{_POSITIVES} is not a list of docid and text")
    return passages


def _is_passage(passage: Any) -> bool:
    if not isinstance(passage, dict) or not {"docid", "text"} <= passage.keys():
        return False
    return all(isinstance(passage.get(n) or "", str) for n in ("title", "text"))
