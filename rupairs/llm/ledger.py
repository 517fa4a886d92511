"""The ledger: what a step still has to ask, and what asking has cost.

1. A request whose key is in the log, is under way, or has just failed is not asked.
2. The budget is asked before a request goes out, and told what its answer took.
3. An answer is in the log before anyone sees it; a failure is there with its reason.
4. Requests are taken one by one as they can be sent, and forgotten when they are settled: memory
   does not grow with their number.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager

from rupairs.llm.budget import Budget, Clock
from rupairs.llm.log import ReplayLog
from rupairs.llm.reply import Enforcement
from rupairs.llm.request import Answer, Request
from rupairs.llm.spent import Pace, Spent, shown
from rupairs.progress import Progress
from rupairs.recipe import LLMSection

_BREATH = 1_000

Todo = Iterator[Request | None]
"""Requests to be sent, and None now and then where there are none for long."""


class Ledger:
    """One log, one budget, and the tally of what is being answered now."""

    def __init__(self, section: LLMSection, log: ReplayLog, clock: Clock | None = None) -> None:
        self.log = log
        prompt, completion = log.tokens_by_side() if _counts_tokens(section) else (0, 0)
        self.budget = Budget(
            section.max_calls,
            section.max_tokens_total,
            section.max_hours,
            section.max_money,
            prices=((section.price_prompt or 0) / 1e6, (section.price_completion or 0) / 1e6),
            calls=len(log) if section.max_calls else 0,
            clock=clock or Clock(),
        )
        self.budget.settle(prompt, completion)
        self._pace = Pace()
        self.spent = Spent()
        self._enforcement = Enforcement(section.schema_required)
        self._under_way: set[str] = set()
        self._done: Callable[[int], None] = lambda units: None

    @contextmanager
    def opened(
        self,
        requests: Iterable[Request],
        progress: Progress,
        label: str,
        total: int | None = None,
    ) -> Iterator[Todo]:
        """Yield the requests that the log lacks, each once, and show how it goes meanwhile.

        `total` is how many requests there are, for the time that is left; unknown if None and they
        have no length.
        """
        if total is None and isinstance(requests, Sized):
            total = len(requests)
        self.spent = spent = Spent()
        self.start_clock()
        self.log.forget_failed()
        with progress.bar(label, total) as advance:

            def done(units: int) -> None:
                advance(units, shown(spent, self._pace.speed(spent.completion_tokens)))

            self._done = done
            try:
                yield self._lacking(requests)
            finally:
                self._under_way.clear()
                spent.seconds = time.monotonic() - self._started

    def start_clock(self) -> None:
        """Begin to count the seconds anew: what came before was no asking."""
        self._started = time.monotonic()
        self._pace = Pace()

    def _lacking(self, requests: Iterable[Request]) -> Todo:
        passed = 0
        for request in requests:
            key = request.key
            if key in self._under_way or self.log.has(key) or self.log.has_just_failed(key):
                self.spent.replayed += 1
                passed += 1
                if passed == _BREATH:
                    self._done(passed)
                    passed = 0
                    yield None
                continue
            self._under_way.add(key)
            yield request
        if passed:
            self._done(passed)

    def answered(self, request: Request, answer: Answer, source: str) -> None:
        """Store an answer of `source`; RupairsError if that holds its answers to no schema."""
        self.log.put(request, answer)
        self.budget.settle(answer.prompt_tokens, answer.completion_tokens)
        self.spent.sent += 1
        self.spent.prompt_tokens += answer.prompt_tokens
        self.spent.completion_tokens += answer.completion_tokens
        self._settled(request)
        self._enforcement.see(request, answer, source)

    def failed(self, request: Request, reason: str, detail: str) -> None:
        """Store that a request failed for good in this run."""
        self.log.fail(request, reason, detail)
        self.spent.failed[reason] += 1
        self._settled(request)

    def _settled(self, request: Request) -> None:
        self._under_way.discard(request.key)
        self._done(1)


def _counts_tokens(section: LLMSection) -> bool:
    return section.max_tokens_total is not None or section.max_money is not None
