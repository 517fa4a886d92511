"""The budget: a hard limit on the calls, tokens, money and hours of one run."""

import time
from dataclasses import dataclass, field

from rupairs.errors import RupairsError


class BudgetSpentError(RupairsError):
    """The limit was reached; everything finished so far is in the replay log."""


@dataclass
class Clock:
    """When a run began to ask: one for all that a process asks in it."""

    started: float | None = None

    def start(self) -> float:
        """Return when it was first started: now, if it was not."""
        if self.started is None:
            self.started = time.monotonic()
        return self.started

    def hours(self) -> float:
        """Return the hours since it was started, which it is by now."""
        return (time.monotonic() - self.start()) / 3600


@dataclass
class Budget:
    """Limits, and what has been spent of them; None is no limit.

    Calls, tokens and money are those of the whole replay log, hours those of this process since its
    first question. `prices` are for a token of a prompt and of an answer.
    """

    max_calls: int | None = None
    max_tokens: int | None = None
    max_hours: float | None = None
    max_money: float | None = None
    prices: tuple[float, float] = (0.0, 0.0)
    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    clock: Clock = field(default_factory=Clock)

    def reserve(self) -> None:
        """Count one call about to be sent; `BudgetSpentError` if a limit is reached."""
        self.require_time()
        for name, limit, spent in (
            ("calls", self.max_calls, self.calls),
            ("tokens", self.max_tokens, self.tokens),
            ("money", self.max_money, self.money),
        ):
            _require(name, limit, spent)
        self.calls += 1

    def require_time(self) -> None:
        """Raise `BudgetSpentError` if no hours are left."""
        if self.max_hours is not None:
            _require("hours", self.max_hours, self.clock.hours())

    def settle(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count the tokens of an answer, and what they cost."""
        self.tokens += prompt_tokens + completion_tokens
        self.money += prompt_tokens * self.prices[0] + completion_tokens * self.prices[1]


def _require(name: str, limit: float | None, spent: float) -> None:
    if limit is not None and spent >= limit:
        raise BudgetSpentError(
            f"the budget of {limit} {name} is spent; finished calls are kept: "
            f"raise it in [llm] and run again to go on"
        )
