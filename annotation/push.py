"""Tasks out: a file a sheet, the page they are shown on, and, where asked for, a server.

A sheet is what one annotator does of one batch. On Label Studio's open edition, which cannot give
one task to a set number of people, each sheet is a project of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from annotation.batches import Dealing, Sheet, deal
from annotation.controls import CONTROL_SCHEMA, read_controls, texts_key
from annotation.dealt import Dealt, place, read_dealt
from annotation.page import read_page
from annotation.projects import Push, sync
from annotation.server import Server, address
from annotation.stage import CANDIDATES, AnnotationSection, PushSection
from annotation.tasks import (
    CONTROL,
    ITEM,
    SHOWN,
    TASK_SCHEMA,
    as_tasks,
    data_of,
    in_order,
    write_list,
)
from rupairs.manifest import sha256
from rupairs.steps import Context
from rupairs.store import StageWriter, write_table
from rupairs.text import digest

PAGE_COPY, SHEETS, SHEET_TABLE = "config.xml", "tasks", "sheets.parquet"

_NOTES = """\
## How to have these pairs reviewed

{sheets} files in `{folder}/`, one for each annotator ({annotators}) and batch ({batches}); every
item is in the files of {overlap} different annotators.

1. Without a server of your own: `make studio`, then `rupairs annotate studio`.
2. With `annotation.push.server = true` the projects are made on the server; or make a project
   for each file by hand, with `{page}` as its labelling configuration (Code view).
3. Show each annotator their own projects only: nobody is to answer the same item twice.
4. `rupairs annotate pull RUN` reads the answers from the server; or export the projects as JSON
   (not JSON-MIN or CSV) and set `annotation.pull.export` to the files.
"""


def outside(section: AnnotationSection) -> dict[str, str]:
    """Return the hashes of the controls and of the server's address: with others, push again.

    An address from the environment is no part of it: a finished run goes without.
    """
    push, found = section.push, {}
    if push.controls is not None and push.controls.is_file():
        found["controls"] = sha256(push.controls)
    if push.to_server:
        found["server"] = digest((push.url, push.project))
    return found


def push(context: Context) -> None:
    """Write the page, the sheets and the tasks as rows of `TASK_SCHEMA`; fill the server.

    Raises `RupairsError` when a pair id occurs twice, the controls cannot be read, or the server
    cannot be reached; what is on the server by then stays, and the next push completes it.
    """
    config: PushSection = context.config
    page = read_page(SHOWN)
    (context.out / PAGE_COPY).write_text(page, encoding="utf-8")
    dealing = Dealing(
        context.seed,
        config.overlap,
        config.people,
        config.batch_size,
        config.repeats,
        frozenset(config.left),
    )
    pairs = in_order(context.inputs[CANDIDATES], context.seed)
    with context.writer(TASK_SCHEMA) as writer:
        controls = _controls(pairs, config, writer)
        dealt = _dealt(context, pairs, controls, dealing)
        tasks, sheets = deal(*_as_tasks(pairs, controls, dealt, dealing), dealt.items, dealing)
        writer.take_in(tasks.num_rows)
        writer.keep_table(tasks)
    sheet_table(tasks, sheets, context.out / SHEET_TABLE)
    (context.out / SHEETS).mkdir()
    for sheet in sheets:
        write_list(context.out / SHEETS / _file(sheet), _entries(tasks, sheet))
    _state(context, tasks, sheets, dealt.batches)
    if config.to_server:
        mark = mark_of(context)
        put = Push(mark, config.project, config.names, page, tasks)
        with context.progress.bar("tasks on the server", sum(len(s.rows) for s in sheets)) as bar:
            server = sync(Server(address(config)), put, sheets, bar)
        context.facts |= {"mark": mark, "server": server}


def mark_of(context: Context, *what: str) -> str:
    """Return what tells a run's projects on a server from all others, by `what` they are for."""
    project = context.stage.push.project
    return digest((context.recipe.run.name, project, str(context.seed), *what), size=6)


def _controls(pairs: pa.Table, config: PushSection, writer: StageWriter) -> pa.Table:
    """Return the controls; one with the texts of a candidate is dropped."""
    given = read_controls(config.controls) if config.controls else CONTROL_SCHEMA.empty_table()
    known: set[tuple[str, str]] = set()
    if given.num_rows:
        both = (pairs.column(n).to_pylist() for n in ("premise", "hypothesis"))
        known = {texts_key(*pair) for pair in zip(*both, strict=True)}
    kept = []
    for row in given.to_pylist():
        if texts_key(row["premise"], row["hypothesis"]) in known:
            writer.take_in(1)
            writer.drop(row, "control_is_candidate", row["pair_id"])
        else:
            kept.append(row)
    return pa.Table.from_pylist(kept, schema=CONTROL_SCHEMA)


def _dealt(context: Context, pairs: pa.Table, controls: pa.Table, dealing: Dealing) -> Dealt:
    """Deal what is new beside what was dealt before, and keep that for the next time."""
    path = place(context.run, dealing)
    dealt = read_dealt(path)
    ids = pairs["pair_id"].to_pylist()
    stay = sum(pair in dealt.items for pair in ids)
    dealt.add(ids, controls["pair_id"].to_pylist(), dealing)
    dealt.write(path)
    context.facts["dealt_before"] = stay
    if stay:
        context.progress.say(
            f"  {stay} items were dealt before and stay where they are, {len(ids) - stay} are new; "
            f"to deal all anew, delete {path}"
        )
    return dealt


def _as_tasks(
    pairs: pa.Table, controls: pa.Table, dealt: Dealt, dealing: Dealing
) -> tuple[pa.Table, pa.Table]:
    first = [dealt.items[pair][0][1] for pair in pairs["pair_id"].to_pylist()]
    of_controls = [dealt.controls[pair] for pair in controls["pair_id"].to_pylist()]
    return (
        as_tasks(pairs, ITEM, 0, dealing.seed, first),
        as_tasks(controls, CONTROL, 0, dealing.seed, of_controls),
    )


def sheet_table(tasks: pa.Table, sheets: list[Sheet], path: Path) -> None:
    """Write a row for each task of each sheet: `annotator` by number, `batch`, `task`."""
    rows = pa.array([row for sheet in sheets for row in sheet.rows], pa.int64())
    sizes = [len(sheet.rows) for sheet in sheets]
    columns = {
        "annotator": np.repeat([sheet.annotator for sheet in sheets], sizes).astype("int32"),
        "batch": np.repeat([sheet.batch for sheet in sheets], sizes).astype("int32"),
        "task": tasks["task"].combine_chunks().take(rows),
    }
    write_table(pa.table(columns), path)


def _file(sheet: Sheet) -> str:
    return f"{sheet.annotator:02d}-{sheet.batch:04d}.json"


def _entries(tasks: pa.Table, sheet: Sheet) -> Iterator[dict[str, Any]]:
    for row in data_of(tasks, sheet.rows):
        yield {"data": row}


def _state(context: Context, tasks: pa.Table, sheets: list[Sheet], batches: int) -> None:
    config: PushSection = context.config
    kinds = {c["values"]: c["counts"] for c in pc.value_counts(tasks.column("kind")).to_pylist()}
    context.facts |= {
        "overlap": config.overlap,
        "annotators": config.people,
        "batches": batches,
        "kinds": dict(sorted(kinds.items())),
    }
    notes = _NOTES.format(
        sheets=len(sheets),
        folder=SHEETS,
        annotators=config.people,
        batches=batches,
        overlap=config.overlap,
        page=PAGE_COPY,
    )
    (context.out / "notes.md").write_text(notes, encoding="utf-8")
