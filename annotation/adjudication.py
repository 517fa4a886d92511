"""Adjudication: the items that the votes leave open, hardest first, for one more person to decide.

1. The queue is the items that the decisions dropped as undecided, by the entropy of their labels
   times the candidate's variability in training (1 where that was not measured).
2. It is labelled on the same page; the votes so far are shown only where the recipe asks for it.
   With `annotation.queue.server` it is a project on the server, which only ever gets items added:
   one that an adjudicator answered leaves the queue and stays there.
3. The answers come back as an export (`annotation.adjudication.export`), from that project, or
   with the other votes by people whom `annotation.quality.adjudicators` names. They win and stay
   among the votes.
"""

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from annotation.answers import Answers
from annotation.ballots import ballots, counted
from annotation.batches import Sheet
from annotation.decisions import UNDECIDED
from annotation.export import Entry, read_export
from annotation.page import PAGE, faults, read_page
from annotation.projects import Push, find_projects, sync
from annotation.push import mark_of
from annotation.quality import ADJUDICATION
from annotation.refresh import refresh
from annotation.server import Server, address
from annotation.stage import CANDIDATES, AdjudicationSection, AnnotationSection, QueueSection
from annotation.tasks import SHOWN, data_of, task_id, write_list
from annotation.votes import read_votes
from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from rupairs.steps import Context
from rupairs.store import DROPPED, read_table
from rupairs.text import digest

