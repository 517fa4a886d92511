"""Faults between two lives: one byte of a file is another, or its end is missing.

The life after that may go on as if nothing were wrong, if nothing wrong comes of it; or it says in
one line which file is damaged, and doing what that line asks for, or `--redo`, mends the run. A
damaged file of a release may be found by `rupairs publish` alone, through which it would go out.
"""

import hashlib
import random
import shutil
from pathlib import Path

from benchmarks.faults_compare import KEPT_HERE, LOG, bodies, finished
from benchmarks.faults_life import Ended, Life
from benchmarks.faults_run import LOG_DAMAGED, Point, Run
from rupairs.manifest import NAME
from rupairs.steps import Step

OTHER = "damaged other file"
_CURES = 4


def damage(run: Run) -> Point:
    """Damage one file of an unfinished run, and see that run to its end."""
    found = _candidates(run)
    kinds = sorted(found)
    kind = run.rng.choices(kinds, [1 if kind == OTHER else 3 for kind in kinds])[0]
    path = run.rng.choice(found[kind])
    whole = path.read_bytes()
    if kind == LOG_DAMAGED:
        run.lost = bodies(run.out)
    damaged, how = _spoilt(run.rng, whole)
    path.write_bytes(damaged)
    name = path.relative_to(run.out).as_posix()
    run.damaged[name] = hashlib.sha256(damaged).hexdigest()
    point = Point(run.number, kind, f"{name}: {how}")
    ended = run.live(point)
    point.take(ended)
    for _ in range(_CURES):
        if not ended.code:
            break
        ended = run.live(point, *_cured(run, point, ended, path, whole))
    else:
        point.failures.append(f"not mended by {_CURES} attempts; at last: {ended.shown}")
    point.clear_error = bool(point.mended) and not point.failures
    if path.is_file() and path.read_bytes() == damaged:
        _see_whether_it_goes_out(run, point, path)
    elif not point.mended:
        point.notes.append("replaced without a word")
    return point


def _candidates(run: Run) -> dict[str, list[Path]]:
    """Return the files that are finished, by the kind of the fault."""
    found: dict[str, list[Path]] = {LOG_DAMAGED: sorted(run.out.glob(f"{LOG}*"))}
    others = found.setdefault(OTHER, [run.out / "recipe.json"])
    for step in finished(run.out, run.reference.steps):
        for path in sorted(step.path(run.out).rglob("*")):
            if path.name == NAME:
                found.setdefault("damaged manifest", []).append(path)
            elif step.stage == "data_cards" and path.name not in KEPT_HERE:
                found.setdefault("damaged release", []).append(path)
            elif path.suffix == ".parquet":
                found.setdefault("damaged Parquet", []).append(path)
            elif step.stage == "training":
                found.setdefault("damaged model", []).append(path)
            else:
                others.append(path)
    work = run.out / ".work"
    found["damaged work"] = [
        path
        for path in sorted(work.rglob("*"))
        if not any(part.startswith(".") for part in path.relative_to(work).parts)
    ]
    whole = {k: [p for p in paths if _has_bytes(p)] for k, paths in found.items()}
    return {kind: paths for kind, paths in whole.items() if paths}


def _has_bytes(path: Path) -> bool:
    # The index of a log in use is made anew whenever nobody holds it.
    return path.is_file() and path.stat().st_size > 0 and not path.name.endswith("-shm")


def _spoilt(rng: random.Random, whole: bytes) -> tuple[bytes, str]:
    place = rng.randrange(len(whole))
    if rng.random() < 0.5:
        return whole[:place], f"cut to {place} of {len(whole)} bytes"
    byte = whole[place] ^ (1 << rng.randrange(8))
    spoilt = whole[:place] + bytes([byte]) + whole[place + 1 :]
    return spoilt, f"byte {place} of {len(whole)} from {whole[place]:#04x} to {byte:#04x}"


def _cured(run: Run, point: Point, ended: Ended, path: Path, whole: bytes) -> tuple[str, ...]:
    """Do what the error line asks for, and return the options of the next life."""
    line = ended.last
    step = _named(run, line)
    if ended.disorder() or not _names(run, line, path, step):
        if not ended.disorder():
            point.failures.append(f"does not name {path.name} or its folder: {line}")
        elif ended.disorder() not in point.failures:
            point.failures.append(ended.disorder())
        # Nobody was told how to mend it: go on with the file as it was.
        if path.parent.is_dir():
            path.write_bytes(whole)
        return ()
    if path.name.startswith(LOG):
        for part in run.out.glob(f"{LOG}*"):
            part.unlink()
        point.mended.append(f"removed {LOG}")
        return ()
    if step is None:
        top = run.out / ".work" / path.relative_to(run.out / ".work").parts[0]
        shutil.rmtree(top)
        point.mended.append(f"removed {top.relative_to(run.out)}")
        return ()
    redo = f"--redo {step.name}"
    if redo not in point.mended and run.rng.random() < 0.5:
        point.mended.append(redo)
        return ("--redo", step.name)
    shutil.rmtree(step.path(run.out))
    point.mended.append(f"removed {step.path(run.out).relative_to(run.out)}")
    return ()


def _named(run: Run, line: str) -> Step | None:
    """Return the step whose folder, or a file in it, the line names."""
    steps = [step for step in run.reference.steps if str(step.path(run.out)) in line]
    return max(steps, key=lambda step: len(str(step.path(run.out))), default=None)


def _names(run: Run, line: str, path: Path, step: Step | None) -> bool:
    """Say whether the line names the damaged file, the log it is part of, or its folder."""
    if step is not None:
        return path.is_relative_to(step.path(run.out)) or str(path) in line
    parent = path.parent.is_relative_to(run.out / ".work") and str(path.parent) in line
    return parent or str(path) in line or (path.name.startswith(LOG) and LOG in line)


def _see_whether_it_goes_out(run: Run, point: Point, path: Path) -> None:
    """The damage is still there: nothing may have come of it."""
    released = [s for s in run.reference.steps if s.stage == "data_cards"]
    folder = next((f for s in released if path.is_relative_to(f := s.path(run.out))), None)
    if folder is None or path.name in KEPT_HERE:
        point.notes.append("nobody was told of it, who had no need of it")
        return
    words = ("publish", folder, "nobody/nothing", "--simulated")
    ended = Life(words, run.folder / "publish.log").end()
    point.said = ended.shown
    point.clear_error = ended.code == 1 and path.name in ended.last and not ended.disorder()
    point.notes.append("found by `rupairs publish`")
    if not point.clear_error:
        point.failures.append(f"a damaged release may be published: {ended.last}")
