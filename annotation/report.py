"""The report for whoever runs the annotators: how far they are, how they agree, who needs help.

The same figures three times: `report.json`, `report.html` (one page that loads nothing), and the
notes of the step's own `report.md`. Days and times are those of the votes; nothing asks the clock.
"""

import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from annotation.adjudication import entropies
from annotation.agreement import Figure
from annotation.ballots import ballots, deciding
from annotation.decisions import UNDECIDED, agreement_lines, tally
from annotation.people import told
from annotation.push import SHEET_TABLE
from annotation.quality import ADJUDICATION, WORKERS
from annotation.stage import CANDIDATES, ReportSection
from annotation.tasks import CONTROL, ITEM
from annotation.workers import wilson
from annotation.workload import progress, shares_of_work
from rupairs.steps import Context
from rupairs.store import DROPPED, read_table

PAGE, FIGURES = "report.html", "report.json"
_ENOUGH = 5
_NO_SHEETS: dict[str, Any] = {"dealt": None, "done": None, "left": None}

Row = dict[str, Any]


def report(context: Context) -> None:
    """Write the figures as `report.json`, `report.html` and notes."""
    from annotation.report_page import render

    figures = gather(context)
    text = json.dumps(figures, ensure_ascii=False, indent=2, allow_nan=False)
    (context.out / FIGURES).write_text(text + "\n", encoding="utf-8")
    (context.out / PAGE).write_text(render(figures), encoding="utf-8")
    (context.out / "notes.md").write_text("\n".join(_notes(figures)) + "\n", encoding="utf-8")
    context.facts["progress"] = figures["progress"]


def gather(context: Context) -> Row:
    """Return all figures, ready for JSON."""
    config: ReportSection = context.config
    push = context.inputs["annotation.push"]
    votes = context.inputs["annotation.pull"].table()
    frame = ballots(votes, {})[votes.column("latest").to_numpy()]
    quality, decisions = (context.inputs[f"annotation.{n}"] for n in ("quality", "decisions"))
    kept = quality.table(["task", "annotator", "kind"]).to_pandas()
    day = pd.to_datetime(frame["created_at"], utc=True, format="ISO8601", errors="coerce")
    frame = frame.assign(day=day.dt.strftime("%Y-%m-%d"))
    tasks = push.table(["task", "pair_id", "kind", "gold"]).to_pandas()
    counts = frame.index.isin(_counting(votes, kept))
    overlap = int(push.manifest.facts["overlap"])
    sheets = read_table(push.directory / SHEET_TABLE).to_pandas()
    people, unclaimed = shares_of_work(sheets, votes.filter(votes["latest"]).to_pandas())
    return {
        "title": context.recipe.run.name,
        "simulated": context.simulated,
        "progress": progress(
            tasks, frame[counts], overlap, int(deciding(frame).index.size - counts.sum())
        ),
        "warnings": list(told(context.inputs["annotation.pull"].manifest.facts)),
        "decided": decisions.manifest.counts.rows_out,
        "dropped": decisions.manifest.counts.dropped_by_reason,
        "method": decisions.manifest.facts["method"],
        "agreement": decisions.manifest.facts["agreement"],
        "label_shares": decisions.manifest.facts["label_shares"],
        "workers": [row | people.get(row["worker"], _NO_SHEETS) for row in _workers(context)],
        "unclaimed": unclaimed,
        "days": days(frame[frame["kind"] == ITEM]),
        "controls": controls(frame, tasks),
        "disagreements": _disagreements(context, config.examples),
    }


def _counting(votes: pa.Table, kept: pd.DataFrame) -> "pd.Index[Any]":
    """Return the rows of the votes that `annotation.quality` kept, the adjudicators' left out."""
    names = ["task", "annotator"]
    found = votes.select([*names, "latest"]).to_pandas()
    there = kept[kept["kind"] != ADJUDICATION][names].drop_duplicates()
    rows = found[found["latest"]].reset_index().merge(there, on=names)
    return pd.Index(rows["index"])


def days(frame: pd.DataFrame) -> list[Row]:
    """Return the votes of each day by label, days without a vote left out."""
    counts = frame.groupby(["day", "label"]).size().unstack(fill_value=0)
    return [
        {"day": day, "labels": {k: int(v) for k, v in row.items()}}
        for day, row in counts.iterrows()
    ]


