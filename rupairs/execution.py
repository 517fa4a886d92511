"""Running a step so that it can be trusted afterwards.

1. A step's fingerprint covers its version, its settings, the seed and the content of its inputs.
2. A finished directory with the same fingerprint is left alone; any other is made again.
3. Output is built in a hidden sibling and renamed when whole, so a kill leaves nothing that
   looks finished.
"""

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.errors import RupairsError, UsageError
from rupairs.evaluation_sets import grown_from, marked
from rupairs.llm.budget import Clock
from rupairs.manifest import NAME, Manifest, describe_files, read_manifest, versions
from rupairs.progress import Progress
from rupairs.recipe import Recipe, Section
from rupairs.report import write_report
from rupairs.steps import Context, Step, load_stages, resolve
from rupairs.store import StageReader, replace_directory
from rupairs.text import digest


@dataclass(frozen=True)
class Outcome:
    """How a step ended: `made`, or `kept` when it was already there."""

    step: Step
    state: str
    directory: Path
    manifest: Manifest


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the run directory for this process; `RupairsError` if another one has it.

    When the disk fills up, what is done in the block ends in a `RupairsError` too.
    """
    with _full_disk_named(run):
        run.mkdir(parents=True, exist_ok=True)
    with _full_disk_named(run), (run / ".lock").open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise RupairsError(
                f"{run}: process {stream.read().strip() or 'unknown'} is working here; "
                "wait for it or choose another --out"
            ) from None
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield


@contextmanager
def _full_disk_named(run: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        free = shutil.disk_usage(next(p for p in (run, *run.parents) if p.exists())).free
        raise RupairsError(
            f"{run}: no space left on the disk ({free / 1e6:,.1f} MB free); what is finished was "
            "kept: free some space, then run the same command to go on, or choose another --out"
        ) from None


def fingerprint(step: Step, seed: int, config: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Return the hash of everything that decides what a step writes."""
    settings = {
        "step": step.name,
        "version": step.version,
        "seed": seed,
        "config": config,
        "inputs": inputs,
    }
    return digest((json.dumps(settings, sort_keys=True, ensure_ascii=False),))


def run_step(
    step: Step,
    run: Path,
    recipe: Recipe,
    names: set[str],
    progress: Progress,
    redo: bool = False,
    clock: Clock | None = None,
) -> Outcome:
    """Run one step in `run` unless its finished directory already answers for it.

    `names` are the steps of the chain: an optional input outside it is not read. `clock` is that of
    the run's questions.
    """
    stages = load_stages()
    steps = {s.name: s for stage in stages.values() for s in stage.steps}
    needs = (*step.inputs, *(n for n in step.optional_inputs if n in names))
    inputs = {n: _finished(steps[n], step, run) for n in needs}
    for name in step.core:
        if name not in recipe.sections:
            raise UsageError(f"{recipe.path}: {step.name} needs a [{name}] section")
    stage = recipe.sections[step.stage]
    outside = resolve(step.external)(stage) if step.external else {}
    contents = {n: reader.manifest.content for n, reader in inputs.items()} | outside
    config = _config(step, recipe)
    mark = fingerprint(step, recipe.run.seed, config, contents)
    final = step.path(run)
    if not redo and (found := _already(final, mark)):
        return Outcome(step, "kept", final, found)

    partial = final.with_name(f".{final.name}.partial")
    context = Context(step, run, partial, recipe, stage, progress, inputs, clock=clock or Clock())
    for reader in inputs.values():
        context.licenses |= reader.manifest.licenses
        context.simulated = context.simulated or reader.manifest.simulated
        context.models += [m for m in reader.manifest.models if m not in context.models]
    context.facts = marked({}, grown_from(reader.manifest for reader in inputs.values()))
    started = time.monotonic()
    with _whole_or_gone(partial):
        with closing(context):
            resolve(step.run)(context)
        manifest = Manifest(
            step=step.name,
            step_version=step.version,
            fingerprint=mark,
            seed=recipe.run.seed,
            config=config,
            inputs=contents,
            counts=context.counts,
            files=describe_files(partial),
            models=context.models,
            licenses=dict(sorted(context.licenses.items())),
            simulated=context.simulated,
            facts=context.facts,
            seconds=round(time.monotonic() - started, 2),
            versions=versions(),
        )
        write_report(partial, manifest, step.title)
        manifest.write(partial)
    replace_directory(partial, final)
    shutil.rmtree(run / ".work" / step.name, ignore_errors=True)
    return Outcome(step, "made", final, manifest)


@contextmanager
def _whole_or_gone(partial: Path) -> Iterator[None]:
    """Make an empty folder, and remove it if the block fails for a reason a person can mend."""
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield
    except (RupairsError, OSError):
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _finished(needed: Step, by: Step, run: Path) -> StageReader:
    directory = needed.path(run)
    if not (directory / NAME).is_file():
        raise RupairsError(f"{by.name} reads {needed.name}, which has not finished in {run}")
    reader = StageReader(directory)
    if reader.manifest.step_version != needed.version:
        raise RupairsError(
            f"{directory}: made by another version of {needed.name}; make it again before "
            f"{by.name}: rupairs run RECIPE --out {run} --until {needed.name}"
        )
    return reader


def _already(directory: Path, mark: str) -> Manifest | None:
    if not (directory / NAME).is_file():
        return None
    manifest = read_manifest(directory)
    return manifest if manifest.fingerprint == mark else None


def _config(step: Step, recipe: Recipe) -> dict[str, Any]:
    own = getattr(recipe.sections[step.stage], step.verb, None)
    config = own.identity() if isinstance(own, Section) else {}
    core = {name: recipe.sections[name].identity() for name in step.core}
    return config | core | step.decided_by(recipe)
