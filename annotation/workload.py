"""Workload: how many votes there are and are needed, until when, and what each person has left."""

from math import ceil
from typing import Any

import pandas as pd

from annotation.tasks import ITEM, REPEAT

_WEEK = 7

Row = dict[str, Any]


def progress(tasks: pd.DataFrame, frame: pd.DataFrame, overlap: int, set_aside: int = 0) -> Row:
    """Return how many votes items have and need, and when they have them at the present rate.

    `frame` has the votes that count, each person's one on an item; `set_aside` are so many others.
    The rate is that of the last seven days up to the last vote.
    """
    items = tasks["pair_id"][tasks["kind"] == ITEM]
    judged = frame[frame["kind"].isin([ITEM, REPEAT])]
    votes = judged.groupby("task").size().reindex(items, fill_value=0)
    left = int((overlap - votes).clip(lower=0).sum())
    found: Row = {
        "items": len(items),
        "overlap": overlap,
        "complete": int((votes >= overlap).sum()),
        "begun": int(((votes > 0) & (votes < overlap)).sum()),
        "votes": int(votes.sum()),
        "votes_left": left,
        "votes_set_aside": set_aside,
        "last_day": None,
        "votes_a_day": None,
        "ends": None,
    }
    dates = pd.to_datetime(judged["day"].dropna())
    if len(dates):
        last = dates.max()
        span = min(_WEEK, (last - dates.min()).days + 1)
        recent = int((dates > last - pd.Timedelta(days=span)).sum())
        found["last_day"] = f"{last:%Y-%m-%d}"
        found["votes_a_day"] = round(recent / span, 2)
        if left:
            found["ends"] = f"{last + pd.Timedelta(days=ceil(left * span / recent)):%Y-%m-%d}"
    return found


def shares_of_work(sheets: pd.DataFrame, votes: pd.DataFrame) -> tuple[dict[str, Row], list[Row]]:
    """Return what each worker was dealt, did and has left, and the sheets that nobody began.

    `sheets` has a row a task of an annotator's, who is a number there; `votes` a row a `task` and
    `annotator`, by name. Whose the sheets are is told by what people answered: names are given to
    numbers so that most answers are in one's own sheets.
    """
    from scipy.optimize import linear_sum_assignment

    dealt = sheets.groupby("annotator").size()
    answered = votes[["task", "annotator"]].rename(columns={"annotator": "worker"})
    table = pd.crosstab(*(sheets.merge(answered, on="task")[n] for n in ("worker", "annotator")))
    rows, columns = linear_sum_assignment(-table.to_numpy()) if table.size else ([], [])
    found, begun = {}, set()
    for row, column in zip(rows, columns, strict=True):
        number, done = table.columns[column], int(table.iat[row, column])
        if done:
            whole = int(dealt[number])
            begun.add(number)
            found[str(table.index[row])] = {"dealt": whole, "done": done, "left": whole - done}
    nobody = [{"annotator": int(n), "dealt": int(size)} for n, size in dealt.items()]
    return found, [row for row in nobody if row["annotator"] not in begun]
