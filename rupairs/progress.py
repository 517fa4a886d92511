"""Progress a person can follow: bars in a terminal, a line now and then in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

_LINE_EVERY_S = 15.0

Advance = Callable[[int, str], None]
"""Called with how many units were done and a short note (may be empty)."""


class Progress:
    """Says what is being done on stderr, so that stdout stays for results."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)

    def say(self, message: str) -> None:
        """Print one line."""
        self.console.print(message, markup=False, soft_wrap=True)

    @contextmanager
    def bar(self, label: str, total: int | None) -> Iterator[Advance]:
        """Yield a function that advances a bar of `total` units; None if that is not known."""
        if self.console.is_terminal:
            with self._terminal_bar(label, total) as advance:
                yield advance
        else:
            yield self._log_lines(label, total)

    @contextmanager
    def _terminal_bar(self, label: str, total: int | None) -> Iterator[Advance]:
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Bars(*columns, console=self.console, transient=True) as bars:
            task = bars.add_task(label, total=total, note="")

            def advance(units: int, note: str) -> None:
                bars.update(task, advance=units, note=note)

            yield advance

    def _log_lines(self, label: str, total: int | None) -> Advance:
        done = said = 0
        last = time.monotonic()

        def advance(units: int, note: str) -> None:
            nonlocal done, said, last
            done += units
            now = time.monotonic()
            if now - last >= _LINE_EVERY_S:
                # What a resumed run found done at its start says nothing about what is left.
                more = done - said
                left = (total - done) * (now - last) / more if total and more else 0.0
                said, last = done, now
                of = f"/{total}" if total else ""
                eta = f", {timedelta(seconds=round(left))} left" if left > 0 else ""
                self.say(f"  {label}: {done}{of}{eta} {note}".rstrip())

        return advance
