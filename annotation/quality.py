"""Quality: whose votes count, by rules that the recipe states, and every vote set aside kept.

1. A rule speaks only where there are data enough: `min_controls` controls, `min_repeats` repeats,
   `min_votes` votes on items.
2. The recipe has the last word: `keep` undoes an exclusion, `exclude` makes one.
3. Votes that decide no item are dropped with the reason: `replaced` (by a later answer to the same
   task), `control`, `repeat` (of an item that the worker had judged), `excluded` (the evidence is
   the rule and its numbers).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from annotation.ballots import ballots, deciding
from annotation.stage import CANDIDATES, QualitySection
from annotation.tasks import CONTROL, ITEM, REPEAT
from annotation.votes import VOTE_SCHEMA
from annotation.workers import worker_table
from rupairs.errors import UsageError
from rupairs.steps import Context
from rupairs.store import StageWriter, write_table

WORKERS = "workers.parquet"
ADJUDICATION = "adjudication"
"""The kind of votes that win over all others."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Exclusion:
    """Why a worker's votes do not count: the rule, what it found, the bound, over how many votes.

    With `kept`, the recipe undoes it.
    """

    worker: str
    rule: str
    value: float | None = None
    bound: float | None = None
    votes: int | None = None
    kept: bool = False

    def __str__(self) -> str:
        if self.value is None:
            return self.rule
        return f"{self.rule}: {self.value:.3f}, bound {self.bound}, over {self.votes} votes"


def exclusions(table: pd.DataFrame, config: QualitySection) -> list[Exclusion]:
    """Return every rule that a row of the table of workers breaks, by worker.

    Raises `UsageError` when the recipe names a worker who has no vote.
    """
    named = {*config.keep, *config.exclude}
    if unknown := sorted(named - set(table.index)):
        raise UsageError(
            f"annotation.quality: {unknown[0]} in keep or exclude has no vote; "
            "the names are in the report of annotation.quality"
        )
    found = [Exclusion(worker, "exclude in the recipe") for worker in config.exclude]
    for rule, column, counts, enough, low in _rules(config):
        bound = getattr(config, rule)
        if bound is None:
            continue
        for worker, row in table[table[counts] >= enough].iterrows():
            value = float(row[column])
            broken = value < bound if low else value > bound
            if broken:
                kept = worker in config.keep
                votes = int(row[counts])
                found.append(Exclusion(str(worker), rule, round(value, 6), bound, votes, kept))
    return sorted(found, key=lambda e: (e.worker, e.rule))


def _rules(config: QualitySection) -> Iterator[tuple[str, str, str, int, bool]]:
    """Yield rule, its column, the column of counts, how many it needs, whether it is a minimum."""
    yield "min_control_accuracy", "control_accuracy", "controls", config.min_controls, True
    yield "min_self_agreement", "self_agreement", "repeats", config.min_repeats, True
    yield "max_fast_share", "fast_share", "timed", config.min_votes, False
    yield "min_entropy", "entropy", "items", config.min_votes, True


def check(context: Context) -> None:
    """Write the votes that decide items, and `workers.parquet`, the table of workers."""
    config: QualitySection = context.config
    votes = _votes(context, config)
    _known(config, votes)
    candidates = context.inputs[CANDIDATES].table(["pair_id", "premise", "hypothesis"])
    frame = ballots(votes, {row["pair_id"]: row for row in candidates.to_pylist()})
    standing = frame[votes.column("latest").to_numpy()]
    ordinary = standing[standing["kind"].isin([ITEM, REPEAT, CONTROL])]
    table = worker_table(ordinary, _gold(context), config.fast_seconds)
    broken = exclusions(table, config)
    out = {e.worker: str(e) for e in broken if not e.kept}
    with context.writer(VOTE_SCHEMA) as writer:
        _sort_out(votes, frame, out, writer)
    table["excluded"] = [out.get(str(worker), "") for worker in table.index]
    write_table(pa.Table.from_pandas(table.reset_index()), context.out / WORKERS)
    context.facts |= {
        "workers": len(table),
        "excluded": sorted(out),
        "exclusions": [asdict(e) for e in broken],
    }
    (context.out / "notes.md").write_text(_notes(table, broken), encoding="utf-8")


