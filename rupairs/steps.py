"""Steps: what a stage can do, as data, and the order in which a recipe asks for it."""

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from rupairs.errors import UsageError
from rupairs.llm.budget import Clock
from rupairs.manifest import (
    Counts,
    ModelFacts,
)
from rupairs.progress import Progress
from rupairs.recipe import Recipe, Section
from rupairs.store import StageReader, StageWriter

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One step of a stage. `run`, `external`, `plan` are `module:function`, imported when used.

    `run(context)` does the work; `external(section)` returns name → hash of what is read from
    outside the run; `plan(recipe)` returns (LLM calls, prompt characters) without doing them, and
    `plan_more` what may come on top, at most; `plan_notes(recipe)` returns what else to know first.
    `core` names the core's sections that decide the result beside the step's own table;
    `decided_by(recipe)` returns settings from elsewhere that do so too.
    """

    name: str
    title: str
    run: str
    inputs: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    core: tuple[str, ...] = ()
    external: str | None = None
    plan: str | None = None
    plan_more: str | None = None
    plan_notes: str | None = None
    decided_by: Callable[[Recipe], dict[str, Any]] = lambda recipe: {}
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
    """What a step's function is given; whoever makes one closes it when the step has ended.

    `clock` is that of all questions of the run.
    """

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
    counts: Counts = field(default_factory=Counts)
    clock: Clock = field(default_factory=Clock)
    _held: dict[str, Any] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def hold(self, name: str, make: Callable[[], AbstractContextManager[T]]) -> T:
        """Return what `make` opens: opened when first asked for, closed when the step ends."""
        if name not in self._held:
            self._held[name] = self._open.enter_context(make())
        found: T = self._held[name]
        return found

    def close(self) -> None:
        """Close what the step holds."""
        self._held.clear()
        self._open.close()

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
        self.counts = writer.counts()


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


def chain(
    recipe: Recipe, stages: Mapping[str, Stage], asked: Iterable[str] | None = None
) -> list[Step]:
    """Return the steps a recipe asks for, each after everything it reads.

    Raises `UsageError` when a step needs another whose section the recipe leaves out. Given names
    of steps, only those must have what they need; others that lack something are left out.
    """
    wanted: dict[str, Step] = {}
    for name, stage in stages.items():
        section = recipe.sections.get(name)
        if section is not None:
            wanted |= {s.name: s for s in stage.steps if s.enabled(section)}
    ordered: dict[str, Step] = {}
    lacking: dict[str, str] = {}

    def visit(step: Step) -> None:
        if step.name in ordered or step.name in lacking:
            return
        for need in (*step.inputs, *step.optional_inputs):
            if need in wanted:
                visit(wanted[need])
        for need in step.inputs:
            if need not in ordered:
                why = f"{step.name} needs {need}, which is not asked for"
                lacking[step.name] = lacking.get(need, why)
                return
        ordered[step.name] = step

    for step in wanted.values():
        visit(step)
    for name in wanted if asked is None else asked:
        if name in lacking:
            raise UsageError(f"{recipe.path}: {lacking[name]}")
    return list(ordered.values())
