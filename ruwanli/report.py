"""What the release tells of itself: the funnel, the labels, the agreement, the lengths."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rupairs.pairs import NLI_RELATIONS

_LABELS = ("entailment", "neutral", "contradiction")


def page(
    stages: Sequence[Mapping[str, Any]], found: Mapping[str, Any], agreement: Mapping[str, Any]
) -> str:
    """Return Markdown; `found` is of `rupairs.nli_statistics`, `agreement` the decisions' facts."""
    parts = [
        ["![How many rows each step left](funnel.png)"],
        _table(
            ("stage", "rows", "what is left"),
            ([s["stage"], f"{s['rows']:,}", s["what"]] for s in stages),
        ),
        ["## Rows"],
        _table(("split", "rows", *_LABELS, "triplets"), map(_split_cells, found["splits"].items())),
        [_sentence(found)],
        ["## Intended and decided labels"],
        _matrix(found["intended_and_decided"]),
        [_relabelled(found)],
        ["## Agreement of the reviewers"],
        _agreement(agreement) or ["No figures."],
        ["## Lengths"],
        _table(
            ("text", "median characters", "mean", "most", "median words"),
            (
                [name, f"{n['median']:g}", f"{n['mean']:g}", n["max"], f"{n['median_words']:g}"]
                for name, n in found["lengths"].items()
            ),
        ),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return a table whose first column is words, like those called `what is left`."""
    marks = ["---" if n == 0 or name == "what is left" else "--:" for n, name in enumerate(head)]
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(marks) + "|"]
    return lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]


def _split_cells(item: tuple[str, Mapping[str, Any]]) -> list[str]:
    split, found = item
    labels = [_with_share(found["labels"].get(label, 0), found["rows"]) for label in _LABELS]
    return [split, f"{found['rows']:,}", *labels, f"{found['triplets']:,}"]


def _sentence(found: Mapping[str, Any]) -> str:
    origin = ", ".join(f"{step} {n:,}" for step, n in found["origin_steps"].items())
    return (
        f"{found['rows']:,} rows ({origin or 'none'}) with {found['distinct_premises']:,} distinct "
        f"premises; {_percent(found['revised'])} were revised by a reviewer. Rows that grew from "
        "one seed or have one premise are in one split. Each pair's candidate, intended label, "
        "votes and calls are in `provenance.parquet`."
    )


def _matrix(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    intended = [label for label in sorted(NLI_RELATIONS, key=_place) if label in counts]
    rows = []
    for label in intended:
        total = sum(counts[label].values())
        cells = [_with_share(counts[label].get(decided, 0), total) for decided in _LABELS]
        rows.append([label, *cells, f"{total:,}"])
    return _table(("intended ↓ decided →", *_LABELS, "rows"), rows)


def _place(label: str) -> int:
    return _LABELS.index(label) if label in _LABELS else len(_LABELS)


def _relabelled(found: Mapping[str, Any]) -> str:
    steps = {step: share for step, share in found["relabelled"].items() if step != "all"}
    by_step = ", ".join(f"{step} {_percent(share)}" for step, share in steps.items())
    return (
        f"Relabelled by the reviewers: {_percent(found['relabelled']['all'])}"
        f"{f' ({by_step})' if len(steps) > 1 else ''}. In the sample of annotations that WANLI "
        "published, 51 of 93 kept pairs have another label than intended."
    )


def _agreement(facts: Mapping[str, Any]) -> list[str]:
    """Return a table of the figures that `annotation.decisions` has with their intervals."""
    rows = []
    for name, figure in facts.get("agreement", {}).items():
        low, high = figure["low"], figure["high"]
        interval = "" if low is None else f"{low:.3f} to {high:.3f}"
        value = "not defined" if figure["value"] is None else f"{figure['value']:.3f}"
        rows.append([name.replace("_", " "), value, interval, f"{figure['items']:,}"])
    return _table(("over the votes that count", "value", "95 %", "of"), rows) if rows else []


def _with_share(part: int, whole: int) -> str:
    return f"{part:,} ({part / whole:.0%})" if whole else str(part)


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"