def controls(frame: pd.DataFrame, tasks: pd.DataFrame) -> Row:
    """Return how many votes on controls are right, all in all and for each, hardest first."""
    gold = tasks[tasks["kind"] == CONTROL].drop_duplicates("pair_id").set_index("pair_id")["gold"]
    votes = frame[(frame["kind"] == CONTROL) & frame["task"].isin(gold.index)]
    right = votes["label"].to_numpy() == gold.reindex(votes["task"]).to_numpy()
    each = pd.DataFrame({"task": votes["task"], "right": right}).groupby("task")["right"]
    rows = [
        {
            "pair_id": task,
            "gold": gold[task],
            "votes": int(n),
            "right": int(r),
            "labels": tally(Counter(votes["label"][votes["task"] == task])),
        }
        for task, n, r in each.agg(["size", "sum"]).itertuples()
    ]
    rows.sort(key=lambda row: (row["right"] / row["votes"], row["pair_id"]))
    found: Row = {"votes": len(votes), "accuracy": None, "low": None, "high": None, "each": rows}
    if len(votes):
        low, high = wilson(np.array([right.sum()]), np.array([len(votes)]))
        figures = {"accuracy": right.mean(), "low": low[0], "high": high[0]}
        found |= {name: round(float(value), 6) for name, value in figures.items()}
    return found


def _workers(context: Context) -> list[Row]:
    table = read_table(context.inputs["annotation.quality"].directory / WORKERS).to_pandas()
    rows: list[Row] = [
        {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items()}
        for row in table.to_dict("records")
    ]
    for row in rows:
        row["flags"] = flags(row)
    return rows


def flags(row: Row) -> list[str]:
    """Return what is worth a word with a worker, whether or not a rule of the recipe speaks."""
    found = ["excluded"] if row["excluded"] else []
    high = row["control_high"]
    if high is not None and row["controls"] >= _ENOUGH and high < 0.75:
        found.append("controls")
    if row["repeats"] >= _ENOUGH and row["self_agreement"] < 0.7:
        found.append("repeats")
    if (row["fast_share"] or 0) > 0.3:
        found.append("fast")
    if row["items"] >= 20 and (row["entropy"] or 0) < 0.5:
        found.append("one label")
    return found


def _disagreements(context: Context, examples: int) -> list[Row]:
    """Return the items that divide the annotators most, with who said what."""
    quality = context.inputs["annotation.quality"].table()
    frame = ballots(quality, {})
    frame = frame[frame["kind"] != ADJUDICATION]
    if frame.empty or not examples:
        return []
    entropy = entropies(frame)
    order = sorted(entropy[entropy > 0].items(), key=lambda e: (-e[1], e[0]))[:examples]
    dropped = read_table(context.inputs["annotation.decisions"].directory / DROPPED).to_pylist()
    open_ = {json.loads(d["row"])["pair_id"] for d in dropped if d["reason"] in UNDECIDED}
    wanted = {task for task, _ in order}
    texts = {c["pair_id"]: c for c in context.inputs[CANDIDATES].rows() if c["pair_id"] in wanted}
    votes = dict(list(frame[frame["task"].isin(wanted)].groupby("task")))
    return [
        {
            "pair_id": task,
            "premise": texts[task]["premise"],
            "hypothesis": texts[task]["hypothesis"],
            "open": task in open_,
            "votes": [
                {"worker": v.worker, "label": v.label}
                for v in votes[task].sort_values(["label", "worker"]).itertuples()
            ],
        }
        for task, _ in order
    ]


def _notes(figures: Row) -> list[str]:
    done = figures["progress"]
    lines = [
        f"The page for people is `{PAGE}`.",
        "",
        f"{done['complete']} of {done['items']} items have {done['overlap']} votes, "
        f"{done['begun']} have fewer; {done['votes_left']} votes are left, "
        f"{done['votes_set_aside']} votes set aside.",
    ]
    if done["ends"]:
        lines.append(
            f"At {done['votes_a_day']} votes a day (the week up to {done['last_day']}) that is "
            f"done by {done['ends']}."
        )
    agreement = {name: Figure(**value) for name, value in figures["agreement"].items()}
    lines += ["", *agreement_lines(agreement), ""]
    asked = figures["controls"]
    if asked["votes"]:
        lines.append(
            f"Controls: {asked['accuracy']:.1%} of {asked['votes']} votes are right "
            f"({asked['low']:.1%} to {asked['high']:.1%})."
        )
    lines += [f"- {line}" for line in figures["warnings"]]
    lines += [
        f"- Nobody has begun the {row['dealt']} tasks of annotator {row['annotator']}."
        for row in figures["unclaimed"]
    ]
    lines += [
        "",
        "| annotator | dealt | done | left | entropy of labels, bits |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [_work(worker) for worker in figures["workers"]]
    lines.append("")
    flagged = [w for w in figures["workers"] if w["flags"]]
    lines += [f"- {w['worker']}: {', '.join(w['flags'])}" for w in flagged]
    return lines


def _work(worker: Row) -> str:
    counts = ("" if worker[n] is None else str(worker[n]) for n in _NO_SHEETS)
    entropy = "" if worker["entropy"] is None else f"{worker['entropy']:.2f}"
    return f"| {worker['worker']} | {' | '.join(counts)} | {entropy} |"
