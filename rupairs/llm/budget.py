"""The budget: a hard limit on calls, tokens and hours of one run."""

import time
from dataclasses import dataclass, field

from rupairs.errors import RupairsError


class BudgetSpentError(RupairsError):
    """The limit was reached; everything finished so far is in the replay log."""


@dataclass
class Budget:
    """Limits, and what has been spent of them; None is no limit.

    Calls and tokens are those of the whole replay log, hours those of this process.
    """

    max_calls: int | None = None
    max_tokens: int | None = None
    max_hours: float | None = None
    calls: int = 0
    tokens: int = 0
    started: float = field(default_factory=time.monotonic)

    def reserve(self) -> None:
        """Count one call about to be sent; `BudgetSpentError` if a limit is reached."""
        hours = (time.monotonic() - self.started) / 3600
        for name, limit, spent in (
            ("calls", self.max_calls, float(self.calls)),
            ("tokens", self.max_tokens, float(self.tokens)),
            ("hours", self.max_hours, hours),
        ):
            if limit is not None and spent >= limit:
                raise BudgetSpentError(
                    f"the budget of {limit} {name} is spent; finished calls are kept: "
                    f"raise it in [llm] and run again to go on"
                )
        self.calls += 1

    def settle(self, tokens: int) -> None:
        """Count the tokens of an answer."""
        self.tokens += tokens
