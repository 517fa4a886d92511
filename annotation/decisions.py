"""Decisions: what the votes on an item come to.

1. An adjudicator's label wins. Else the label is that of the recipe's method (`aggregation`), if
   its posterior reaches `min_posterior`.
2. The texts are those of one annotation with that label, chosen as WANLI chooses: where only some
   revised, one that changed punctuation or case, or else one that left the texts alone.
3. Dropped, in this order: `not_reviewed` (no vote), `too_few_votes`, `no_majority` (the method
   cannot tell), `low_posterior`, `discarded`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from annotation.aggregation import aggregate
from annotation.aggregation.wanli import chosen
from annotation.agreement import Figure, agreements
from annotation.ballots import ballots
from annotation.page import DISCARD, REVISED
from annotation.quality import ADJUDICATION
from annotation.stage import CANDIDATES, DecisionsSection
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
        pa.field("posterior", pa.float64(), nullable=True),
        pa.field("adjudicated", pa.bool_(), nullable=False),
        pa.field("simulated", pa.bool_(), nullable=False),
    ]
)
UNDECIDED = ("no_majority", "low_posterior")
"""Why an item that has votes has no label, so that an adjudicator is to give it one."""

_COLUMNS = ["pair_id", "premise", "hypothesis"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Opinion:
    """What the votes on one item say; `texts` is the index of the vote whose texts stand."""

    counts: Counter[str]
    label: str | None
    posterior: float | None
    texts: int | None
    adjudicated: bool = False
    simulated: bool = False

    @property
    def agreement(self) -> float:
        """Return the share of votes for the label, 0 without votes; an adjudicator's is none."""
        total = self.counts.total()
        return self.counts[self.label or ""] / total if total else 0.0


def decide(context: Context) -> None:
    """Write one decision a candidate, or drop it with the reason and the count of its votes."""
    config: DecisionsSection = context.config
    votes = context.inputs["annotation.quality"].table()
    candidates = context.inputs[CANDIDATES].table(_COLUMNS).to_pylist()
    frame = ballots(votes, {row["pair_id"]: row for row in candidates})
    frame["simulated"] = votes.column("simulated").to_numpy()
    found = opinions(frame, config, context.seed)
    revised = {name: votes.column(name).to_pylist() for name in REVISED.values()}
    shares: Counter[str] = Counter()
    with context.writer(DECISION_SCHEMA) as writer:
        for candidate in writer.each(candidates):
            opinion = found.get(candidate["pair_id"])
            reason = undecided(opinion, config)
            if opinion is None or reason:
                writer.drop(candidate, reason, tally(opinion.counts) if opinion else "")
            else:
                shares[str(opinion.label)] += 1
                writer.keep(decision(candidate, opinion, revised))
    _state(context, frame[frame["kind"] != ADJUDICATION], shares)


def opinions(frame: pd.DataFrame, config: DecisionsSection, seed: int) -> dict[str, Opinion]:
    """Return what the ballots on each item say."""
    apart = frame["kind"] == ADJUDICATION
    final = frame[apart].sort_values(["changed_at", "worker"]).drop_duplicates("task", keep="last")
    ordinary = frame[~apart]
    verdicts = aggregate(ordinary, config.method, seed)
    agreeing = ordinary[ordinary["label"] == ordinary["task"].map(verdicts["label"])]
    texts = pd.Series({b.task: b.Index for b in chosen(agreeing, seed).itertuples()}, dtype=object)
    simulated = set(frame["task"][frame["simulated"]])
    counts: dict[str, Counter[str]] = {}
    for task, label in zip(ordinary["task"], ordinary["label"], strict=True):
        counts.setdefault(task, Counter())[label] += 1
    found = {
        v.Index: Opinion(
            counts[v.Index],
            None if pd.isna(v.label) else v.label,
            None if pd.isna(v.posterior) else v.posterior,
            texts.get(v.Index),
            simulated=v.Index in simulated,
        )
        for v in verdicts.itertuples()
    }
    for b in final.itertuples():
        votes = counts.get(b.task, Counter())
        found[b.task] = Opinion(votes, b.label, None, b.Index, True, b.task in simulated)
    return found


def undecided(opinion: Opinion | None, config: DecisionsSection) -> str:
    """Return the reason why an item has no label to release; nothing when it has one."""
    if opinion is None:
        return "not_reviewed"
    if not opinion.adjudicated:
        if opinion.counts.total() < config.min_votes:
            return "too_few_votes"
        if opinion.label is None:
            return "no_majority"
        if config.min_posterior is not None and (opinion.posterior or 0) < config.min_posterior:
            return "low_posterior"
    return "discarded" if opinion.label == DISCARD else ""


def decision(candidate: Row, opinion: Opinion, revised: dict[str, list[str | None]]) -> Row:
    """Return the row of a decided candidate, with the texts of the vote that stands for it."""
    row = {name: candidate[name] for name in _COLUMNS}
    if opinion.texts is not None:
        for name, column in REVISED.items():
            row[name] = revised[column][opinion.texts] or row[name]
    return row | {
        "label": opinion.label,
        "revised": any(row[name] != candidate[name] for name in REVISED),
        "votes": opinion.counts.total(),
        "agreement": opinion.agreement,
        "posterior": opinion.posterior,
        "adjudicated": opinion.adjudicated,
        "simulated": opinion.simulated,
    }


def tally(counts: Counter[str]) -> str:
    """Return the counts of the labels, such as `entailment 2, neutral 1`."""
    return ", ".join(f"{label} {n}" for label, n in sorted(counts.items()))


def _state(context: Context, votes: pd.DataFrame, decided: Counter[str]) -> None:
    figures = agreements(votes, context.seed)
    shares = {name: round(n / decided.total(), 6) for name, n in sorted(decided.items())}
    voted = {str(name): int(n) for name, n in votes.groupby("worker").size().items()}
    context.facts |= {name: figure.value for name, figure in figures.items()}
    context.facts |= {
        "agreement": {name: asdict(figure) for name, figure in figures.items()},
        "label_shares": shares,
        "votes_by_annotator": voted,
        "method": context.config.method,
    }
    lines = [
        f"Decided by {context.config.method}.",
        "",
        "Agreement over the votes that count, discards among them:",
        "",
        *agreement_lines(figures),
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


_SAID = {
    "percent_agreement": ("equal pairs of votes on one item", "items with two votes or more"),
    "krippendorff_alpha": ("Krippendorff's alpha (nominal)", "items with two votes or more"),
    "cohen_kappa": ("Cohen's kappa, as WANLI reports it", "items with two votes, none revised"),
    "cohen_kappa_pairwise": ("Cohen's kappa, mean over pairs of people", "pairs of people"),
}


def agreement_lines(figures: dict[str, Figure]) -> Iterator[str]:
    """Yield the figures of agreement as lines of Markdown."""
    yield "| agreement | value | 95 % interval | over |"
    yield "|---|--:|--:|---|"
    for name, figure in figures.items():
        title, over = _SAID[name]
        if figure.value is None:
            yield f"| {title} | not defined | | {figure.items} {over} |"
        else:
            span = "" if figure.low is None else f"{figure.low:.3f} to {figure.high:.3f}"
            yield f"| {title} | {figure.value:.3f} | {span} | {figure.items} {over} |"
