"""The config `annotations`: every vote on every item, by annotators who are only numbers.

1. A vote has the split of what it is about, so that the labels of the test split are nowhere else;
   a vote on what was not released has that of its seed's group or of its premise, or else `train`.
2. Texts are those that were shown. Control items are the property of whoever made them: their
   votes come without texts, as do those on what may not be passed on.
3. What an adjudicator decided has the kind `adjudication`, also where it was given among the votes.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from rupairs.text import key

Row = Mapping[str, Any]

ANNOTATION_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string()),
        pa.field("premise", pa.string()),
        pa.field("hypothesis", pa.string()),
        pa.field("annotator", pa.string()),
        pa.field("label", pa.string()),
        pa.field("premise_revised", pa.string()),
        pa.field("hypothesis_revised", pa.string()),
        pa.field("seconds", pa.float64()),
        pa.field("kind", pa.string()),
        pa.field("latest", pa.bool_()),
        pa.field("simulated", pa.bool_()),
    ]
)
_TEXTS = ("premise", "hypothesis", "premise_revised", "hypothesis_revised")
CONTROL, ADJUDICATION = "control", "adjudication"


def annotations(
    votes: Iterable[Row],
    candidates: Iterable[Row],
    pairs: Iterable[Row],
    counted: Iterable[Row] = (),
    closed: Container[str] = frozenset(),
) -> Iterator[dict[str, Any]]:
    """Yield the votes in their order, then the adjudicators', each with its `split`.

    `candidates` have `pair_id`, `premise`, `hypothesis`, `group_id`; `pairs` are what is released;
    `counted` are the votes that count, of which those of an adjudicator are taken; `closed` are the
    ids of candidates whose texts may not be passed on.
    """
    votes = _with_last_words(votes, counted)
    names = numbered(vote["annotator"] for vote in votes)
    split_of = {place: pair["split"] for pair in pairs for place in _places(pair, "query")}
    shown = {row["pair_id"]: row for row in candidates}
    for vote in votes:
        row = {name: vote.get(name) for name in ANNOTATION_SCHEMA.names}
        row |= {"annotator": names[vote["annotator"]], "split": "train"}
        item = shown.get(vote["pair_id"])
        if item:
            found = (split_of.get(place) for place in _places(item, "premise"))
            row |= {
                "premise": item["premise"],
                "hypothesis": item["hypothesis"],
                "split": next(filter(None, found), "train"),
            }
        # Of what is no candidate nobody knows whose the texts are.
        if vote["kind"] == CONTROL or item is None or vote["pair_id"] in closed:
            row |= dict.fromkeys(_TEXTS)
        yield row


def _with_last_words(votes: Iterable[Row], counted: Iterable[Row]) -> list[Row]:
    final = {_given(vote): vote for vote in counted if vote["kind"] == ADJUDICATION}
    rows = []
    for vote in votes:
        last = final.pop(_given(vote), None)
        # An adjudicator's answer to a control stays one: its texts are not ours to publish.
        rows.append(last if last and vote["kind"] != CONTROL else vote)
    return [*rows, *final.values()]


def _given(vote: Row) -> tuple[str, ...]:
    """Return what tells an answer from every other."""
    return vote["task"], vote["annotator"], vote["vote_id"], vote["created_at"]


def _places(row: Row, premise: str) -> tuple[str, str]:
    """Return what ties a row to a split: its group, then its premise."""
    return row["group_id"], f"premise {key(row[premise])}"


def numbered(annotators: Iterable[str]) -> dict[str, str]:
    """Return `annotator-001`, ... for each name, in the order of the names.

    Names come as digests; even those could be guessed back from a list of accounts.
    """
    return {name: f"annotator-{n:03d}" for n, name in enumerate(sorted(set(annotators)), 1)}
