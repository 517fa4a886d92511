"""Checkpoints that can be trusted after a kill.

A checkpoint counts once it holds the file `complete.json`, which is written last and lists the
size of every other file. Whatever lacks it, or differs from it, was being written when the
process died: it is removed, and training goes on from the newest one that is whole.
"""

import json
import shutil
from pathlib import Path
from typing import Any

MARK = "complete.json"
_PREFIX = "checkpoint-"


def mark_complete(checkpoint: Path) -> None:
    """Declare a checkpoint whole."""
    unfinished = checkpoint / f"{MARK}.tmp"
    unfinished.write_text(json.dumps(_sizes(checkpoint)), encoding="utf-8")
    unfinished.rename(checkpoint / MARK)


def newest_complete(folder: Path, before: int | None = None) -> Path | None:
    """Return the whole checkpoint of the most steps, or None; removes the broken ones.

    With `before`, checkpoints of that step and later ones are left out of the choice.
    """
    whole: list[Path] = []
    for checkpoint in folder.glob(f"{_PREFIX}*"):
        if _is_complete(checkpoint):
            whole.append(checkpoint)
        else:
            shutil.rmtree(checkpoint, ignore_errors=True)
    earlier = (path for path in whole if before is None or step_of(path) < before)
    return max(earlier, key=step_of, default=None)


def history(checkpoint: Path) -> list[dict[str, Any]]:
    """Return what the trainer had logged when a checkpoint was taken."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    log: list[dict[str, Any]] = state["log_history"]
    return log


def step_of(checkpoint: Path) -> int:
    """Return how many steps a checkpoint was taken after."""
    return int(checkpoint.name.removeprefix(_PREFIX))


def checkpoint_at(folder: Path, step: int) -> Path:
    """Return where the trainer puts the checkpoint of a step."""
    return folder / f"{_PREFIX}{step}"


def only(folder: Path) -> Path:
    """Create `folder` and remove its siblings: checkpoints of other settings or other inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    for sibling in folder.parent.iterdir():
        if sibling != folder:
            shutil.rmtree(sibling, ignore_errors=True)
    return folder


def _is_complete(checkpoint: Path) -> bool:
    try:
        listed = json.loads((checkpoint / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(listed == _sizes(checkpoint))


def _sizes(checkpoint: Path) -> dict[str, int]:
    files = (p for p in checkpoint.rglob("*") if p.is_file() and not p.name.startswith(MARK))
    return {p.relative_to(checkpoint).as_posix(): p.stat().st_size for p in sorted(files)}
