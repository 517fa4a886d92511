"""Kill -9 at 20 seeded random moments of generate → verify → release, and the run goes on."""

import json
import multiprocessing
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from rich.console import Console

from ruhnp.stage import STAGE, RuhnpSection
from rupairs.execution import locked, run_step
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection, LLMSection, Recipe, RunSection
from tests.llm_server import ScriptedServer
from tests.ruhnp.finished import texts_of

KILLS = 20
STEPS = ("ruhnp.anchors", "ruhnp.generate", "ruhnp.verify", "ruhnp.release")
SENTENCES = tuple(
    f"В {1900 + n} году {who} {did} у берега большого озера новую {what}."
    for n, (who, did, what) in enumerate(
        [
            ("старый рыбак", "построил", "лодку"),
            ("молодой лесник", "открыл", "школу"),
            ("приезжий врач", "купил", "пасеку"),
            ("сельский учитель", "нашёл", "пещеру"),
            ("отставной матрос", "поставил", "мельницу"),
            ("опытный садовник", "разбил", "аллею"),
        ]
    )
)
# What the scripted server says is no paraphrase and no verdict: every text may pass.
VERIFY = {
    "checks": ("length", "copy"),
    "min_length_ratio": 0.1,
    "min_positive_similarity": -1.0,
    "min_negative_similarity": -1.0,
    "judge": {"kind": "llm"},
}
RELEASE = {"min_positives": 1, "min_negatives": 1, "validation": 1, "test": 2}
GENERATE = {"positives": 3, "negatives": 3, "rules": True, "top_up_rounds": 1}


def recipe(url: str, encoder: Path) -> Recipe:
    llm = {"urls": [url], "model": "scripted", "license": "CC0-1.0", "kind": "base"}
    stage = {"generate": GENERATE, "verify": VERIFY, "release": RELEASE}
    sections = {
        "run": RunSection(seed=5),
        "encoder": EncoderSection(model=str(encoder), max_length=64, license="MIT"),
        "llm": LLMSection.model_validate(llm | {"concurrency": 2}),
        "ruhnp": RuhnpSection.model_validate(stage),
    }
    return Recipe(Path("own.toml"), sections)


def chain(run: Path, url: str, encoder: Path) -> None:
    """Run the steps of the stage as the command line does, in a process of its own."""
    import torch

    torch.set_num_threads(1)
    steps = {step.name: step for step in STAGE.steps}
    with locked(run):
        for name in STEPS:
            quiet = Progress(Console(quiet=True))
            run_step(steps[name], run, recipe(url, encoder), set(STEPS), quiet)


def start(run: Path, url: str, encoder: Path) -> BaseProcess:
    process = FRESH.Process(target=chain, args=(run, url, encoder))
    process.start()
    return process


# Forked from a server that has imported what takes seconds, and has computed nothing.
FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(["sentence_transformers", "openai", "rupairs.llm.client", __name__])


def released(run: Path) -> dict[str, bytes]:
    folder = run / "ruhnp"
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.parquet")}
    return found | {"release/notes.md": (folder / "release/notes.md").read_bytes()}


def paid(run: Path) -> set[str]:
    """Return the bodies of all calls whose answer is in the log, as the server saw them."""
    path = run / "llm.sqlite"
    if not path.exists():
        return set()
    with sqlite3.connect(path) as db:
        try:
            rows = db.execute("SELECT request FROM answers").fetchall()
        except sqlite3.OperationalError:  # killed before there was a table
            return set()
    found = (json.loads(request) for (request,) in rows)
    bodies = ({"model": r["model"], "prompt": r["prompt"], **r["parameters"]} for r in found)
    return {json.dumps(body, sort_keys=True) for body in bodies}


def after_calls(server: ScriptedServer, calls: int) -> Callable[[], bool]:
    """Return a condition that holds once so many more calls have arrived."""
    limit = len(server.requests) + calls
    return lambda: len(server.requests) > limit


def after_generation(run: Path, delay: float) -> Callable[[], bool]:
    """Return a condition that holds so many seconds after generation was seen to be finished."""
    since: list[float] = []

    def later() -> bool:
        if (run / "ruhnp/generate/manifest.json").exists():
            since.append(time.monotonic())
        return bool(since) and since[-1] - since[0] > delay

    return later


def killed(process: BaseProcess, moment: Callable[[], bool]) -> bool:
    """Kill -9 when the moment comes, unless the process ends before; return whether it was."""
    while process.is_alive() and not moment():
        time.sleep(0.005)
    process.kill()
    process.join()
    return process.exitcode == -9


def begun(run: Path) -> str:
    """Return the step a killed run was in."""
    for step in ("release", "verify", "generate"):
        if (run / "ruhnp" / f".{step}.partial").exists():
            return step
    return "between"


def forget(run: Path) -> None:
    """Remove everything that the steps made but the anchors, the answers too."""
    for step in STEPS[1:]:
        shutil.rmtree(run / step.replace(".", "/"))
    for path in run.glob("*.sqlite*"):
        path.unlink()


@pytest.mark.slow
def test_killed_at_20_random_moments_it_ends_the_same_and_asks_nothing_twice(
    tmp_path: Path, encoder: Path
) -> None:
    rng = random.Random(11)
    whole, run = tmp_path / "whole", tmp_path / "run"
    texts_of(whole, SENTENCES)
    warm = FRESH.Process(target=int)  # the server of processes imports what it needs once
    warm.start()
    warm.join()
    with ScriptedServer(delay_s=0.004) as server:
        first = start(whole, server.url, encoder)
        first.join()
        assert first.exitcode == 0
        calls = len(server.requests)
        assert calls == len(paid(whole)) > 100
        shutil.copytree(whole, run)
        forget(run)

        where: Counter[str] = Counter()
        while True:
            had, seen = paid(run), len(server.requests)
            moment = (
                after_generation(run, rng.uniform(0, 1.5))
                if where.total() % 2
                else after_calls(server, rng.randrange(calls // 3))
            )
            process = start(run, server.url, encoder)
            done = where.total() == KILLS
            died = killed(process, (lambda: False) if done else moment)
            sent = {json.dumps(r, sort_keys=True) for r in server.requests[seen:]}
            assert not sent & had, "an answer that the log holds was asked for again"
            if died:
                where[begun(run)] += 1
                continue
            assert process.exitcode == 0
            assert released(run) == released(whole)
            if done:
                break
            forget(run)  # it came to the end before its moment: begin a new run
    assert where["generate"] and where["verify"]
    assert not list((run / "ruhnp").glob(".*.partial"))
