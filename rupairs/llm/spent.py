"""What a batch of calls came to, and how fast it goes at the moment."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field

# Speed is that of so many last seconds: a pause an hour ago says nothing about when it will end.
_WINDOW_S = 60.0


@dataclass
class Spent:
    """Calls by how they ended, and the tokens of those that were sent."""

    replayed: int = 0
    sent: int = 0
    retries: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        """Return both together."""
        return Spent(
            self.replayed + other.replayed,
            self.sent + other.sent,
            self.retries + other.retries,
            self.failed + other.failed,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.seconds + other.seconds,
        )


class Pace:
    """Tokens a second over the last minute."""

    def __init__(self) -> None:
        self._seen = deque([(time.monotonic(), 0)])

    def speed(self, tokens: int) -> float:
        """Return the speed, `tokens` being the total so far."""
        now = time.monotonic()
        if now - self._seen[-1][0] >= 1.0:
            self._seen.append((now, tokens))
            while now - self._seen[0][0] > _WINDOW_S:
                self._seen.popleft()
        then, before = self._seen[0]
        return (tokens - before) / max(now - then, 1e-6)


def shown(spent: Spent, speed: float) -> str:
    """Return what is worth seeing while calls are made: speed, and failures by reason."""
    failed = ", ".join(f"{reason} {n}" for reason, n in spent.failed.most_common())
    return f"{speed:.0f} tok/s" + (f", failed: {failed}" if failed else "")
