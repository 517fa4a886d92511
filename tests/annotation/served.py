"""What tests with a real Label Studio share: people who answer, and what is there."""

from collections.abc import Callable
from typing import Any

from annotation.projects import find_projects, read_tasks
from rupairs.store import StageReader
from tests.annotation.conftest import Run
from tests.annotation.studio import House, Person, label, tasks_of

Make = Callable[..., Run]
Rows = list[dict[str, Any]]
Settings = dict[str, Any]
SETTLED: dict[str, Any] = {"unsettled": 0, "gone": {}}


def votes(run: Run) -> Rows:
    return list(StageReader(run.path / "annotation" / "pull").rows())


def projects(house: House, out: Any) -> list[Any]:
    return find_projects(house.server(), out.manifest.facts["mark"])


def held(house: House, out: Any) -> dict[str, list[str]]:
    """Return the task ids that every project of a push holds, by its description's end."""
    server = house.server()
    return {
        p.description.partition(" ")[2].partition(" ")[2]: [
            task for _, task, _ in read_tasks(server, p.id)
        ]
        for p in projects(house, out)
    }


def held_once(house: House, out: Any) -> int:
    """Return how many tasks the one project of a push holds, none of them twice."""
    (tasks,) = held(house, out).values()
    assert len(tasks) == len(set(tasks))
    return len(tasks)


def answer_all(house: House, out: Any, people: list[Person], of: int | None = None) -> int:
    """Have everybody answer the first tasks of the project that is theirs; return how many."""
    done = 0
    for project in projects(house, out):
        person = people[int(project.description.split()[2]) - 1]
        client = house.server(person.legacy).client
        for task in tasks_of(house.client, project.id)[:of]:
            client.annotations.create(id=task["number"], result=label("neutral"), lead_time=2.5)
            done += 1
    return done
