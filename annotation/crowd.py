"""Crowd data: native files of crowd platforms as ballots, to measure the rules on real people.

Two layouts are known by their header: Toloka's assignments (TSV with INPUT:*, OUTPUT:*, GOLDEN:*,
ASSIGNMENT:*; the answer is the one OUTPUT that has a GOLDEN), and the votes of Russian SuperGLUE's
human benchmark (`premise;hypothesis;result;worker_id`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from annotation.tasks import CONTROL, ITEM
from rupairs.errors import RupairsError
from rupairs.text import digest

_PAIRS = ["premise", "hypothesis", "result", "worker_id"]
_WHERE = "ASSIGNMENT:"
_BUTTON = re.compile(r"\d+$")


@dataclass(frozen=True)
class Pool:
    """The votes of one file; `gold` has the known labels of controls by task.

    `ballots` has the columns of `annotation.ballots`; `seconds` are NaN where a file has no times.
    """

    name: str
    ballots: pd.DataFrame
    gold: "pd.Series[str]"


def read_pools(folder: Path) -> list[Pool]:
    """Return a pool for every file below a folder that is in a known layout, by name.

    Raises `RupairsError` when there is none, or a file in a known layout is damaged.
    """
    found = [read_pool(path) for path in sorted(folder.rglob("*.tsv"))]
    pools = [pool for pool in found if pool is not None]
    if not pools:
        raise RupairsError(
            f"{folder}: no file of votes; known are Toloka's assignments (*.tsv) and files with "
            f"the header {';'.join(_PAIRS)}"
        )
    return pools


def read_pool(path: Path) -> Pool | None:
    """Return the votes of a file; None when it is in no known layout."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            header = stream.readline().rstrip("\r\n")
        if header.split(";") == _PAIRS:
            return _pairs(path)
        return _toloka(path) if f"{_WHERE}worker_id" in header.split("\t") else None
    # No UTF-8, no table, no time, no such column.
    except (ValueError, KeyError) as error:
        raise RupairsError(f"{path}: not a whole table ({error}); fetch it again") from None


def _read(path: Path, separator: str) -> pd.DataFrame:
    return pd.read_csv(path, sep=separator, dtype=str, encoding="utf-8-sig")


def _toloka(path: Path) -> Pool:
    rows = _read(path, "\t")
    golden = [c for c in rows.columns if c.startswith("GOLDEN:") and rows[c].notna().any()]
    outputs = [c for c in rows.columns if c.startswith("OUTPUT:")]
    answers = [c.replace("GOLDEN", "OUTPUT", 1) for c in golden] or outputs
    if len(answers) != 1 or answers[0] not in outputs:
        raise RupairsError(f"{path}: which OUTPUT is the label? found {', '.join(answers)}")
    given = rows[golden[0]] if golden else pd.Series(None, index=rows.index, dtype=object)
    task = rows[f"{_WHERE}task_id"]
    times = [rows[f"{_WHERE}{name}"] for name in ("started", "submitted")]
    started, submitted = (pd.to_datetime(t, format="ISO8601") for t in times)
    # A page of tasks is timed as a whole.
    page = rows.groupby(f"{_WHERE}assignment_id")[f"{_WHERE}task_id"].transform("size")
    frame = pd.DataFrame(
        {
            "task": task,
            "worker": rows[f"{_WHERE}worker_id"],
            "label": rows[answers[0]],
            "seconds": (submitted - started).dt.total_seconds() / page,
            "kind": given.notna().map({True: CONTROL, False: ITEM}),
            "created_at": rows[f"{_WHERE}submitted"],
            "revisions": 0,
        }
    )
    controls = pd.DataFrame({"task": task, "gold": given}).dropna().drop_duplicates("task")
    whole = frame.dropna(subset=["task", "worker", "label"])
    return Pool(f"{path.stem} ({answers[0][7:]})", whole, controls.set_index("task")["gold"])


def _pairs(path: Path) -> Pool:
    rows = _read(path, ";").dropna(subset=_PAIRS)
    pairs = zip(rows["premise"], rows["hypothesis"], strict=True)
    frame = pd.DataFrame(
        {
            "task": [digest(pair) for pair in pairs],
            "worker": rows["worker_id"],
            # Some answers carry a digit of unknown meaning: entailment6.
            "label": rows["result"].str.replace(_BUTTON, "", regex=True),
            "seconds": float("nan"),
            "kind": ITEM,
            "created_at": "",
            "revisions": 0,
        }
    )
    return Pool(path.stem, frame.reset_index(drop=True), pd.Series(dtype=str))
