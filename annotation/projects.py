"""The projects of a push on a Label Studio server: made, filled, and filled again where it broke.

1. A project is found again by its description, `rupairs MARK ANNOTATOR BATCH`.
2. What it holds is compared with what it ought to hold by the `task` id in every task's data, and
   only what is missing is imported. So a second push adds nothing, and one that was broken off is
   completed.
3. An import whose answer got lost may have happened: after a fault the project is read again
   before anything is sent again, and at the end a task that is there twice loses the copy that
   nobody has answered.
"""

import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Any

import pyarrow as pa

from annotation.batches import Sheet
from annotation.server import Fault, Server, attempt
from annotation.tasks import SHOWN, data_of
from rupairs.progress import Advance

_CHUNK, _PAGE = 500, 1_000
_PROJECT_FIELDS = (
    "id,description,created_at,task_number,total_annotations_number,skipped_annotations_number"
)
_TITLE = 50


@dataclass(frozen=True)
class Push:
    """What a push puts on the server, and under which names."""

    mark: str
    title: str
    names: tuple[str, ...]
    page: str
    tasks: pa.Table
    shown: tuple[str, ...] = tuple(SHOWN)

    def described(self, sheet: Sheet) -> str:
        """Return the description by which a sheet's project is found."""
        return f"{prefix(self.mark)}{sheet.annotator} {sheet.batch}"

    def titled(self, sheet: Sheet) -> str:
        """Return what people see a sheet's project called."""
        # Somebody who is no longer among the names keeps their sheets.
        named = sheet.annotator <= len(self.names)
        name = self.names[sheet.annotator - 1] if named else str(sheet.annotator)
        tail = f" · {sheet.batch}"
        return f"{self.title} · {name}"[: _TITLE - len(tail)] + tail


def prefix(mark: str) -> str:
    """Return how the descriptions of a push's projects begin."""
    return f"rupairs {mark} "


def find_projects(server: Server, mark: str) -> list[Any]:
    """Return the projects of a push, oldest first."""
    found: list[Any] = []
    for page in count(1):
        request = partial(
            server.client.projects.list, page=page, page_size=100, include=_PROJECT_FIELDS
        )
        said = server.ask("list the projects", request)
        found += [p for p in said.items if (p.description or "").startswith(prefix(mark))]
        if said.response.next is None:
            break
    return sorted(found, key=lambda p: p.id)


def sync(server: Server, push: Push, sheets: list[Sheet], advance: Advance) -> dict[str, int]:
    """Bring the server to what the push says and return the counts.

    `added` and `removed` tell what this call did, `foreign` how many tasks of these projects are
    not of this push; those are left alone.
    """
    known: dict[str, list[Any]] = {}
    for project in find_projects(server, push.mark):
        known.setdefault(project.description, []).append(project)
    counts = Counter(projects=len(sheets), tasks=0, added=0, removed=0, foreign=0)
    for sheet in sheets:
        mine = known.get(push.described(sheet), [])
        project = _chosen(server, mine) if mine else _create(server, push, sheet)
        counts.update(_Filling(server, push, sheet, project).fill(advance))
    return dict(counts)


def _chosen(server: Server, projects: list[Any]) -> Any:
    """Return the fullest of projects that are one; an empty twin, made by a lost answer, goes."""
    first = max(projects, key=lambda p: (p.task_number or 0, -p.id))
    for twin in projects:
        if twin.id != first.id and not twin.task_number:
            server.remove("an empty project", partial(server.client.projects.delete, id=twin.id))
    return first


def _create(server: Server, push: Push, sheet: Sheet) -> Any:
    described = push.described(sheet)
    asked = count()

    def create() -> Any:
        if next(asked):
            # The project may have been made although the answer got lost.
            made = [p for p in find_projects(server, push.mark) if p.description == described]
            if made:
                return _chosen(server, made)
        return server.client.projects.create(
            title=push.titled(sheet),
            description=described,
            label_config=push.page,
            maximum_annotations=1,
            show_skip_button=False,
            enable_empty_annotation=False,
        )

    return server.ask("make a project", create)


@dataclass
class _Filling:
    """The filling of one project."""

    server: Server
    push: Push
    sheet: Sheet
    project: Any
    removed: int = 0

    def fill(self, advance: Advance) -> dict[str, int]:
        """Import what is missing until nothing is; return what was done."""
        wanted = dict(zip(self._ids(), self.sheet.rows, strict=True))
        present = self._read(wanted) if self.project.task_number else set()
        before = len(wanted.keys() & present)
        advance(before, self.push.titled(self.sheet))
        doubtful, faults = False, 0
        while missing := [row for task, row in wanted.items() if task not in present]:
            fault = self._import(missing, advance)
            if fault is None:
                break
            # What it took in all the same is only known from itself.
            doubtful = True
            time.sleep(self.server.waits[0])
            now = self._read(wanted)
            faults = faults + 1 if now == present else 0
            present = now
            if not fault.passing or faults > len(self.server.waits):
                raise self.server.failure("import tasks", fault)
        if doubtful:
            present = self._read(wanted)
        return {
            "tasks": len(wanted),
            "added": len(wanted) - before,
            "removed": self.removed,
            "foreign": len(present - wanted.keys()),
        }

    def _ids(self) -> list[str]:
        rows = pa.array(self.sheet.rows, pa.int64())
        ids: list[str] = self.push.tasks.column("task").take(rows).to_pylist()
        return ids

    def _import(self, rows: list[int], advance: Advance) -> Fault | None:
        """Import tasks in order until a request fails."""
        data = data_of(self.push.tasks, rows, self.push.shown)
        while chunk := [{"data": row} for row in islice(data, _CHUNK)]:
            _, fault = attempt(
                partial(self.server.client.projects.import_tasks, self.project.id, request=chunk)
            )
            if fault is not None:
                return fault
            advance(len(chunk), self.push.titled(self.sheet))
        return None

    def _read(self, wanted: Collection[str]) -> set[str]:
        """Return the task ids that the project holds, those of this push on one task each."""
        held: dict[str, list[tuple[bool, int]]] = {}
        for number, task, answered in read_tasks(self.server, self.project.id):
            held.setdefault(task, []).append((not answered, number))
        for task in held.keys() & set(wanted):
            for unanswered, number in sorted(held[task])[1:]:
                if unanswered:
                    delete = partial(self.server.client.tasks.delete, id=str(number))
                    self.server.remove("a task that is there twice", delete)
                    self.removed += 1
        return set(held)


def read_tasks(server: Server, project: int) -> Iterator[tuple[int, str, bool]]:
    """Yield the number, the `task` id and whether it is answered of every task of a project."""
    for page in count(1):
        items = server.ask("read the tasks", partial(_task_page, server, project, page))
        for item in items:
            answered = bool(item["total_annotations"] or item["cancelled_annotations"])
            yield item["id"], str(item["data"].get("task", "")), answered
        if len(items) < _PAGE:
            return


def _task_page(server: Server, project: int, page: int) -> list[dict[str, Any]]:
    return server.tasks(
        project=project,
        page=page,
        page_size=_PAGE,
        fields="task_only",
        include="id,data,total_annotations,cancelled_annotations",
    )