def _votes(context: Context, config: QualitySection) -> pa.Table:
    """Return the pulled votes and the adjudicators', the latter under a kind of their own."""
    votes = pa.concat_tables(
        context.inputs[name].table() for name in ("annotation.pull", "annotation.adjudication")
    )
    kinds = [
        ADJUDICATION if worker in config.adjudicators else kind
        for worker, kind in zip(
            votes.column("annotator").to_pylist(), votes.column("kind").to_pylist(), strict=True
        )
    ]
    return votes.set_column(
        VOTE_SCHEMA.get_field_index("kind"), VOTE_SCHEMA.field("kind"), pa.array(kinds, pa.string())
    )


def _known(config: QualitySection, votes: pa.Table) -> None:
    unknown = sorted({*config.adjudicators} - {*votes.column("annotator").unique().to_pylist()})
    if unknown:
        raise UsageError(
            f"annotation.quality: {unknown[0]} in adjudicators has no vote; "
            "the names are in the report of annotation.quality"
        )


def _gold(context: Context) -> "pd.Series[str]":
    tasks = context.inputs["annotation.push"].table(["pair_id", "kind", "gold"]).to_pandas()
    controls = tasks[tasks["kind"] == CONTROL].drop_duplicates("pair_id")
    return controls.set_index("pair_id")["gold"]


def _sort_out(
    votes: pa.Table, frame: pd.DataFrame, out: dict[str, str], writer: StageWriter
) -> None:
    """Keep what decides an item, an adjudicator's votes among it; drop the rest."""
    latest = votes.column("latest").to_numpy()
    adjudicated = (frame["kind"] == ADJUDICATION).to_numpy()
    counts = pd.Series(False, index=frame.index)
    counts[deciding(frame[latest]).index] = True
    counts &= ~frame["worker"].isin(list(out))
    keep = latest & (counts.to_numpy() | adjudicated)
    writer.take_in(int(keep.sum()))
    writer.keep_table(votes.filter(pa.array(keep)))
    for row in writer.each(votes.filter(pa.array(~keep)).to_pylist()):
        if not row["latest"]:
            writer.drop(row, "replaced", row["task"])
        elif row["kind"] == CONTROL:
            writer.drop(row, CONTROL, row["task"])
        elif row["annotator"] in out:
            writer.drop(row, "excluded", out[row["annotator"]])
        else:
            writer.drop(row, REPEAT, row["pair_id"])


def _notes(table: pd.DataFrame, broken: list[Exclusion]) -> str:
    lines = [
        "| worker | votes | controls right | repeats alike | with others | seconds | entropy "
        "| excluded |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for worker, row in table.iterrows():
        controls = _share(row["control_accuracy"], row["controls"])
        repeats = _share(row["self_agreement"], row["repeats"])
        others = _share(row["majority_agreement"], row["others"])
        seconds = "" if pd.isna(row["median_seconds"]) else f"{row['median_seconds']:.1f}"
        entropy = "" if pd.isna(row["entropy"]) else f"{row['entropy']:.2f}"
        lines.append(
            f"| {worker} | {row['votes']} | {controls} | {repeats} | {others} | {seconds} "
            f"| {entropy} | {row['excluded']} |"
        )
    kept = [f"- {e.worker} is kept by the recipe in spite of {e}" for e in broken if e.kept]
    undo = 'To undo an exclusion, name the worker in `annotation.quality.keep = ["..."]`.'
    return "\n".join([*lines, "", *kept, *([undo] if broken else [])]) + "\n"


def _share(value: float, count: int) -> str:
    return "" if pd.isna(value) else f"{value:.0%} of {int(count)}"
