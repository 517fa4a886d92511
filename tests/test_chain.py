"""The whole chain through the command line: whole, killed, repeated, with faults."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_cards.readme import read_readme
from rupairs.manifest import read_manifest
from rupairs.runs import open_recipe
from rupairs.steps import Step, chain, load_stages
from rupairs.store import read_table
from tests.data_cards.cards import english_left, numbers
from tests.llm_server import ScriptedServer
from tests.tiny import write_recipe

DATA = (
    *("*.parquet", "*.safetensors", "tasks/*.json", "export.json", "scores.json"),
    *("README*.md", "croissant.json"),
)


def rupairs(*arguments: object, **popen: Any) -> "subprocess.Popen[str]":
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "rupairs.cli", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **popen,
    )


def run(*arguments: object) -> tuple[int, str, str]:
    process = rupairs(*arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for pattern in DATA
        for path in folder.rglob(pattern)
    }


@pytest.fixture(scope="module")
def encoder(tiny_encoder: Path) -> Path:
    return tiny_encoder


@pytest.fixture(scope="module")
def whole(finished_run: Path) -> Path:
    """A run that nothing interrupted; its folder is only read."""
    return finished_run


def steps(run: Path) -> list[Step]:
    """Return the steps that the recipe asked for."""
    recipe = open_recipe(str(run.parent / "tiny.toml"), [])
    return chain(recipe, load_stages())


def test_every_stage_adds_up(whole: Path) -> None:
    assert {step.stage for step in steps(whole)} == set(load_stages())
    for step in steps(whole):
        manifest = read_manifest(step.path(whole))
        counts = manifest.counts
        assert counts.rows_in == counts.rows_out + counts.rows_dropped
        assert sum(counts.dropped_by_reason.values()) == counts.rows_dropped
        if counts.rows_in:
            dropped = read_table(step.path(whole) / "dropped.parquet")
            assert dropped.num_rows == counts.rows_dropped
        assert (step.path(whole) / "report.md").is_file()


def simulated(folder: Path) -> set[str]:
    return {step.name for step in steps(folder) if read_manifest(step.path(folder)).simulated}


def test_simulated_votes_are_marked_wherever_they_go(whole: Path) -> None:
    assert simulated(whole) == {
        "annotation.simulated",
        "annotation.pull",
        "annotation.quality",
        "annotation.decisions",
        "annotation.queue",
        "annotation.report",
        "ruwanli.release",
        "training.encoder",
        "training.evaluation",
        "data_cards.ruwanli",
        "data_cards.encoder",
    }
    for name in ("ruwanli", "encoder"):
        assert "Simulated reviewers" in (whole / "release" / name / "README.md").read_text()
    assert "Simulated reviewers" not in (whole / "release/ruhnp/README.md").read_text()


@pytest.mark.parametrize("name", ["ruhnp", "ruwanli", "encoder"])
def test_the_card_in_russian_says_the_same(whole: Path, name: str) -> None:
    folder = whole / "release" / name
    english = read_readme((folder / "README.md").read_text("utf-8"), name).made
    russian = (folder / "README.ru.md").read_text("utf-8")
    assert numbers(russian) == numbers(english)
    assert english_left(russian) == []


def test_no_machine_path_in_what_is_released(whole: Path, encoder: Path) -> None:
    for path in (whole / "release").rglob("*"):
        if path.suffix in (".md", ".json") and path.name != "tokenizer.json":
            text = path.read_text(encoding="utf-8")
            assert str(whole.parent) not in text, path
            assert str(encoder) not in text, path


def test_releases_open_with_the_published_columns_and_splits(whole: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    ruhnp = load_dataset(str(whole / "release/ruhnp"), cache_dir=str(tmp_path))
    assert set(ruhnp) == {"train", "validation", "test"}
    assert all(split.column_names == ["query", "pos", "neg"] for split in ruhnp.values())
    assert (len(ruhnp["validation"]), len(ruhnp["test"])) == (2, 3)
    ruwanli = load_dataset(str(whole / "release/ruwanli"), cache_dir=str(tmp_path))
    assert ruwanli["train"].column_names == ["premise", "hypothesis", "label"]
    assert set(ruwanli["train"]["label"]) <= {"entailment", "neutral", "contradiction"}


def test_siblings_never_straddle_splits(whole: Path) -> None:
    for stage in ("ruhnp", "ruwanli"):
        rows = read_table(whole / stage / "release" / "part-00000.parquet").to_pylist()
        splits: dict[str, set[str]] = {}
        for row in rows:
            splits.setdefault(row["group_id"], set()).add(row["split"])
        assert rows and all(len(found) == 1 for found in splits.values())


def test_the_encoder_opens(whole: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(whole / "release/encoder"))
    assert model.prompts["query"] == "query: " and model.default_prompt_name == "query"
    assert model.encode("Кот спит.").shape == (16,)


def test_a_second_run_keeps_everything_and_says_so(whole: Path) -> None:
    recipe = whole.parent / "tiny.toml"
    before = contents(whole)
    started = time.monotonic()
    code, out, _ = run("run", recipe, "--out", whole, "--json")
    assert code == 0
    assert {row["state"] for row in json.loads(out)} == {"kept"}
    assert time.monotonic() - started < 10
    assert contents(whole) == before


def test_same_seed_and_answers_give_the_same_bytes(
    whole: Path, encoder: Path, tmp_path: Path
) -> None:
    """The server is dead, so that every answer comes from the copied replay log."""
    (tmp_path / "run").mkdir()
    with (
        sqlite3.connect(whole / "llm.sqlite") as source,
        sqlite3.connect(tmp_path / "run/llm.sqlite") as copy,
    ):
        source.backup(copy)
    recipe = write_recipe(tmp_path, "http://127.0.0.1:9/v1", encoder)
    code, _, err = run("run", recipe, "--out", tmp_path / "run")
    assert code == 0, err
    assert contents(tmp_path / "run") == contents(whole)


def test_killed_anywhere_it_ends_the_same_and_pays_for_nothing_twice(
    whole: Path, encoder: Path, tmp_path: Path
) -> None:
    """Kill -9 in the middle of generation, of training, and at random; then compare."""
    rng = random.Random(5)
    out = tmp_path / "run"
    paid: set[str] = set()
    kills = 0
    with ScriptedServer(delay_s=0.02) as server:
        recipe = write_recipe(tmp_path, server.url, encoder)

        def generating() -> bool:
            return len(server.requests) > 30

        def training() -> bool:
            return any((out / ".work/training.encoder").glob("*/checkpoint-*"))

        moments = [generating, training, *(after(rng.uniform(0.5, 7)) for _ in range(8))]
        for moment in [*moments, lambda: False]:
            seen = len(server.requests)
            process = rupairs("run", recipe, "--out", out)
            kills += killed_at(process, moment)
            sent = {json.dumps(r, sort_keys=True) for r in server.requests[seen:]}
            assert not sent & paid, "a finished call was made again"
            paid = logged(out / "llm.sqlite")
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL
    assert process.returncode == 0 and kills >= 2
    assert contents(out) == contents(whole)


def after(seconds: float) -> Callable[[], bool]:
    """Return a condition that holds from `seconds` after it was first asked."""
    started: list[float] = []

    def elapsed() -> bool:
        started.append(time.monotonic())
        return started[-1] - started[0] > seconds

    return elapsed


def killed_at(process: "subprocess.Popen[str]", moment: Callable[[], bool]) -> bool:
    """Kill -9 when `moment` comes, unless the process ends before; return whether it was killed."""
    while process.poll() is None and not moment():
        time.sleep(0.01)
    killed = process.poll() is None
    process.kill()
    process.communicate()
    return killed and process.returncode == -signal.SIGKILL


def logged(path: Path) -> set[str]:
    """Return the bodies of all calls whose answer is in the log, as the server would see them."""
    if not path.exists():
        return set()
    with sqlite3.connect(path) as db:
        try:
            requests = [json.loads(r) for (r,) in db.execute("SELECT request FROM answers")]
        except sqlite3.OperationalError:
            return set()
    bodies = ({"model": r["model"], "prompt": r["prompt"], **r["parameters"]} for r in requests)
    return {json.dumps(body, sort_keys=True) for body in bodies}


def test_a_dead_server_leaves_nothing_half_done(encoder: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, "http://127.0.0.1:9/v1", encoder)
    code, _, err = run("run", recipe, "--out", tmp_path / "run", "--set", "llm.patience_s=1")
    assert code == 1
    assert err.strip().splitlines()[-1].startswith("error: http://127.0.0.1:9/v1: no answer")
    assert not (tmp_path / "run/ruhnp/generate").exists()
    assert not (tmp_path / "run/ruhnp/.generate.partial").exists()


def test_rows_that_fail_for_good_end_in_exit_code_3_and_redo_asks_only_for_them(
    encoder: Path, tmp_path: Path
) -> None:
    with ScriptedServer() as server:
        server.faults = [400, 400]
        recipe = write_recipe(tmp_path, server.url, encoder)
        arguments = ("run", recipe, "--out", tmp_path / "run", "--until", "ruhnp.generate")
        code, _, err = run(*arguments)
        assert code == 3, err
        manifest = read_manifest(tmp_path / "run/ruhnp/generate")
        assert manifest.counts.dropped_by_reason["call_failed:BadRequestError"] == 2
        before = len(server.requests)
        assert run(*arguments)[0] == 3
        assert len(server.requests) == before, "a finished step is left alone"
        assert run(*arguments, "--retry-failed")[0] == 0
        assert len(server.requests) == before + 2


def test_a_changed_setting_remakes_what_hangs_on_it_and_nothing_else(
    whole: Path, encoder: Path, tmp_path: Path
) -> None:
    with ScriptedServer() as server:
        recipe = write_recipe(tmp_path, server.url, encoder)
        arguments = ("run", recipe, "--out", tmp_path / "run", "--until", "ruhnp.release", "--json")
        assert run(*arguments)[0] == 0
        calls = len(server.requests)
        changed = (*arguments, "--set", "ruhnp.verify.max_length_ratio=0.5")
        states = {row["step"]: row["state"] for row in json.loads(run(*changed)[1])}
        assert states == {
            "harvest.texts": "kept",
            "ruhnp.anchors": "kept",
            "ruhnp.generate": "kept",
            "ruhnp.verify": "made",
            "ruhnp.release": "made",
        } | {step: "kept" for step in ("harvest.rows", "harvest.pairs") if step in states}
        assert len(server.requests) == calls


@pytest.mark.parametrize(
    ("damage", "code", "message"),
    [
        ("missing folder", 2, "absent: no such folder"),
        ("empty file", 1, "lenta-ru-news.csv"),
        ("truncated stage", 1, "part-00000.parquet"),
    ],
)
def test_bad_input_is_one_clear_line(
    tmp_path: Path, encoder: Path, damage: str, code: int, message: str
) -> None:
    native = tmp_path / "native"
    (native / "lenta").mkdir(parents=True)
    csv = native / "lenta" / "lenta-ru-news.csv"
    csv.write_text("url,title,text,topic,tags\r\nu,Заголовок дня,Текст новости дня.,t,t\r\n")
    recipe = write_recipe(tmp_path, "http://127.0.0.1:9/v1", encoder)
    where = ("--out", tmp_path / "run")
    only = ("--set", 'harvest.rows.sources=["lenta"]', "--set", f'harvest.from_dir="{native}"')
    arguments = ("harvest", "run", "lenta", "--from-dir", native, *where)
    if damage == "missing folder":
        arguments = ("harvest", "run", "lenta", "--from-dir", tmp_path / "absent", *where)
    elif damage == "empty file":
        csv.write_text("")
    else:
        assert run(*arguments)[0] == 0
        part = tmp_path / "run/harvest/pairs/part-00000.parquet"
        part.write_bytes(part.read_bytes()[:-30])
        arguments = ("train", "run", "--recipe", recipe, *where, *only)
    found, _, err = run(*arguments)
    last = err.strip().splitlines()[-1]
    assert found == code, err
    assert last.startswith("error: ") and message in last
    assert "Traceback" not in err


def test_two_processes_do_not_share_a_run(whole: Path, tmp_path: Path, encoder: Path) -> None:
    with ScriptedServer(delay_s=0.2) as server:
        recipe = write_recipe(tmp_path, server.url, encoder)
        first = rupairs("run", recipe, "--out", tmp_path / "run", "--until", "ruhnp.generate")
        while not server.requests and first.poll() is None:
            time.sleep(0.05)
        code, _, err = run("run", recipe, "--out", tmp_path / "run")
        first.kill()
        first.communicate()
    assert code == 1 and f"process {first.pid} is working here" in err


def test_status_and_doctor_and_plan(whole: Path) -> None:
    code, out, _ = run("status", whole, "--json")
    assert code == 0
    rows = json.loads(out)
    assert {row["state"] for row in rows} == {"done"}
    assert {row["step"] for row in rows if row["votes"]} == simulated(whole)
    code, out, _ = run("doctor", "--json")
    assert code == 0
    assert "Gemma Terms of Use" in out and "MIT" in out
    code, out, _ = run("plan", "full", "--tokens-per-second", "5000", "--json")
    assert code == 0
    rows = {row["step"]: row for row in json.loads(out)}
    assert rows["ruhnp.generate"]["calls"] == 220_000
    assert rows["ruwanli.generate"]["calls"] == 75_000
    assert rows["ruhnp.generate"]["hours"] > 0
    code, _, err = run("status", whole / "absent")
    assert code == 2 and "not a run directory" in err
