"""An annotator at work: a real browser before a real Label Studio."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from annotation.projects import find_projects
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


def sign_in(page: Any, url: str, person: Person) -> None:
    page.goto(f"{url}/user/login/")
    page.fill("input[name=email]", person.mail)
    page.fill("input[name=password]", person.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda u: "/user/login" not in u)
