"""The page in a real browser, opened from its file."""

from pathlib import Path

from rupairs.page import shown
from rupairs.run_page.page import write_page
from tests.browser import opened_browser
from tests.run_page.written import TEXTS, WrittenRun, whole


def test_it_opens_from_a_file_asks_for_nothing_and_runs_no_script(tmp_path: Path) -> None:
    path = write_page(whole(tmp_path).path)
    with opened_browser() as browser:
        page = browser.new_page()
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        seen = " ".join(page.inner_text("body").split())
        for text in TEXTS:
            assert " ".join(shown(text).split()) in seen
        assert page.title() == "run"
        widths = page.eval_on_selector_all("img", "all => all.map(i => i.naturalWidth)")
        assert widths == [1, 1]
        kept, dropped = page.locator("svg.bar").nth(1).locator("rect").all()
        ratio = dropped.bounding_box()["width"] / kept.bounding_box()["width"]
        assert abs(ratio - 5 / 3) < 0.1
        line = page.locator("polyline").bounding_box()
        assert line["width"] > 100 and line["height"] > 50
        page.locator("a", has_text="report.md").first.evaluate("link => link.click()")
        page.wait_for_url("**/report.md")
    assert said == []
    outside = [url for url in asked if not url.startswith(("data:", "file:"))]
    assert outside == []
    assert [url for url in asked if url.startswith("file:") and "report.md" not in url] == [
        path.as_uri()
    ]


def test_long_texts_in_many_columns_stay_words(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    wide = {f"column_{n}": f"{n:032x}" for n in range(12)}
    pairs = [{"premise": "Правительство разрешило строительство новой школы."} | wide]
    run.rows("harvest.pairs", pairs)
    with opened_browser() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.goto(write_page(run.path).as_uri())
        cell = page.locator("td.cell").first.bounding_box()
        # Three lines of 15 pixels at most, and the page itself does not scroll sideways.
        assert cell["width"] > 200 and cell["height"] < 80
        assert page.evaluate("document.documentElement.scrollWidth") <= 900
