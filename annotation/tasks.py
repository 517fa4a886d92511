"""Tasks out: the candidates as a Label Studio task file, without the label they were made for.

A reviewer who knew the intended label would agree with it too often, so the tasks carry the two
texts and the id alone, in an order drawn by hash so that neighbours do not share a seed or label.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotation.page import read_page
from rupairs.errors import RupairsError
from rupairs.steps import Context
from rupairs.store import StageReader
from rupairs.text import share

TASKS, PAGE_COPY = "tasks.json", "config.xml"
TASK_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("premise", pa.string(), nullable=False),
        pa.field("hypothesis", pa.string(), nullable=False),
    ]
)
_BATCH = 8_192

_NOTES = """\
## How to have these pairs reviewed

1. Create a project in Label Studio and paste `{page}` as its labelling configuration (Code view).
2. Import `{tasks}`; have {overlap} different people label each task.
3. Export the project as JSON (not JSON-MIN or CSV).
4. Set `annotation.pull.export` in the recipe to that file and run the recipe again.
"""


def push(context: Context) -> None:
    """Write `tasks.json`, `config.xml` and the same tasks as rows of `TASK_SCHEMA`.

    Raises `RupairsError` when a pair id occurs twice.
    """
    page = read_page(TASK_SCHEMA.names)
    (context.out / PAGE_COPY).write_text(page, encoding="utf-8")
    table = in_order(context.inputs["ruwanli.filter"], context.seed)
    with context.writer(TASK_SCHEMA) as writer:

        def entries() -> Iterator[dict[str, Any]]:
            for row in writer.each(_rows(table)):
                writer.keep(row)
                yield {"data": row}

        write_list(context.out / TASKS, entries())
    overlap = context.config.overlap
    notes = _NOTES.format(tasks=TASKS, page=PAGE_COPY, overlap=overlap)
    (context.out / "notes.md").write_text(notes, encoding="utf-8")
    context.facts["overlap"] = overlap


def in_order(candidates: StageReader, seed: int) -> pa.Table:
    """Return pair_id, premise and hypothesis of every candidate in the order of review."""
    table = candidates.table(TASK_SCHEMA.names)
    ids = table.column("pair_id").to_pylist()
    if twice := next((i for i, n in Counter(ids).items() if n > 1), None):
        raise RupairsError(f"{candidates.directory}: the pair {twice} is there twice")
    order = sorted(range(len(ids)), key=lambda n: (share(ids[n], seed, "task order"), ids[n]))
    return table.take(pa.array(order, pa.int64()))


def _rows(table: pa.Table) -> Iterator[dict[str, str]]:
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield from batch.to_pylist()


def write_list(path: Path, entries: Iterable[Any]) -> None:
    """Write a JSON list, an entry a line, holding one entry in memory."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        lead = "[\n"
        for entry in entries:
            stream.write(lead + json.dumps(entry, ensure_ascii=False))
            lead = ",\n"
        stream.write("\n]\n" if lead == ",\n" else "[]\n")
