"""Steps: what a stage can do, as data; and how one is run so that it can be trusted afterwards.

1. A step's fingerprint covers its version, its settings, the seed and the content of its inputs.
2. A finished directory with the same fingerprint is left alone; any other is made again.
3. Output is built in a hidden sibling and renamed when whole, so a kill leaves nothing that
   looks finished.
"""

import fcntl
import importlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import (
    NAME,
    Counts,
    FileFacts,
    Manifest,
    ModelFacts,
    read_manifest,
    sha256,
    versions,
)
from rupairs.progress import Progress
from rupairs.recipe import Recipe, Section
from rupairs.report import write_report
from rupairs.store import StageReader, StageWriter, replace_directory
from rupairs.text import digest


@dataclass(frozen=True)
class Step:
    """One step of a stage. `run`, `external`, `plan` are `module:function`, imported when used.

    `run(context)` does the work; `external(section)` returns name → hash of what is read from
    outside the run; `plan(recipe)` returns (LLM calls, prompt characters) without doing them.
    """

    name: str
    title: str
    run: str
    inputs: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    core: tuple[str, ...] = ()
    external: str | None = None
    plan: str | None = None
    enabled: Callable[[Any], bool] = lambda config: True
    directory: str = ""
    version: int = 1

    @property
    def stage(self) -> str:
        """Return the stage's name."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """Return the step's own name, which is also its key in the stage's section."""
        return self.name.partition(".")[2]

    def path(self, run: Path) -> Path:
        """Return the step's directory in a run."""
        return run / (self.directory or self.name.replace(".", "/"))


@dataclass(frozen=True)
class Stage:
    """A stage: the model of its recipe section and its steps in order."""

    name: str
    section: type[Section]
    steps: tuple[Step, ...]


@dataclass
class Context:
    """What a step's function is given."""

    step: Step
    run: Path
    out: Path
    recipe: Recipe
    stage: Any
    progress: Progress
    inputs: Mapping[str, StageReader]
    facts: dict[str, Any] = field(default_factory=dict)
    models: list[ModelFacts] = field(default_factory=list)
    licenses: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    _counts: Counts = field(default_factory=Counts)

    @property
    def config(self) -> Any:
        """Return the step's own table of the recipe."""
        return getattr(self.stage, self.step.verb)

    @property
    def seed(self) -> int:
        """Return the run's seed."""
        return self.recipe.run.seed

    @property
    def work(self) -> Path:
        """Return a folder that outlives a kill, for checkpoints."""
        path = self.run / ".work" / self.step.name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def log_path(self) -> Path:
        """Return the run's LLM replay log."""
        return self.run / "llm.sqlite"

    @contextmanager
    def writer(self, schema: pa.Schema) -> Iterator[StageWriter]:
        """Yield the writer of this step's rows; its counts go into the manifest."""
        with StageWriter(self.out, schema) as writer:
            yield writer
        self._counts = writer.counts()


@dataclass(frozen=True)
class Outcome:
    """How a step ended: `made`, or `kept` when it was already there."""

    step: Step
    state: str
    directory: Path
    manifest: Manifest


def load_stages() -> dict[str, Stage]:
    """Return the installed stages by name, in the order the chain runs them."""
    found: dict[str, Stage] = {p.name: p.load() for p in entry_points(group="rupairs.stages")}
    order = ("harvest", "ruhnp", "ruwanli", "annotation", "training", "data_cards")
    return {n: found[n] for n in (*order, *sorted(set(found) - set(order))) if n in found}


