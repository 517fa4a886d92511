"""A push to a real Label Studio: the page, and projects filled once."""

import json

import pytest

from annotation.page import read_page
from annotation.tasks import SHOWN
from tests.annotation.served import Make, Rows, held
from tests.annotation.studio import House

pytestmark = pytest.mark.usefixtures("signed_in")


def test_the_server_accepts_the_page(house: House) -> None:
    client = house.client
    page = read_page(SHOWN)
    project = client.projects.create(title="The page", label_config=page)
    client.projects.validate_label_config(id=project.id, label_config=page)
    with pytest.raises(Exception, match="premises"):
        client.projects.validate_label_config(
            id=project.id, label_config=page.replace('toName="premise"', 'toName="premises"')
        )


def test_a_push_fills_a_project_for_each_annotator_and_batch_once(
    house: House, make_run: Make, candidates: Rows, project: str
) -> None:
    run = make_run(candidates[:20])
    settings = {
        "push": {
            "url": house.url,
            "project": project,
            "overlap": 2,
            "names": ["Анна", "Борис", "Вера"],
            "batch_size": 12,
            "repeats": 0.2,
        }
    }
    first = run.run("push", **settings)
    there = held(house, first)
    assert set(there) == {f"{a} {b}" for a in (1, 2, 3) for b in (1, 2)}
    for name, tasks in there.items():
        annotator, batch = map(int, name.split())
        file = first.directory / "tasks" / f"{annotator:02d}-{batch:04d}.json"
        assert [e["data"]["task"] for e in json.loads(file.read_text("utf-8"))] == tasks
    titles = {p.title for p in house.client.projects.list(page_size=100).items}
    assert f"{project} · Анна · 1" in titles
    total = sum(map(len, there.values()))
    facts = {"projects": 6, "tasks": total, "removed": 0, "foreign": 0}
    assert first.manifest.facts["server"] == facts | {"added": total}
    assert run.run("push", **settings).state == "kept"
    again = run.run("push", redo=True, **settings)
    assert again.manifest.facts["server"] == facts | {"added": 0}
    assert held(house, again) == there
