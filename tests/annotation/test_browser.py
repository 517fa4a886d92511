"""An annotator at work: a real browser before a real Label Studio."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotation.projects import find_projects
from annotation.triples import count_answers, write_triples
from rupairs.store import StageReader
from tests.annotation.conftest import Run, candidate
from tests.annotation.studio import House, Person, tasks_of
from tests.browser import opened_browser

Make = Callable[..., Run]
_PATIENCE_MS = 120_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened_browser() as found:
        yield found


@pytest.fixture
def person(house: House) -> Person:
    return house.join("galina")


def test_a_person_reads_edits_presses_a_key_and_submits(
    house: House,
    make_run: Make,
    browser: Any,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", house.key)
    traps = "<script>document.title='взлом'</script> {{ premise }} «=1+1» & \u202bсправа\u202c"
    rows = [candidate(0) | {"hypothesis": traps}, candidate(1)]
    run = make_run(rows)
    settings = {"push": {"url": house.url, "project": "Browser", "overlap": 1}}
    push = run.run("push", **settings)
    (project,) = find_projects(house.server(), push.manifest.facts["mark"])
    first, second = tasks_of(house.client, project.id)
    page = browser.new_context(locale="ru-RU", viewport={"width": 1300, "height": 1000}).new_page()
    page.set_default_timeout(_PATIENCE_MS)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    sign_in(page, house.url, person)
    # The first is opened from the list; then all are gone through in turn.
    starts = (f"?task={first['number']}", "?labeling=1")
    for number, (task, start) in enumerate(zip((first, second), starts, strict=True)):
        page.goto(f"{house.url}/projects/{project.id}/data{start}")
        page.get_by_text("Как гипотеза относится к посылке?").wait_for()
        # The instruction is read without opening it.
        page.get_by_text("Судите только по посылке").first.wait_for(state="visible")
        shown = page.inner_text("body")
        assert " ".join(task["premise"].split()) in " ".join(shown.split())
        assert "взлом" not in page.title()
        page.locator("textarea[name=hypothesis_revised]").fill(f"{task['hypothesis']} Точно.")
        page.get_by_text("Как гипотеза относится к посылке?").click()
        page.keyboard.press(str(number + 1))
        with page.expect_response(lambda r: "/annotations" in r.url and r.request.method == "POST"):
            page.get_by_test_id("bottombar-submit-button").click()
    run.run("pull", **settings)
    votes = {v["task"]: v for v in StageReader(run.path / "annotation" / "pull").rows()}
    assert [votes[t["task"]]["label"] for t in (first, second)] == ["entailment", "neutral"]
    for task in (first, second):
        vote = votes[task["task"]]
        plain = "".join(c for c in task["hypothesis"] if c not in "\u202b\u202c")
        assert vote["hypothesis_revised"] == f"{plain} Точно."
        assert vote["premise_revised"] is None
        assert vote["seconds"] > 0
    ours = urlsplit(house.url).netloc
    outside = {urlsplit(u).netloc for u in asked if u.startswith("http")} - {ours}
    assert not outside


def test_a_person_answers_about_a_paraphrase_and_a_hard_negative(
    house: House, browser: Any, tmp_path: Path
) -> None:
    query, same = "Катер отходит в полдень.", "В двенадцать дня катер отправляется."
    other = "Катер отходит в полночь."
    rows = {"query": [query], "pos": [[same]], "neg": [[other]]}
    pq.write_table(pa.table(rows), tmp_path / "train.parquet")
    assert write_triples(tmp_path, tmp_path / "out", None, 0) == 1
    person = house.join("nadezhda")
    page_of_tasks = (tmp_path / "out" / "config.xml").read_text(encoding="utf-8")
    project = house.client.projects.create(title="Triples", label_config=page_of_tasks)
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text(encoding="utf-8"))
    house.client.projects.import_tasks(project.id, request=tasks)
    page = browser.new_context(locale="ru-RU", viewport={"width": 1300, "height": 1200}).new_page()
    page.set_default_timeout(_PATIENCE_MS)
    sign_in(page, house.url, person)
    page.goto(f"{house.url}/projects/{project.id}/data?labeling=1")
    page.get_by_text("Второе").first.wait_for()
    # The instruction is read without opening it.
    page.get_by_text("из одного следует другое и наоборот").first.wait_for(state="visible")
    shown = page.inner_text("body")
    assert all(text in shown for text in (query, same, other))
    assert "pos" not in shown and "neg" not in shown
    first_is_same = tasks[0]["data"]["first"] == same
    page.keyboard.press("1" if first_is_same else "2")
    page.keyboard.press("9" if first_is_same else "8")
    with page.expect_response(lambda r: "/annotations" in r.url and r.request.method == "POST"):
        page.get_by_test_id("bottombar-submit-button").click()
    export = tmp_path / "export.json"
    url = f"{house.url}/api/projects/{project.id}/export?exportType=JSON"
    answer = httpx.get(url, headers={"Authorization": f"Token {house.key}"}, trust_env=False)
    export.write_bytes(answer.content)
    assert count_answers(tmp_path, [export], 0) == {
        "positive": {"same": 1},
        "negative": {"different": 1},
        "unread": {},
    }


def sign_in(page: Any, url: str, person: Person) -> None:
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", person.mail)
    page.fill("input[name=password]", person.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda u: "/user/login" not in u)
