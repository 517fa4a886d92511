"""The filter: heuristics, exact repeats, and a quota a label of what goes to review.

The estimated max variability of WANLI needs a classifier's checkpoints and is not part of this
version; the quota is filled by hash instead.
"""

from collections import Counter
from typing import Any

from rupairs.pairs import pair_id
from rupairs.steps import Context
from rupairs.text import share
from ruwanli.generate import CANDIDATE_SCHEMA
from ruwanli.heuristics import fault, tidy
from ruwanli.stage import FilterSection

Row = dict[str, Any]


def filter_candidates(context: Context) -> None:
    """Write the candidates that go to review; the others are dropped with reason."""
    config: FilterSection = context.config
    context.facts["max_variability"] = "none"
    rows = [_tidied(row) for row in context.inputs["ruwanli.generate"].rows()]
    faults = {
        id(row): fault(row["premise"], row["hypothesis"], row["examples"], config) for row in rows
    }
    seen: set[str] = set()
    for row in rows:
        if faults[id(row)] is None and row["pair_id"] in seen:
            faults[id(row)] = ("duplicate", row["pair_id"])
        seen.add(row["pair_id"])
    passing = [row for row in rows if faults[id(row)] is None]
    passing.sort(key=lambda r: (share(r["pair_id"], context.seed, "review"), r["pair_id"]))
    taken: Counter[str] = Counter()
    for row in passing:
        taken[row["intended_label"]] += 1
        if config.per_label is not None and taken[row["intended_label"]] > config.per_label:
            faults[id(row)] = ("over_quota", str(config.per_label))
    with context.writer(CANDIDATE_SCHEMA) as writer:
        for row in writer.each(rows):
            if why := faults[id(row)]:
                writer.drop(row, *why)
            else:
                writer.keep(row)


def _tidied(row: Row) -> Row:
    premise, hypothesis = tidy(row["premise"]), tidy(row["hypothesis"])
    return row | {
        "premise": premise,
        "hypothesis": hypothesis,
        "pair_id": pair_id(premise, hypothesis, symmetric=True),
    }
