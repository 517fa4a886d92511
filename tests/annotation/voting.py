"""Ballots for tests, and the same ballots with other names or in another order."""

from typing import Any

import pandas as pd
from hypothesis import strategies as st

from annotation.page import LABELS

Rows = list[tuple[str, str, str]]


def ballots(rows: Rows, kind: str = "item", seconds: float = 9.0) -> pd.DataFrame:
    """Return ballots of (task, worker, label), cast one after the other."""
    frame = pd.DataFrame(rows, columns=["task", "worker", "label"], dtype=object)
    times = [f"2026-03-01T09:{n // 60:02d}:{n % 60:02d}Z" for n in range(len(rows))]
    return frame.assign(seconds=seconds, kind=kind, created_at=times, changed_at=times, revisions=0)


def shuffled(frame: pd.DataFrame, random: Any) -> pd.DataFrame:
    order = list(range(len(frame)))
    random.shuffle(order)
    return frame.iloc[order]


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the ballots with workers and tasks named so that their order is turned round."""
    names: dict[str, dict[str, str]] = {}
    for column in ("task", "worker"):
        found = sorted(frame[column].unique(), reverse=True)
        names[column] = {name: f"x{n:03d}" for n, name in enumerate(found)}
    return frame.assign(**{column: frame[column].map(new) for column, new in names.items()})


def named_as(tasks: Any, frame: pd.DataFrame) -> dict[str, str]:
    """Return the tasks' names before `renamed` by those after."""
    found = sorted(frame["task"].unique(), reverse=True)
    return {f"x{n:03d}": name for n, name in enumerate(found) if f"x{n:03d}" in set(tasks)}


VOTES = st.dictionaries(
    st.tuples(st.sampled_from("pqrstu"), st.sampled_from("vwxyz")),
    st.sampled_from(LABELS),
    min_size=1,
    max_size=30,
).map(lambda votes: [(task, worker, label) for (task, worker), label in votes.items()])
