"""A run that faults are put to: its folder, its server, and the account of what was asked."""

import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults_compare import (
    answers,
    bodies,
    differing,
    finished,
    told_otherwise,
    unbalanced,
)
from benchmarks.faults_life import Ended, Life
from benchmarks.faults_reference import Reference
from benchmarks.faults_server import Call, WeatheredServer
from rupairs.manifest import sha256
from rupairs.steps import Step
from tests.tiny import write_recipe

LOG_DAMAGED = "damaged replay log"
FAILED_ROWS = 3
_DISK_MB = 192


@dataclass
class Point:
    """One fault: what was done to which life, how that ended, and what came of it.

    A fault that came too late to do anything is not `met`. `repeated` counts calls that were sent
    again although the server had answered them; `failures` say what nobody should have met.
    """

    run: int
    kind: str
    what: str = ""
    step: str = ""
    seconds: float = 0.0
    code: int | None = None
    said: str = ""
    met: bool = True
    clear_error: bool = False
    mended: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    repeated: int = 0
    failures: list[str] = field(default_factory=list)

    def take(self, ended: Ended) -> None:
        """Note how the life ended that the fault was put to."""
        self.step, self.seconds, self.code = ended.step, ended.seconds, ended.code
        self.said = ended.shown
        if disorder := ended.disorder():
            self.failures.append(disorder)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a file system of its own at `folder`, where that is allowed; say whether it is."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        done = False
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def cleared(work: Path) -> Path:
    """Return the folder, empty: what a campaign that was killed left there is unmounted."""
    for disk in work.glob("run-*/disk"):
        if disk.is_mount():
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    return work


class Run:
    """A run in `folder`, begun from an image of the reference; `points` grows by each fault.

    `damaged` are hashes of damaged files, `lost` the calls that a damaged log held, `latest` what
    the last life asked.
    """

    def __init__(self, number: int, seed: int, folder: Path, reference: Reference) -> None:
        self.number = number
        self.rng = random.Random(f"{seed}-{number}")
        self.folder = folder
        self.reference = reference
        self.disk = folder / "disk"
        self.out = self.disk / "run"
        self.points: list[Point] = []
        self.damaged: dict[str, str] = {}
        self.latest: list[Call] = []
        self.lost: set[str] = set()
        self._lives = self._settled = 0
        self._answered: Counter[str] = Counter()

    @contextmanager
    def begun(self, image: Path) -> Iterator[None]:
        """Hold the run's disk and server; what failed is kept in `folder` afterwards."""
        with ExitStack() as stack:
            self.has_disk = stack.enter_context(small_disk(self.disk))
            self.server = stack.enter_context(WeatheredServer())
            self.recipe = write_recipe(self.folder, self.server.url, self.reference.encoder)
            shutil.copytree(image, self.out)
            self._found = bodies(self.out)
            yield
            if any(point.failures for point in self.points):
                shutil.copytree(self.out, self.folder / "failed")

    def ahead(self) -> list[Step]:
        """Return the steps that are not finished."""
        done = finished(self.out, self.reference.steps)
        return [step for step in self.reference.steps if step not in done]

    def begin(self, *options: str) -> Life:
        """Start `rupairs run` on it."""
        self._lives += 1
        self._paid = bodies(self.out)
        # Of options given twice, the later one counts.
        until = ("--until", self.reference.steps[-1].name)
        words = ("run", self.recipe, "--out", self.out, *until, *options)
        return Life(words, self.folder / f"life-{self._lives:02d}.log")

    def live(self, point: Point, *options: str) -> Ended:
        """Let it live as long as it likes; what it asks is accounted for."""
        ended = self.begin(*options).end()
        self.settle(point)
        return ended

    def settle(self, point: Point) -> None:
        """Look at what a life with this fault asked; repeats are the doing of the fault before."""
        self.latest = calls = self.server.calls[self._settled :]
        self._settled += len(calls)
        by_log = point.kind == LOG_DAMAGED
        if (again := sum(call.body in self._paid for call in calls)) and not by_log:
            point.failures.append(f"{again} calls were sent again though the log has answers")
        before = self.points[-1] if self.points else point
        for call in calls:
            if call.body in self._found or self._answered[call.body]:
                (point if call.body in self.lost else before).repeated += 1
            self._answered[call.body] += not call.fault

    def strays(self) -> list[str]:
        """Return the finished steps' files that are not the reference's, damaged ones apart."""
        found = differing(self.out, self.reference.run, self.reference.steps)
        return [name for name in found if not self._is_damaged(name)]

    def _is_damaged(self, name: str) -> bool:
        path = self.out / name
        return path.is_file() and self.damaged.get(name) == sha256(path)

    def finish(self) -> None:
        """Run it to the end undisturbed, unless it is there, and compare all with the reference."""
        last = self.points[-1]
        if self.ahead():
            ended = self.live(last)
            if ended.code:
                said = f"the undisturbed end failed with {ended.code}: {ended.shown}"
                last.failures.append(said)
                return
        last.failures += self.verdict()

    def verdict(self) -> list[str]:
        """Return what a run that has ended lost, doubled or changed."""
        wrong = [f"{name} is not the reference's" for name in self.strays()]
        wrong += unbalanced(self.out, self.reference.steps)
        wrong += told_otherwise(self.out, self.reference.run, self.reference.steps)
        asked = self._found | set(self._answered)
        if strange := len(asked - self.reference.bodies):
            said = f"{strange} calls that the reference did not make"
            # A run that went on without rows that failed for good asks about other rows.
            failed = [point for point in self.points if point.code == FAILED_ROWS]
            (failed[0].notes if failed else wrong).append(said)
        by_log = [point for point in self.points if point.kind == LOG_DAMAGED]
        if by_log:
            by_log[0].notes += self._log_faults()
        else:
            wrong += self._log_faults()
        return wrong

    def _log_faults(self) -> list[str]:
        here, there = answers(self.out), self.reference.answers
        lost = len(there.keys() - here.keys())
        others = sum(here[key] != there[key] for key in here.keys() & there.keys())
        return [
            *([f"{lost} answers are not in the log"] if lost else []),
            *([f"{others} answers in the log are not the reference's"] if others else []),
        ]
