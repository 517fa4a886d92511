"""Memory of an item of RuWANLI where all are held: in `ruwanli.release`, and for the folder.

The folder's step holds the pairs, what was reviewed, and three votes on each.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from annotation.decisions import DECISION_SCHEMA
from annotation.votes import VOTE_SCHEMA
from data_cards.annotations import annotations
from rupairs.manifest import ModelFacts
from rupairs.pairs import PAIR_SCHEMA, Pair, text_id
from ruwanli import release as step
from ruwanli.candidates import REVIEW_SCHEMA, with_texts
from ruwanli.stage import ReleaseSection

Row = dict[str, Any]
MODEL = ModelFacts(role="generator", id="model", revision="revision", license="Apache-2.0")
VOTES = 3
SHOWN = ["pair_id", "premise", "hypothesis", "group_id", "license"]
LABELS = ("entailment", "neutral", "contradiction")


def memory(anchors: list[Row], peak: Callable[[Callable[[], Any]], int]) -> dict[str, float]:
    """Return the bytes an item takes; premises and hypotheses are pieces of the anchors' texts."""
    reviewed = pa.Table.from_pylist(
        [_candidate(a, n) for n, a in enumerate(anchors)], REVIEW_SCHEMA
    )
    decided = pa.Table.from_pylist(
        [_decision(row) for row in reviewed.to_pylist()], DECISION_SCHEMA
    )
    pairs = pa.Table.from_pylist([p.row() for p, _ in _released(reviewed, decided)], PAIR_SCHEMA)

    votes = pa.Table.from_pylist(
        [_vote(row, n) for row in reviewed.to_pylist() for n in range(VOTES)], VOTE_SCHEMA
    )

    def folder() -> Any:
        rows, shown = pairs.to_pylist(), reviewed.select(SHOWN).to_pylist()
        return rows, shown, list(annotations(votes.to_pylist(), shown, rows))

    return {
        "nli_memory_bytes": peak(lambda: _released(reviewed, decided)) / len(anchors),
        "card_memory_bytes": peak(folder) / len(anchors),
    }


def _released(reviewed: pa.Table, decided: pa.Table) -> list[tuple[Pair, Row]]:
    """Return pairs and their origin as the step makes them, everything being held meanwhile."""
    columns = list(step._OF_CANDIDATE)
    candidates = {row["pair_id"]: row for row in reviewed.select(columns).to_pylist()}
    decisions = decided.to_pylist()
    repeated = step.repeats(decisions)
    splits = step._splits(decisions, candidates, ReleaseSection(validation=0, test=0), 0)
    found = []
    for number, decision in enumerate(decisions):
        if number not in repeated:
            candidate = candidates[decision["pair_id"]]
            pair = step._pair(decision, candidate, splits[candidate["group_id"]], MODEL)
            found.append((pair, step._origin(pair, decision, candidate)))
    return found


def _candidate(anchor: Row, number: int) -> Row:
    words = anchor["text"].split()
    # As long beside each other as in the published set: 72 and 56 characters.
    cut = max(1, round(len(words) * 72 / (72 + 56)))
    row = {
        "intended_label": LABELS[number % 3],
        "examples": [],
        "seed_id": text_id(anchor["text"]),
        "group_id": anchor["group_id"],
        "source": "allnli",
        "source_row": str(number),
        "license": "CC-BY-SA-4.0",
        "call_id": f"{number:032x}",
        "sample": number % 5,
        "max_variability": 0.2,
        "origin_step": "wanli",
        "completes": None,
    }
    return with_texts(row, " ".join(words[:cut]), f"{' '.join(words[cut:])} {number}")


def _decision(row: Row) -> Row:
    names = ("pair_id", "premise", "hypothesis")
    return {name: row[name] for name in names} | {
        "label": row["intended_label"],
        "revised": False,
        "votes": 3,
        "agreement": 1.0,
        "posterior": 1.0,
        "adjudicated": False,
        "simulated": False,
    }


def _vote(row: Row, number: int) -> Row:
    return {
        "pair_id": row["pair_id"],
        "task": f"{number}{row['pair_id']}",
        "kind": "item",
        "vote_id": str(number),
        "annotator": f"{number:032x}",
        "label": row["intended_label"],
        "seconds": 19.0,
        "created_at": "2026-01-01T00:00:00Z",
        "changed_at": "2026-01-01T00:00:00Z",
        "latest": True,
        "simulated": False,
    }
