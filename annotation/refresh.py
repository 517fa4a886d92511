"""Reading a server's answers into the run: what changed since the last time, then the sums.

1. The first time, every answered or skipped task of the push's projects is read.
2. After that, the tasks that changed since that reading began by the server's clock, less a
   margin: a change can be stamped before another and stored after it.
   Where nothing changed, that is one request a project beside the list of projects; where
   nothing was ever answered, none.
3. A clock that was set back would hide changes: when the server's time is before that of the last
   reading, everything is read again. Deleted tasks leave no trace but the project's counts: when
   these and ours differ, everything is read again, and what is not there is marked deleted.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from itertools import count
from typing import Any

from pydantic import ValidationError

from annotation.answers import Answers
from annotation.export import Annotation
from annotation.projects import find_projects
from annotation.server import Server
from rupairs.errors import RupairsError
from rupairs.progress import Advance

_PAGE, _LOOKS = 200, 4
_MARGIN = timedelta(minutes=2)
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
_ANSWERED = ("total_annotations", "cancelled_annotations")

Row = dict[str, Any]


def refresh(server: Server, answers: Answers, mark: str, advance: Advance) -> Row:
    """Read what is new in a push's projects; return how many projects, answers and new ones.

    `unsettled` are projects whose sums did not come right, as when somebody was deleting there.
    `gone` are projects that are no longer on the server: what was read of them stands as it was.
    Raises `RupairsError` when there are no projects of this push.
    """
    projects = find_projects(server, mark)
    if not projects:
        raise RupairsError(
            f"{server.url}: no projects of this push; run: rupairs annotate push (with "
            "annotation.pull.refresh = false the answers that were read before stand)"
        )
    home, begun = f"{server.url} {mark}", _now(server)
    counts: Row = {"projects": len(projects), "answers": 0, "new": 0, "unsettled": 0}
    for project in projects:
        reading = _Reading(server, answers, project.id, _name(project))
        counts["unsettled"] += not reading.run(begun, _answers_of(project))
        answers.note(reading.name, begun, home)
        counts["new"] += reading.new
        counts["answers"] += answers.count(reading.name)
        advance(1, f"{counts['new']} new answers")
    gone = answers.known(home) - {_name(project) for project in projects}
    return counts | {"gone": {name: answers.count(name) for name in sorted(gone)}}


def _name(project: Any) -> str:
    # The same number on another server, or on one that was set up anew, is another project.
    return f"{project.id} {_text(project.created_at)}"


def _now(server: Server) -> str:
    """Return the server's time, in whole seconds."""

    def ask() -> str:
        said = server.client.users.with_raw_response.whoami()
        return parsedate_to_datetime(said.headers["date"]).astimezone(UTC).strftime(_FORMAT)

    return server.ask("ask the time", ask)


def _answers_of(project: Any) -> int:
    """Return how many answers the server says a project has."""
    answered = project.total_annotations_number or 0
    return int(answered + (project.skipped_annotations_number or 0))


class _Reading:
    """The reading of one project."""

    def __init__(self, server: Server, answers: Answers, project: int, name: str) -> None:
        self.server = server
        self.answers = answers
        self.project = project
        self.name = name
        self.new = 0

    def run(self, begun: str, before: int) -> bool:
        """Read what is new and say whether the sums are right.

        `before` is how many answers the list of projects gave, at `begun` or a little later.
        """
        if not before and not self.answers.count(self.name):
            return True
        until = self.answers.read_until(self.name)
        whole = until is None or begun < until
        for _ in range(_LOOKS):
            if whole or until is None:
                self._read_all()
            else:
                self._read(_since(until))
            ours = self.answers.count(self.name)
            if ours == before:
                return True
            # People go on answering meanwhile, so ours is right if it lies between the two.
            after = self._count()
            if before <= ours <= after:
                return True
            whole, before = True, after
        return False

    def _count(self) -> int:
        get = partial(self.server.client.projects.get, id=self.project)
        return _answers_of(self.server.ask("read the project", get))

    def _read_all(self) -> None:
        """Read every task that has answers; what we have and the server has not is deleted."""
        before = self.answers.present(self.name)
        seen: set[str] = set()
        for name in _ANSWERED:
            seen |= self._read([_filter(name, "Number", 0)])
        self.answers.mark_deleted(self.name, before - seen)

    def _read(self, filters: list[Row]) -> set[str]:
        """Read some tasks with all their answers and return the numbers of these."""
        seen: set[str] = set()
        for page in self._pages(filters):
            read = [
                (task, [self._annotation(task, a) for a in task.get("annotations") or []])
                for task in page
            ]
            with self.answers.together():
                for task, given in read:
                    seen |= self._keep(task, given)
        return seen

    def _keep(self, task: Row, given: list[Annotation]) -> set[str]:
        """Keep a task's answers and return their numbers; what it no longer has is deleted."""
        number, name = int(task["id"]), str(task["data"].get("task", ""))
        self.new += self.answers.add(self.name, number, name, given)
        there = {str(a.id) for a in given}
        self.answers.mark_deleted(self.name, self.answers.present(self.name, number) - there)
        return there

    def _pages(self, filters: list[Row]) -> Iterator[list[Row]]:
        # By id, since a task that changes meanwhile would move within an order by time.
        query = json.dumps(
            {"filters": {"conjunction": "and", "items": filters}, "ordering": ["tasks:id"]}
        )
        for page in count(1):
            request = partial(
                self.server.tasks,
                project=self.project,
                page=page,
                page_size=_PAGE,
                fields="all",
                query=query,
            )
            items = self.server.ask("read the answers", request)
            yield items
            if len(items) < _PAGE:
                return

    def _annotation(self, task: Row, given: Row) -> Annotation:
        try:
            times = {n: _text(given[n]) for n in ("created_at", "updated_at") if given.get(n)}
            return Annotation.model_validate(given | times)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except (ValueError, OverflowError) as error:
            said = str(error)
        where = f"task {task['id']}, annotation {given.get('id')}"
        raise RupairsError(f"{self.server.url}: {where}: {said}")


def _since(moment: str) -> list[Row]:
    earlier = datetime.strptime(moment, _FORMAT) - _MARGIN
    return [_filter("updated_at", "Datetime", earlier.strftime(_FORMAT))]


def _filter(name: str, kind: str, value: object) -> Row:
    return {
        "filter": f"filter:tasks:{name}",
        "operator": "greater",
        "type": kind,
        "value": value,
    }


def _text(moment: Any) -> str:
    """Return a moment as Label Studio's exports spell it."""
    if not isinstance(moment, datetime):
        moment = datetime.fromisoformat(str(moment))
    return str(moment.astimezone(UTC).strftime(_FORMAT))
