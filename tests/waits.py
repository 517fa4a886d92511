"""Waits between attempts, passed over: a test of what is tried again takes no longer for it."""

import sys
import time

import pytest

_TRYING = ("huggingface_hub.", "harvest.")


def pass_over(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pass over waits of the fetching code and of the Hub's library; returns their seconds.

    Whoever else sleeps in this process does sleep: a server of other tests, looked after by a
    thread, is not asked without a pause.
    """
    seconds: list[float] = []
    sleep = time.sleep

    def passed_over(wait: float) -> None:
        if str(sys._getframe(1).f_globals["__name__"]).startswith(_TRYING):
            seconds.append(wait)
        else:
            sleep(wait)

    monkeypatch.setattr(time, "sleep", passed_over)
    return seconds
