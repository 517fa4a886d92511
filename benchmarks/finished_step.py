"""A finished step of a run, written without running it: what the steps of a benchmark read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from rupairs.manifest import Manifest, describe_files
from rupairs.steps import load_stages
from rupairs.store import StageWriter


def write_finished(
    name: str, run: Path, schema: pa.Schema, rows: Iterable[dict[str, Any]], **facts: Any
) -> None:
    """Write rows as the finished step `name` of a run; `facts` are fields of its manifest."""
    stage = load_stages()[name.partition(".")[0]]
    step = next(step for step in stage.steps if step.name == name)
    directory = step.path(run)
    directory.mkdir(parents=True, exist_ok=True)
    with StageWriter(directory, schema) as writer:
        for row in writer.each(rows):
            writer.keep(row)
    Manifest(
        step=step.name,
        step_version=step.version,
        fingerprint="benchmark",
        seed=0,
        config={},
        inputs={},
        counts=writer.counts(),
        files=describe_files(directory),
        **facts,
    ).write(directory)
