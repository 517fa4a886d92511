"""The figures of a release of RuWANLI, as the card of ru-WANLI prints them and a few more."""

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import fmean, median
from typing import Any

from rupairs.text import key
from rupairs.views import triplets

Row = dict[str, Any]
SPLITS = ("train", "validation", "test")


def statistics(decisions: Sequence[Row], provenance: Sequence[Row]) -> dict[str, Any]:
    """Return the figures, ready for JSON; row i of both arguments is the same released pair."""
    rows = list(zip(decisions, provenance, strict=True))
    premises = [d["premise"] for d in decisions]
    return {
        "rows": len(rows),
        "splits": {split: _split(rows, split) for split in SPLITS},
        "labels": _counts(p["label"] for p in provenance),
        "intended_and_decided": _matrix(provenance),
        "relabelled": {
            step: _share(relabelled(p) for p in provenance if p["origin_step"] == step)
            for step in sorted({p["origin_step"] for p in provenance})
        }
        | {"all": _share(map(relabelled, provenance))},
        "revised": _share(p["revised"] for p in provenance),
        "origin_steps": _counts(p["origin_step"] for p in provenance),
        "distinct_premises": len({key(text) for text in premises}),
        "lengths": {
            "premise": _lengths(premises),
            "hypothesis": _lengths([d["hypothesis"] for d in decisions]),
        },
    }


def relabelled(row: Row) -> bool:
    """Say whether the reviewers gave another label than intended, as far as that says."""
    if row["intended_label"] == "not_entailment":
        return bool(row["label"] == "entailment")
    return bool(row["intended_label"] != row["label"])


def _split(rows: Iterable[tuple[Row, Row]], split: str) -> dict[str, Any]:
    mine = [(d, p) for d, p in rows if p["split"] == split]
    pairs = [
        {"query": d["premise"], "passage": d["hypothesis"], "relation": p["label"]} for d, p in mine
    ]
    return {
        "rows": len(mine),
        "labels": _counts(p["label"] for _, p in mine),
        "triplets": sum(1 for _ in triplets(pairs)),
    }


def _matrix(provenance: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Return intended label → decided label → rows."""
    found: dict[str, Counter[str]] = {}
    for row in provenance:
        found.setdefault(row["intended_label"], Counter())[row["label"]] += 1
    return {intended: dict(sorted(n.items())) for intended, n in sorted(found.items())}


def _lengths(texts: Sequence[str]) -> dict[str, float]:
    """Return lengths in characters, and the median in words (runs without a space)."""
    characters = [len(text) for text in texts] or [0]
    return {
        "median": median(characters),
        "mean": round(fmean(characters), 1),
        "max": max(characters),
        "median_words": median([len(text.split()) for text in texts] or [0]),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _share(values: Iterable[bool]) -> float | None:
    flags = list(values)
    return round(sum(flags) / len(flags), 6) if flags else None
