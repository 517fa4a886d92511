"""The undisturbed run: what all others must come to, and images of it as each step began."""

import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults_compare import answers, bodies, unbalanced
from benchmarks.faults_life import LOOK_S, Life
from benchmarks.faults_server import WeatheredServer
from rupairs.manifest import read_manifest
from rupairs.runs import open_recipe
from rupairs.steps import Step, chain, load_stages
from tests.tiny import write_recipe
from tests.training.tiny import write_encoder

_STILL_S = 0.05


class NoReferenceError(Exception):
    """The undisturbed run failed, so that there is nothing to compare with."""


@dataclass(frozen=True)
class Reference:
    """The finished run. `images[n]` is the run as `steps[n]` began; `took` are seconds of steps."""

    run: Path
    encoder: Path
    steps: tuple[Step, ...]
    took: dict[str, float]
    images: dict[int, Path]
    seconds: float
    bytes: int
    answers: dict[str, tuple[str, str]]
    bodies: frozenset[str]

    @property
    def asking(self) -> list[int]:
        """Return the numbers of the steps that ask the LLM."""
        manifests = [read_manifest(step.path(self.run)) for step in self.steps]
        return [n for n, manifest in enumerate(manifests) if manifest.facts.get("calls")]


def make_reference(folder: Path, until: str | None = None) -> Reference:
    """Run the chain, stopping it for a moment at each step to copy what is there."""
    encoder = write_encoder(folder)
    run = folder / "run"
    images: dict[int, Path] = {}
    with WeatheredServer() as server:
        recipe = write_recipe(folder, server.url, encoder)
        steps = tuple(chain(open_recipe(str(recipe), []), load_stages()))
        names = [step.name for step in steps]
        steps = steps[: names.index(until) + 1] if until else steps
        words = ("run", recipe, "--out", run, "--until", steps[-1].name)
        life = Life(words, folder / "said.log")
        started, stopped, start = time.monotonic(), 0.0, 0.0
        while life.alive():
            if (come := life.steps()) and (number := names.index(come[-1])) not in images:
                start = start or time.monotonic() - started
                began = time.monotonic()
                life.send(signal.SIGSTOP)
                time.sleep(_STILL_S)
                images[number] = folder / "images" / f"{number:02d}"
                shutil.copytree(run, images[number])
                life.send(signal.SIGCONT)
                stopped += time.monotonic() - began
            time.sleep(LOOK_S)
        ended = life.end()
        calls = server.calls
    if ended.code:
        raise NoReferenceError(
            f"the undisturbed run ended with {ended.code}: {ended.said[-2_000:]}"
        )
    if wrong := unbalanced(run, steps):
        raise NoReferenceError(f"the undisturbed run: {wrong[0]}")
    if len(calls) != len({call.body for call in calls}):
        raise NoReferenceError("the undisturbed run asked for something twice")
    took = {step.name: read_manifest(step.path(run)).seconds for step in steps} | {"": start}
    size = sum(path.stat().st_size for path in run.rglob("*") if path.is_file())
    seconds = round(ended.seconds - stopped, 2)
    return Reference(
        run=run,
        encoder=encoder,
        steps=steps,
        took=took,
        images=images,
        seconds=seconds,
        bytes=size,
        answers=answers(run),
        bodies=frozenset(bodies(run)),
    )
