"""Decisions: what the votes on an item come to.

1. The label is the one that more than half of the item's votes give. Unlike in WANLI, where one of
   two differing labels is sampled, an item without a strict majority is dropped.
2. The texts stay as they are unless at least half of the votes for that label revised them; then
   both texts are those of the earliest voter among these.
3. Dropped, in this order: `not_reviewed` (no vote), `too_few_votes`, `no_majority`, `discarded`.
"""

from collections import Counter, defaultdict
from typing import Any

import pyarrow as pa

from annotation.agreement import alpha, percent_agreement
from annotation.page import DISCARD
from rupairs.steps import Context

DECISION_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("premise", pa.string(), nullable=False),
        pa.field("hypothesis", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("revised", pa.bool_(), nullable=False),
        pa.field("votes", pa.int32(), nullable=False),
        pa.field("agreement", pa.float64(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
_COLUMNS = ["pair_id", "premise", "hypothesis"]

Row = dict[str, Any]


def decide(context: Context) -> None:
    """Write one decision a candidate, or drop it with the reason and the count of its votes."""
    votes: dict[str, list[Row]] = defaultdict(list)
    for vote in context.inputs["annotation.pull"].rows():
        votes[vote["pair_id"]].append(vote)
    candidates = context.inputs["ruwanli.filter"].table(_COLUMNS)
    shares: Counter[str] = Counter()
    with context.writer(DECISION_SCHEMA) as writer:
        for candidate in writer.each(candidates.to_pylist()):
            mine = votes.get(candidate["pair_id"], [])
            label, reason = verdict([v["label"] for v in mine], context.config.min_votes)
            if label is None:
                writer.drop(candidate, reason, tally(mine))
            else:
                shares[label] += 1
                writer.keep(decision(candidate, mine, label))
    _state(context, list(votes.values()), shares)


def verdict(labels: list[str], min_votes: int) -> tuple[str | None, str]:
    """Return the decided label, or None and the reason why there is none."""
    if not labels:
        return None, "not_reviewed"
    if len(labels) < min_votes:
        return None, "too_few_votes"
    label, count = Counter(labels).most_common(1)[0]
    if 2 * count <= len(labels):
        return None, "no_majority"
    return (None, "discarded") if label == DISCARD else (label, "")


def decision(candidate: Row, votes: list[Row], label: str) -> Row:
    """Return the row of a decided candidate, its texts revised where the voters agree to it."""
    agreeing = [v for v in votes if v["label"] == label]
    revising = [v for v in agreeing if v["premise_revised"] or v["hypothesis_revised"]]
    row = {name: candidate[name] for name in _COLUMNS}
    revised = bool(revising) and 2 * len(revising) >= len(agreeing)
    if revised:
        first = min(revising, key=lambda v: (v["created_at"], v["vote_id"]))
        row["premise"] = first["premise_revised"] or row["premise"]
        row["hypothesis"] = first["hypothesis_revised"] or row["hypothesis"]
    return row | {
        "label": label,
        "revised": revised,
        "votes": len(votes),
        "agreement": len(agreeing) / len(votes),
        "simulated": any(v["simulated"] for v in votes),
    }


def tally(votes: list[Row]) -> str:
    """Return the counts of the labels, such as `entailment 2, neutral 1`."""
    counts = Counter(v["label"] for v in votes)
    return ", ".join(f"{label} {n}" for label, n in sorted(counts.items()))


def _state(context: Context, items: list[list[Row]], decided: Counter[str]) -> None:
    labels = [[v["label"] for v in votes] for votes in items]
    agreement = {
        "percent_agreement": percent_agreement(labels),
        "krippendorff_alpha": alpha(labels),
    }
    shares = {name: round(n / decided.total(), 6) for name, n in sorted(decided.items())}
    voted = dict(sorted(Counter(v["annotator"] for votes in items for v in votes).items()))
    context.facts |= {**agreement, "label_shares": shares, "votes_by_annotator": voted}
    lines = [
        "Agreement over all votes, with discards and with items that somebody revised:",
        f"{_shown(agreement['percent_agreement'])} of vote pairs on one item are equal; "
        f"Krippendorff's alpha (nominal) is {_shown(agreement['krippendorff_alpha'])}.",
        "",
        "| label | share of the decided |",
        "|---|--:|",
        *(f"| {name} | {value:.1%} |" for name, value in shares.items()),
        "",
        "| annotator | votes |",
        "|---|--:|",
        *(f"| {name} | {n} |" for name, n in voted.items()),
    ]
    (context.out / "notes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _shown(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"
