"""Votes in: from the file that Label Studio exported, or from the simulated reviewers' one."""

from pathlib import Path

from annotation.export import read_export
from annotation.simulated import EXPORT
from annotation.stage import AnnotationSection
from annotation.tasks import PAGE_COPY, TASKS
from annotation.votes import VOTE_SCHEMA, read_votes
from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from rupairs.steps import Context


def outside(section: AnnotationSection) -> dict[str, str]:
    """Return the hash of the export file, so that another file means other votes."""
    path = section.pull.export
    return {"export": sha256(path)} if path is not None and path.is_file() else {}


def pull(context: Context) -> None:
    """Write the votes; each annotation of the export is kept or dropped with its reason.

    Raises `RupairsError` when there is no export yet, or the file is none.
    """
    made_up = context.inputs.get("annotation.simulated")
    path = made_up.directory / EXPORT if made_up else _given(context)
    tasks = {row["pair_id"]: row for row in context.inputs["annotation.push"].rows()}
    readings = read_votes(read_export(path), tasks)
    annotators = set()
    with context.writer(VOTE_SCHEMA) as writer:
        for reading in writer.each(readings):
            # An export that a program made stays marked however it got here.
            context.simulated = context.simulated or reading.row["simulated"]
            if reading.reason is not None:
                writer.drop(reading.row, reading.reason, reading.evidence)
            else:
                annotators.add(reading.row["annotator"])
                writer.keep(reading.row)
    context.facts["annotators"] = len(annotators)


def _given(context: Context) -> Path:
    path: Path | None = context.config.export
    if path is not None and path.is_file():
        return path
    pushed = context.inputs["annotation.push"]
    found = "is not set" if path is None else f"is {path}, which is no file"
    raise RupairsError(
        f"no reviewers' votes yet: import {pushed.directory / TASKS} into a Label Studio project "
        f"with the labelling configuration {pushed.directory / PAGE_COPY}, have it labelled by "
        f"{pushed.manifest.facts['overlap']} people a task, export it as JSON, and give that file "
        f"as annotation.pull.export (which {found})"
    )
