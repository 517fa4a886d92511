"""The released shapes as views of the pair table."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

import pyarrow as pa

from rupairs.pairs import NEGATIVE, POSITIVE
from rupairs.text import key

Row = Mapping[str, Any]

ANCHOR_SCHEMA = pa.schema(
    [
        pa.field("query", pa.string()),
        pa.field("pos", pa.list_(pa.string())),
        pa.field("neg", pa.list_(pa.string())),
    ]
)
NLI_SCHEMA = pa.schema(
    [
        pa.field("premise", pa.string()),
        pa.field("hypothesis", pa.string()),
        pa.field("label", pa.string()),
    ]
)
TRIPLET_SCHEMA = pa.schema(
    [
        pa.field("premise", pa.string()),
        pa.field("entailment", pa.string()),
        pa.field("contradiction", pa.string()),
    ]
)


def by_anchor(pairs: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield `query, pos, neg` for every query, in order of first appearance."""
    rows: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        row = rows.setdefault(pair["group_id"], {"query": pair["query"], "pos": [], "neg": []})
        side = {POSITIVE: "pos", NEGATIVE: "neg"}[pair["polarity"]]
        row[side].append(pair["passage"])
    yield from rows.values()


def nli(pairs: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield `premise, hypothesis, label`."""
    for pair in pairs:
        yield {
            "premise": pair["query"],
            "hypothesis": pair["passage"],
            "label": pair["relation"],
        }


def triplets(pairs: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Yield `premise, entailment, contradiction`: each of a premise's own with each other one."""
    premises: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        premise = premises.setdefault(key(pair["query"]), {"premise": pair["query"]})
        premise.setdefault(pair["relation"], []).append(pair["passage"])
    for premise in premises.values():
        both = (premise.get("entailment", []), premise.get("contradiction", []))
        for entailment, contradiction in product(*both):
            yield {
                "premise": premise["premise"],
                "entailment": entailment,
                "contradiction": contradiction,
            }