def resolve(reference: str) -> Callable[..., Any]:
    """Return the function a `module:function` reference names."""
    module, _, name = reference.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def chain(recipe: Recipe, stages: Mapping[str, Stage]) -> list[Step]:
    """Return the steps a recipe asks for, each after everything it reads.

    Raises `UsageError` when a step needs another whose section the recipe leaves out.
    """
    wanted: dict[str, Step] = {}
    for name, stage in stages.items():
        section = recipe.sections.get(name)
        if section is not None:
            wanted |= {s.name: s for s in stage.steps if s.enabled(section)}
    ordered: dict[str, Step] = {}

    def visit(step: Step) -> None:
        if step.name in ordered:
            return
        for need in step.inputs:
            if need not in wanted:
                raise UsageError(f"{recipe.path}: {step.name} needs {need}, which is not asked for")
        for need in (*step.inputs, *step.optional_inputs):
            if need in wanted:
                visit(wanted[need])
        ordered[step.name] = step

    for step in wanted.values():
        visit(step)
    return list(ordered.values())


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the run directory for this process; `RupairsError` if another one has it."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / ".lock").open("a+") as stream:
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


def fingerprint(step: Step, recipe: Recipe, inputs: Mapping[str, str]) -> str:
    """Return the hash of everything that decides what a step writes."""
    section = recipe.sections[step.stage]
    own = getattr(section, step.verb, None)
    settings = {
        "step": step.name,
        "version": step.version,
        "seed": recipe.run.seed,
        "own": own.identity() if isinstance(own, Section) else None,
        "core": {name: recipe.sections[name].identity() for name in step.core},
        "inputs": dict(sorted(inputs.items())),
    }
    return digest((json.dumps(settings, sort_keys=True, ensure_ascii=False),))


def run_step(
    step: Step, run: Path, recipe: Recipe, names: set[str], progress: Progress, redo: bool = False
) -> Outcome:
    """Run one step in `run` unless its finished directory already answers for it.

    `names` are the steps of the chain: an optional input outside it is not read.
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
    mark = fingerprint(step, recipe, contents)
    final = step.path(run)
    if not redo and (found := _already(final, mark)):
        return Outcome(step, "kept", final, found)

    partial = final.with_name(f".{final.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    context = Context(step, run, partial, recipe, stage, progress, inputs)
    for reader in inputs.values():
        context.licenses |= reader.manifest.licenses
        context.simulated = context.simulated or reader.manifest.simulated
        context.models += [m for m in reader.manifest.models if m not in context.models]
    started = time.monotonic()
    try:
        resolve(step.run)(context)
    except RupairsError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    manifest = Manifest(
        step=step.name,
        step_version=step.version,
        fingerprint=mark,
        seed=recipe.run.seed,
        config=_config(step, recipe),
        inputs=contents,
        counts=context._counts,
        files={},
        models=context.models,
        licenses=dict(sorted(context.licenses.items())),
        simulated=context.simulated,
        facts=context.facts,
        seconds=round(time.monotonic() - started, 2),
        versions=versions(),
    )
    manifest.files = _files(partial)
    write_report(partial, manifest, step.title)
    manifest.write(partial)
    replace_directory(partial, final)
    shutil.rmtree(run / ".work" / step.name, ignore_errors=True)
    return Outcome(step, "made", final, manifest)


def _finished(needed: Step, by: Step, run: Path) -> StageReader:
    directory = needed.path(run)
    if not (directory / NAME).is_file():
        raise RupairsError(f"{by.name} reads {needed.name}, which has not finished in {run}")
    return StageReader(directory)


def _already(directory: Path, mark: str) -> Manifest | None:
    if not (directory / NAME).is_file():
        return None
    manifest = read_manifest(directory)
    return manifest if manifest.fingerprint == mark else None


def _config(step: Step, recipe: Recipe) -> dict[str, Any]:
    own = getattr(recipe.sections[step.stage], step.verb, None)
    config = own.identity() if isinstance(own, Section) else {}
    return config | {name: recipe.sections[name].identity() for name in step.core}


def _files(directory: Path) -> dict[str, FileFacts]:
    facts: dict[str, FileFacts] = {}
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
        name = path.relative_to(directory).as_posix()
        facts[name] = FileFacts(bytes=path.stat().st_size, sha256=sha256(path), rows=rows)
    return facts
