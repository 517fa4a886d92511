"""Faults that come while a run lives: kills, full disks, servers that fail."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.faults_run import Point, Run
from benchmarks.faults_server import SPOILS

LIVE = KILL, DISK, SERVER = "kill -9", "full disk", "server faults"
_BURSTS = (1, 3, 10, 30, 100)


def kill(run: Run) -> Point:
    """Kill all processes of a life after a random share of one of the next steps."""
    # The near ones, so that a run takes several faults; '' is the start.
    step = run.rng.choice(["", *(step.name for step in run.ahead()[:4])])
    share = run.rng.random()
    point = Point(run.number, KILL, f"killed {share:.0%} into {step or 'the start'}")
    life = run.begin()
    if life.wait_for(step):
        time.sleep(share * run.reference.took[step])
    ended = life.kill()
    point.take(ended)
    point.met = ended.code == -signal.SIGKILL
    if not point.met and ended.code:
        point.failures.append(f"ended by itself with {ended.code}: {ended.shown}")
    run.settle(point)
    return point


def full_disk(run: Run) -> Point:
    """Let a life have less of the disk than it needs."""
    if not run.has_disk:
        return Point(run.number, DISK, "no small file system can be mounted here", met=False)
    here = sum(path.stat().st_size for path in run.out.rglob("*") if path.is_file())
    free = int(max(run.reference.bytes - here, 100_000) * run.rng.random() ** 2)
    point = Point(run.number, DISK, f"{free / 1e6:.2f} MB free")
    with _filled(run.disk, free):
        ended = run.live(point)
    point.take(ended)
    point.met = ended.code not in (0, 3)
    said = any(words in ended.last.lower() for words in ("no space left", "the disk is full"))
    point.clear_error = said and not ended.disorder()
    if point.met and not point.clear_error and not point.failures:
        point.failures.append(f"does not say that the disk is full: {ended.last}")
    return point


@contextmanager
def _filled(disk: Path, free: int) -> Iterator[None]:
    """Fill a disk up to so many bytes."""
    filler = disk / "filler"
    room = os.statvfs(disk)
    with filler.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, room.f_bavail * room.f_frsize - free)
    try:
        yield
    finally:
        filler.unlink()


def bad_server(run: Run) -> Point:
    """Have the server fail for a while; what failed for good is asked again afterwards."""
    reference, rng = run.reference, run.rng
    ahead = {step.name for step in run.ahead()}
    asking = [name for n in reference.asking if (name := reference.steps[n].name) in ahead]
    if not asking:
        return Point(run.number, SERVER, "nothing is left to be asked", met=False)
    until = rng.choice(asking)
    faults = rng.choices(rng.sample(SPOILS, rng.randint(1, 3)), k=rng.choice(_BURSTS))
    calm = rng.randrange(40)
    kinds = ", ".join(sorted(set(faults)))
    point = Point(run.number, SERVER, f"{len(faults)} calls after {calm} good ones: {kinds}")
    run.server.spoil(calm, faults)
    ended = run.live(point, "--until", until)
    point.met = any(call.fault for call in run.latest)
    point.take(ended)
    run.server.clear()
    if ended.code == 1 and not point.failures:
        point.clear_error = run.server.url in ended.last
        if not point.clear_error:
            point.failures.append(f"does not name the server: {ended.last}")
    if ended.code:
        mended = run.live(point, "--until", until, "--retry-failed")
        point.mended.append("run again with --retry-failed")
        if mended.code:
            point.failures.append(f"run again, it ended with {mended.code}: {mended.shown}")
    return point
