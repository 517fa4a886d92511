"""A plan measured by a sample of real calls, through the command line."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rupairs.llm.log import ReplayLog
from rupairs.llm.sample import Sample, figures
from tests.llm.test_client import section
from tests.llm_server import ScriptedServer
from tests.tiny import write_recipe

PRICES = ("--set", "llm.price_prompt=2", "--set", "llm.price_completion=10")


def rupairs(*arguments: object) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "rupairs.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout, done.stderr


def generating(out: str) -> dict[str, Any]:
    return {row["step"]: row for row in json.loads(out)}["ruhnp.generate"]


def test_a_plan_by_a_sample_of_calls(llm_server: ScriptedServer, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, llm_server.url, Path("embedded"))
    run = tmp_path / "run"
    measured = ("plan", recipe, "--measure", "6", "--out", run)
    code, out, err = rupairs(*measured)
    assert code == 0, err
    assert f"first rupairs run {recipe} --out {run} --until ruhnp.anchors" in out
    assert not llm_server.requests

    code, _, err = rupairs("run", recipe, "--out", run, "--until", "ruhnp.anchors")
    assert code == 0, err
    code, out, err = rupairs(*measured, *PRICES, "--json")
    assert code == 0, err
    row = generating(out)
    assert (row["sampled"], row["failed"], len(llm_server.requests)) == (6, 0, 6)
    assert (row["prompt_tokens_per_call"], row["completion_tokens_per_call"]) == (7, 5)
    assert row["tokens_per_second"] > 0 and row["hours"] > 0
    assert row["money"] == pytest.approx(row["calls"] * (7 * 2 + 5 * 10) / 1e6)
    assert not (run / "ruhnp" / "generate").exists()

    code, out, err = rupairs(*measured)
    assert code == 0, err
    assert "ruhnp.generate: 6 calls, 0 failed, 7 + 5 tokens a call" in out
    assert "give price_prompt" in out and "hours: 0.0" in out
    assert len(llm_server.requests) == 12, "a second sample asks on"
    code, _, err = rupairs("run", recipe, "--out", run, "--until", "ruhnp.generate")
    assert code == 0, err
    asked = [r["prompt"] + str(r["seed"]) for r in llm_server.requests]
    assert len(set(asked)) == len(asked), "what was sampled is not paid for again"
    with ReplayLog(run / "llm.sqlite") as log:
        assert len(log) == len(asked)


def test_the_run_to_measure_in_must_be_named(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path, "http://127.0.0.1:9/v1", Path("embedded"))
    code, _, err = rupairs("plan", recipe, "--measure", "3")
    assert code == 2 and "--measure needs --out RUN" in err


def test_money_follows_from_prices() -> None:
    sample = Sample(calls=4, failed=2, prompt_tokens=200, completion_tokens=40, speed=10.0)
    found = figures(sample, 1_000_000, section(price_completion=3.0))
    assert found["prompt_tokens"] == 100_000_000 and found["money"] == pytest.approx(60.0)
    assert found["hours"] == pytest.approx(20_000_000 / 10 / 3600)
    assert figures(sample, 1, section())["money"] is None
    assert figures(replace(sample, speed=0.0), 1, section())["hours"] is None
    assert figures(Sample(3, 3, 0, 0, 0.0), 1, section()) == {"sampled": 3, "failed": 3}


def test_a_sample_that_fails_or_was_in_the_log_says_so(
    llm_server: ScriptedServer, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path, llm_server.url, Path("embedded"))
    run = tmp_path / "run"
    assert rupairs("run", recipe, "--out", run, "--until", "ruhnp.anchors")[0] == 0
    measured = ("plan", recipe, "--measure", "6", "--out", run)
    llm_server.faults = [400] * 100
    code, out, err = rupairs(*measured)
    assert code == 0, err
    assert "6 calls, 6 failed (BadRequestError 6): nothing could be measured" in out

    llm_server.faults = []
    assert rupairs("run", recipe, "--out", run, "--until", "ruhnp.generate")[0] == 0
    code, out, err = rupairs(*measured)
    assert code == 0, err
    assert "all of them were in the log, so the hours are not known" in out
    assert "hours: 0" not in out