ANSWERS = "adjudication.sqlite"
TASKS, PAGE_COPY = "tasks.json", "config.xml"
QUEUE_SCHEMA = pa.schema(
    [
        pa.field("task", pa.string(), nullable=False),
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("premise", pa.string(), nullable=False),
        pa.field("hypothesis", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("votes", pa.string(), nullable=False),
        pa.field("entropy", pa.float64(), nullable=False),
        pa.field("variability", pa.float64(), nullable=False),
        pa.field("priority", pa.float64(), nullable=False),
    ]
)
_VARIABILITY = "max_variability"
_TEXTS = ["pair_id", "premise", "hypothesis"]
_NOTES = """\
{items} items wait for an adjudicator, the hardest first. With `annotation.queue.server = true`
they are on the server, and the next run reads the answers. Otherwise import `{tasks}` into a Label
Studio project with `{page}` as its labelling configuration, export it as JSON, set
`annotation.adjudication.export` to that file and run the recipe again.
"""
_NAMES = ("спорные", "спорные, с голосами")
"""How the projects are called without the votes so far and with them: each needs its own page."""

Row = dict[str, Any]


def place(section: AnnotationSection) -> dict[str, str]:
    """Return the hash of the server that the queue goes on: on another, it is put again."""
    push = section.push
    return {"server": digest((push.url, push.project))} if section.queue.server else {}


def queue(context: Context) -> None:
    """Write the undecided items as rows of `QUEUE_SCHEMA`, `tasks.json` and `config.xml`.

    Where the recipe asks for it they are put on the server; raises `RupairsError` when it is away.
    """
    config: QueueSection = context.config
    page = _page() if config.show_votes else read_page(SHOWN)
    (context.out / PAGE_COPY).write_text(page, encoding="utf-8")
    rows = sorted(_open(context), key=lambda row: (-row["priority"], row["pair_id"]))
    with context.writer(QUEUE_SCHEMA) as writer:
        for row in writer.each(rows):
            writer.keep(row)
    table = pa.Table.from_pylist(rows, QUEUE_SCHEMA)
    everything = list(range(len(rows)))
    shown = (*SHOWN, "votes") if config.show_votes else tuple(SHOWN)
    entries = ({"data": data} for data in data_of(table, everything, shown))
    write_list(context.out / TASKS, entries)
    if config.server and rows:
        put = Push(
            mark_of(context, ADJUDICATION), context.stage.push.project, _NAMES, page, table, shown
        )
        sheet = Sheet(1 + config.show_votes, 1, everything)
        with context.progress.bar("queue on the server", len(rows)) as bar:
            context.facts["server"] = sync(Server(address(context.stage.push)), put, [sheet], bar)
    notes = _NOTES.format(items=len(rows), tasks=TASKS, page=PAGE_COPY)
    (context.out / "notes.md").write_text(notes, encoding="utf-8")


def _open(context: Context) -> list[Row]:
    dropped = read_table(context.inputs["annotation.decisions"].directory / DROPPED).to_pylist()
    waiting = {json.loads(d["row"])["pair_id"]: d for d in dropped if d["reason"] in UNDECIDED}
    entropy = entropies(ballots(context.inputs["annotation.quality"].table(), {}))
    rows = []
    for candidate in context.inputs[CANDIDATES].rows():
        pair = candidate["pair_id"]
        if pair not in waiting:
            continue
        spread = candidate.get(_VARIABILITY)
        variability = 1.0 if spread is None else float(spread)
        rows.append(
            {
                "task": task_id(pair, ADJUDICATION, 0, context.seed),
                **{name: candidate[name] for name in _TEXTS},
                "reason": waiting[pair]["reason"],
                "votes": waiting[pair]["evidence"],
                "entropy": float(entropy[pair]),
                "variability": variability,
                "priority": float(entropy[pair]) * variability,
            }
        )
    return rows


def entropies(frame: pd.DataFrame) -> "pd.Series[float]":
    """Return the entropy of each task's labels in bits."""
    votes = counted(frame)
    shares = votes.table / votes.table.sum(axis=1, keepdims=True)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return pd.Series(np.abs((shares * logs).sum(axis=1)), index=votes.tasks)


def _page() -> str:
    """Return the page with the votes so far above the premise."""
    start, view, body = read_page(SHOWN).partition("<View>")
    page = f'{start}{view}\n  <Header size="5" value="Голоса: $votes"/>{body}'
    if found := faults(page, [*SHOWN, "votes"]):
        raise RupairsError(f"{PAGE}: {'; '.join(found)}")
    return page


def outside(section: AnnotationSection) -> dict[str, str]:
    """Return the hash of the adjudicator's file, so that another one means other decisions.

    A server is asked every time, as for the other votes.
    """
    path = section.adjudication.export
    if path is not None:
        return {"export": sha256(path)} if path.is_file() else {}
    asked = section.queue.server and section.pull.refresh
    return {"asked": secrets.token_hex(8)} if asked else {}


def read(context: Context) -> None:
    """Write the adjudicator's votes; each annotation is kept or dropped with its reason.

    Raises `RupairsError` when the file is missing or is no export, or the server is away.
    """
    tasks = {}
    for pair in context.inputs[CANDIDATES].table(_TEXTS).to_pylist():
        task = task_id(pair["pair_id"], ADJUDICATION, 0, context.seed)
        tasks[task] = pair | {"task": task, "kind": ADJUDICATION}
    with _entries(context) as entries:
        readings = read_votes(entries, tasks)
    readings.write(context)


@contextmanager
def _entries(context: Context) -> Iterator[Iterable[Entry]]:
    config: AdjudicationSection = context.config
    path = config.export
    if path is not None:
        if not path.is_file():
            raise RupairsError(f"annotation.adjudication.export is {path}, which is no file")
        yield read_export(path)
    elif context.stage.queue.server:
        with Answers(context.run / "annotation" / ANSWERS) as answers:
            if context.stage.pull.refresh:
                _refresh(context, answers)
            yield answers.entries()
    else:
        yield []


def _refresh(context: Context, answers: Answers) -> None:
    server = Server(address(context.stage.push))
    mark = mark_of(context, ADJUDICATION)
    # Before the first queue is put there, nothing is.
    if find_projects(server, mark):
        with context.progress.bar("adjudicator's answers from the server", None) as advance:
            context.facts["server"] = refresh(server, answers, mark, advance)
