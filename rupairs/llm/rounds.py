"""Rounds: what a death of a server of our own left unanswered is asked again.

1. A round sends every request the replay log lacks; the client tries each a few times.
2. A server that dies takes longer to come back than the client waits, and one that hangs answers
   nothing: the round ends early.
3. If the server has started anew since the round began, that was why, and the next round asks for
   what is missing. Otherwise the failures are the requests' own and stand.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from rupairs.errors import RupairsError
from rupairs.llm.budget import BudgetSpentError
from rupairs.llm.client import Client
from rupairs.llm.request import Request
from rupairs.llm.spent import Spent
from rupairs.progress import Progress


class Steady(Protocol):
    """A server that is started again when it dies."""

    def steady(self) -> int:
        """Wait until it answers; return how often it has started."""


def answer_in_rounds(
    make_client: Callable[[], Client],
    server: Steady,
    requests: Callable[[], Iterable[Request]],
    progress: Progress,
    label: str,
    total: int | None = None,
) -> Spent:
    """Send every request the log lacks, through restarts; afterwards each is in it or a failure.

    Raises what `Client.answer` raises, and what `steady` raises when the server is given up.
    """
    before = Spent()
    while True:
        starts = server.steady()
        client = make_client()
        try:
            client.answer(requests(), progress, label, total)
        except BudgetSpentError:
            raise
        except RupairsError:
            if server.steady() == starts:
                raise
        else:
            if not client.spent.failed or server.steady() == starts:
                return _together(before, client.spent)
        before += replace(client.spent, failed=Counter())


def _together(before: Spent, last: Spent) -> Spent:
    """Return all rounds as one: what an earlier one sent, the last one found in the log."""
    return replace(before + last, replayed=last.replayed - before.sent)
