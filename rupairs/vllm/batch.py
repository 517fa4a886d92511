"""Batch mode: requests are answered by a vLLM of our own that needs no server.

1. So many requests are under way at a time as `concurrency` says; each answer is in the replay log
   as soon as it is finished, and makes room for the next request.
2. A worker that dies or falls silent is started again, and what it had under way is asked again:
   one by one, so that a request that kills it is found. That one fails; the others go on together.
3. A fault of one request fails that request, and nothing is tried twice that the engine has judged.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from rupairs.errors import RupairsError
from rupairs.llm.ledger import Ledger, Todo
from rupairs.llm.reply import (
    AbortedAnswerError,
    EmptyAnswerError,
    UnreadableAnswerError,
    read_body,
    whole,
)
from rupairs.llm.request import Answer, Request
from rupairs.llm.spent import Spent
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm.environment import VllmError
from rupairs.vllm.worker import HeldWorker, Worker, WorkerGoneError

_RESTARTS = 3
_SHOWN = 300
_DEADLY = "EngineDeadError"
# Faults of the engine's, not of the request.
_PASSING = ("InternalServerError", AbortedAnswerError.__name__)


class Batch:
    """Answers requests through the ledger. `held` starts a vLLM if need be, which takes a while."""

    def __init__(
        self,
        ledger: Ledger,
        section: LLMSection,
        held: HeldWorker,
        say: Callable[[str], None] = lambda message: None,
    ) -> None:
        self._section = section
        self._ledger = ledger
        self._held = held
        self._say = say
        self._todo: Todo = iter(())
        self._under_way: dict[str, Request] = {}
        self._again: deque[Request] = deque()
        self._faults: Counter[str] = Counter()
        self._deaths: Counter[str] = Counter()
        self._stopped: Exception | None = None

    def answer(
        self,
        requests: Iterable[Request],
        progress: Progress,
        label: str,
        total: int | None = None,
    ) -> Spent:
        """Ask every request the log lacks; afterwards each is in the log or a failure.

        `total` as for `Ledger.opened`. Raises `BudgetSpentError` when a limit is reached and
        `VllmError` when vLLM does not start or is given up; what had finished stays in the log.
        """
        with self._ledger.opened(requests, progress, label, total) as todo:
            first = next((request for request in todo if request), None)
            if first:
                self._todo = chain([first], todo)
                self._through_deaths()
        if self._stopped:
            raise self._stopped
        return self._ledger.spent

    def _through_deaths(self) -> None:
        deaths, has_started = 0, False
        while True:
            answered = self._ledger.spent.sent
            try:
                with self._held.lent() as worker:
                    if not has_started:
                        self._ledger.start_clock()
                    has_started = True
                    self._converse(worker)
                return
            except VllmError as error:
                if not has_started:
                    raise
                deaths = 1 if self._ledger.spent.sent > answered else deaths + 1
                if deaths > _RESTARTS:
                    raise VllmError(f"{error}; given up after {_RESTARTS} restarts") from None
                self._suspect(error)
                self._say(f"{error}; starting it again ({deaths} of {_RESTARTS})")

    def _converse(self, worker: Worker) -> None:
        """Ask and hear until nothing is left to ask and all has been heard."""
        while True:
            self._fill(worker)
            if not self._under_way:
                return
            self._take(worker.hear(self._section.timeout_s))

    def _fill(self, worker: Worker) -> None:
        room = 1 if self._deaths else self._section.concurrency
        while len(self._under_way) < room:
            request = self._again.popleft() if self._again else self._fresh()
            if request is None:
                return
            self._under_way[request.key] = request
            worker.ask(request)

    def _fresh(self) -> Request | None:
        """Return a request that was not asked before; None if there is none, or no budget."""
        try:
            for request in () if self._stopped else self._todo:
                if request:
                    self._ledger.budget.reserve()
                    return request
        except (RupairsError, OSError) as error:
            # What is under way is paid for, and stored before this is told.
            self._stopped = error
        return None

    def _take(self, message: dict[str, Any]) -> None:
        """Settle the request that a message is about, or put it back after an engine's fault."""
        if "beat" in message:
            return
        request = self._under_way.pop(str(message.get("key")), None)
        if request is None:
            raise WorkerGoneError("vLLM answered what nobody had asked")
        outcome = _outcome(message)
        again = isinstance(outcome, tuple) and outcome[0] in _PASSING
        self._faults[request.key] += again
        if again and self._faults[request.key] < self._section.attempts:
            self._again.append(request)
            self._ledger.spent.retries += 1
            return
        del self._faults[request.key]
        self._deaths.pop(request.key, None)
        if isinstance(outcome, tuple):
            self._ledger.failed(request, outcome[0], whole(outcome[1])[:_SHOWN])
            return
        try:
            self._ledger.answered(request, outcome, self._section.model)
        except RupairsError as error:
            self._stopped = error

    def _suspect(self, error: VllmError) -> None:
        """Put back what a death left unanswered; what was alone at its second one fails."""
        left = list(self._under_way.values())
        self._under_way.clear()
        self._deaths.update(request.key for request in left)
        if len(left) == 1 and self._deaths[left[0].key] > 1:
            del self._deaths[left[0].key]
            self._ledger.failed(left[0], _DEADLY, str(error)[:_SHOWN])
        else:
            self._again.extend(left)
            self._ledger.spent.retries += len(left)


def _outcome(message: dict[str, Any]) -> Answer | tuple[str, str]:
    """Return the answer that a message holds, or the reason and the detail of a failure."""
    if fault := message.get("error"):
        return str(fault), str(message.get("detail"))
    try:
        return read_body(message.get("reply"), message.get("seconds"))
    except (EmptyAnswerError, UnreadableAnswerError, AbortedAnswerError) as error:
        return type(error).__name__, str(error)
