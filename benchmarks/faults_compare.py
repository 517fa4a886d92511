"""What a run holds, beside what the undisturbed one holds: files, row counts, replay log."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError
from rupairs.manifest import NAME, Manifest, read_manifest, sha256
from rupairs.steps import Step

LOG = "llm.sqlite"
# They tell of seconds and machines, and are never published.
KEPT_HERE = (NAME, "report.md")


def finished(out: Path, steps: Iterable[Step]) -> list[Step]:
    """Return the steps whose directory is finished."""
    return [step for step in steps if (step.path(out) / NAME).is_file()]


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a step's directory that no clock decides."""
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in KEPT_HERE
    }


def differing(out: Path, reference: Path, steps: Iterable[Step]) -> list[str]:
    """Return the files of finished steps that differ from the reference's, or are in one alone."""
    found: list[str] = []
    for step in finished(out, steps):
        here, there = hashes(step.path(out)), hashes(step.path(reference))
        where = step.path(out).relative_to(out)
        names = {n for n in here.keys() | there.keys() if here.get(n) != there.get(n)}
        found += [(where / name).as_posix() for name in names]
    return sorted(found)


def unbalanced(out: Path, steps: Iterable[Step]) -> list[str]:
    """Return the steps that are not finished, and those whose rows do not add up."""
    found = []
    for step in steps:
        try:
            counts = read_manifest(step.path(out)).counts
        except RupairsError as error:
            found.append(str(error))
            continue
        if counts.rows_in != counts.rows_out + counts.rows_dropped:
            found.append(f"{step.name}: rows in are not rows out and rows dropped ({counts})")
    return found


def told_otherwise(out: Path, reference: Path, steps: Iterable[Step]) -> list[str]:
    """Return the release folders whose manifest tells of other models, licenses, counts."""
    released = [step for step in steps if step.stage == "data_cards"]
    return [
        f"{step.name}: its manifest tells of other models, licenses, counts or votes"
        for step in released
        if _told(step.path(out)) != _told(step.path(reference))
    ]


def _told(folder: Path) -> Any:
    manifest = Manifest.model_validate_json((folder / NAME).read_bytes())
    names = {"counts", "models", "licenses", "simulated", "seed", "step"}
    return manifest.model_dump(include=names)


def answers(run: Path) -> dict[str, tuple[str, str]]:
    """Return (request, answer without its seconds) by key; as far as a damaged log is readable."""
    found: dict[str, tuple[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        # A copy: whoever opens a log after a kill puts it in order, and that is the run's to do.
        for path in run.glob(f"{LOG}*"):
            shutil.copy(path, folder)
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(Path(folder, LOG))) as log:
            log.text_factory = lambda raw: raw.decode(errors="replace")
            for key, request, answer in log.execute("SELECT key, request, answer FROM answers"):
                found[key] = request, _without_seconds(answer)
    return found


def _without_seconds(answer: str) -> str:
    try:
        return json.dumps(json.loads(answer) | {"seconds": 0}, sort_keys=True)
    except ValueError:
        return answer


def bodies(run: Path) -> set[str]:
    """Return the calls whose answers the log holds, as the server sees them."""
    found = set()
    for request, _ in answers(run).values():
        try:
            asked = json.loads(request)
            body = {"model": asked["model"], "prompt": asked["prompt"], **asked["parameters"]}
        except (ValueError, KeyError):
            continue
        found.add(json.dumps(body, sort_keys=True))
    return found
