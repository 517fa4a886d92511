"""How far each step of a run has come, as its directory says; damage is told and not raised."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rupairs.errors import RupairsError, UsageError
from rupairs.manifest import NAME, Manifest, read_manifest
from rupairs.runs import COPY, recipe_of
from rupairs.steps import Step, chain, load_stages


@dataclass(frozen=True)
class State:
    """A step of a run: its manifest where it is done, what is wrong where it is damaged.

    `folder` is the step's directory, relative to the run.
    """

    step: Step
    folder: str
    word: Literal["done", "begun", "absent", "damaged"]
    manifest: Manifest | None = None
    fault: str = ""
    finished: datetime | None = None

    @property
    def is_release(self) -> bool:
        """Say whether the step writes what is given away."""
        return self.folder.startswith("release/")


@dataclass(frozen=True)
class RunState:
    """A run: its name, its steps stage by stage, what is wrong with its recipe, if anything.

    The steps are those that the recipe asks for, and all others that the run holds. Without a
    readable recipe the name is that of the folder.
    """

    name: str
    steps: list[State]
    recipe_fault: str

    @property
    def manifests(self) -> list[Manifest]:
        """Return the manifests of what is done."""
        return [state.manifest for state in self.steps if state.manifest is not None]


def state_of_run(run: Path) -> RunState:
    """Return how far a run has come; `UsageError` if the folder is no run."""
    if not (run / COPY).is_file():
        raise UsageError(f"{run}: not a run directory (it has no {COPY})")
    stages = load_stages()
    name, fault = run.resolve().name, ""
    asked: list[Step] = []
    try:
        recipe = recipe_of(run)
        name, asked = recipe.run.name, chain(recipe, stages, ())
    except UsageError as error:
        fault = within(run, error)
    names = {step.name for step in asked}
    others = [
        step
        for stage in stages.values()
        for step in stage.steps
        if step.name not in names and (step.path(run) / NAME).is_file()
    ]
    order = {name: n for n, name in enumerate(stages)}
    found = sorted([*asked, *others], key=lambda step: order.get(step.stage, len(order)))
    return RunState(name, [state_of(step, run) for step in found], fault)


def state_of(step: Step, run: Path) -> State:
    """Return how far a step has come."""
    directory = step.path(run)
    folder = directory.relative_to(run).as_posix()
    manifest = directory / NAME
    if not manifest.is_file():
        begun = directory.with_name(f".{directory.name}.partial").exists()
        return State(step, folder, "begun" if begun else "absent")
    try:
        found, when = read_manifest(directory), manifest.stat().st_mtime
    except (RupairsError, OSError) as error:
        return State(step, folder, "damaged", fault=within(run, error))
    if found.step != step.name:
        return State(step, folder, "damaged", fault=f"its {NAME} is that of {found.step}")
    return State(step, folder, "done", found, finished=datetime.fromtimestamp(when, UTC))


def within(run: Path, error: Exception) -> str:
    """Return what an error says, its paths relative to the run."""
    return str(error).replace(f"{run}/", "")
