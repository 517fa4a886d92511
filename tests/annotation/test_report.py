import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from annotation.people import opaque
from annotation.report import controls, flags, progress, shares_of_work
from rupairs.page import shown
from rupairs.store import StageReader
from tests.annotation.voting import ballots

Rows = list[dict[str, Any]]
Make = Callable[..., Any]
NASTY = (
    "<script>alert('снег')</script>",
    "\"><img src=x onerror=alert(1)> «кавычки» & ' ` {{ 7 * 7 }}",
    "Обычный текст \u202eтскет йынчыбО\u2066 и дальше",
)


class Page(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def reported(make_run: Make, candidates: Rows, tmp_path: Path) -> Path:
    for row, text in zip(candidates, NASTY, strict=False):
        row["premise"] = text
    gold = tmp_path / "controls.csv"
    gold.write_text(
        "premise,hypothesis,label\n"
        + "".join(f"Сосед {n} уехал утром.,Сосед {n} дома.,contradiction\n" for n in range(8)),
        encoding="utf-8",
    )
    settings = {
        "push": {"controls": str(gold), "overlap": 4},
        "simulated": {"annotators": 4, "careless": 1, "accuracy": 0.4},
        "quality": {"min_control_accuracy": 0.2},
        "report": {"examples": 60},
    }
    out: Path = make_run(candidates).run("report", reviewers="simulated", **settings).directory
    return out


def test_the_page_escapes_texts_and_loads_nothing(reported: Path) -> None:
    raw = (reported / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(raw)
    assert "script" not in {tag for tag, _ in page.tags}
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    for text in NASTY[:2]:
        assert text in page.text
    assert "[U+202E]" in page.text and "\u202e" not in raw and "\u2066" not in raw
    sources = [a["src"] for _, a in page.tags if "src" in a]
    assert len(sources) == 2
    assert all(str(s).startswith("data:image/png;base64,") for s in sources)
    assert not [a for _, a in page.tags if "href" in a]
    assert "Simulated:" in page.text


def test_the_page_the_figures_and_the_notes_say_the_same(reported: Path) -> None:
    figures = json.loads((reported / "report.json").read_text(encoding="utf-8"))
    decided = StageReader(reported.parent / "decisions").manifest
    assert figures["agreement"] == decided.facts["agreement"]
    assert figures["decided"] == decided.counts.rows_out
    assert figures["controls"]["votes"] == 32
    assert sum(c["votes"] for c in figures["controls"]["each"]) == 32
    assert {w["worker"] for w in figures["workers"]} == {f"simulated-{n}" for n in range(1, 5)}
    careless = next(w for w in figures["workers"] if w["worker"] == "simulated-4")
    assert "fast" in careless["flags"]
    done = figures["progress"]
    # The rule sets two of the four aside.
    assert (done["complete"], done["votes_left"], done["votes_set_aside"]) == (0, 120, 120)
    notes = (reported / "report.md").read_text(encoding="utf-8")
    value = figures["agreement"]["krippendorff_alpha"]["value"]
    page = (reported / "report.html").read_text(encoding="utf-8")
    assert f"{value:.3f}" in notes and f"{value:.3f}" in page
    assert "0 of 60 items have 4 votes, 60 have fewer; 120 votes are left" in notes


def test_progress_and_when_it_ends() -> None:
    tasks = pd.DataFrame({"pair_id": [f"t{n}" for n in range(10)], "kind": "item"})
    rows = [(f"t{n}", w, "neutral") for n in range(4) for w in "uv"] + [("t4", "u", "neutral")]
    frame = ballots(rows)
    frame["day"] = ["2026-03-01"] * 4 + ["2026-03-03"] * 5
    found = progress(tasks, frame, overlap=2)
    assert (found["complete"], found["begun"], found["votes_left"]) == (4, 1, 11)
    # Nine votes in three days; eleven more take four days.
    assert (found["votes_a_day"], found["last_day"], found["ends"]) == (
        3.0,
        "2026-03-03",
        "2026-03-07",
    )
    nothing = progress(tasks, frame.iloc[:0], overlap=2)
    assert (nothing["votes_left"], nothing["ends"]) == (20, None)


def test_the_rate_is_that_of_the_last_week() -> None:
    tasks = pd.DataFrame({"pair_id": [f"t{n}" for n in range(30)], "kind": "item"})
    frame = ballots([(f"t{n}", "u", "neutral") for n in range(16)])
    frame["day"] = ["2026-01-01"] * 9 + ["2026-03-07"] * 7
    found = progress(tasks, frame, overlap=1)
    assert (found["votes_a_day"], found["ends"]) == (1.0, "2026-03-21")


def test_controls_are_counted_hardest_first() -> None:
    tasks = pd.DataFrame(
        {
            "pair_id": ["a", "b", "i"],
            "kind": ["control", "control", "item"],
            "gold": ["e", "n", None],
        }
    )
    frame = ballots([("a", "u", "e"), ("a", "v", "e"), ("b", "u", "c"), ("b", "v", "n")], "control")
    found = controls(frame, tasks)
    assert (found["votes"], found["accuracy"]) == (4, 0.75)
    assert found["low"] == pytest.approx(0.3006, abs=1e-4)
    assert [(c["pair_id"], c["right"], c["labels"]) for c in found["each"]] == [
        ("b", 1, "c 1, n 1"),
        ("a", 2, "e 2"),
    ]
    assert controls(frame.iloc[:0], tasks)["accuracy"] is None


def test_flags_say_what_is_worth_a_word() -> None:
    plain = {"excluded": "", "controls": 9, "control_high": 0.98, "repeats": 0, "items": 50}
    plain |= {"self_agreement": None, "fast_share": None, "entropy": 1.5}
    assert flags(plain) == []
    assert flags(plain | {"control_high": 0.6}) == ["controls"]
    assert flags(plain | {"control_high": 0.6, "controls": 4}) == []
    assert flags(plain | {"repeats": 6, "self_agreement": 0.5}) == ["repeats"]
    assert flags(plain | {"fast_share": 0.9, "entropy": 0.0}) == ["fast", "one label"]
    assert flags(plain | {"excluded": "min_entropy: 0.0"}) == ["excluded"]


def test_marks_that_turn_the_direction_are_shown() -> None:
    assert shown("a\u202eb\u200fc") == "a[U+202E]b[U+200F]c"
    assert shown("ёлка «а» ש") == "ёлка «а» ש"


def test_votes_that_were_set_aside_are_still_to_be_given(
    make_run: Make, candidates: Rows, native: Any, write: Callable[[Any], Path]
) -> None:
    entries = [
        native.entry(c, *(native.annotation(c, "neutral", by) for by in (1, 2, 3)))
        for c in candidates[:30]
    ]
    settings: dict[str, Any] = {"push": {"overlap": 3}, "pull": {"export": str(write(entries))}}
    run = make_run(candidates[:30])
    first = run.run("report", **settings).manifest.facts["progress"]
    assert (first["complete"], first["votes_left"], first["votes_set_aside"]) == (30, 0, 0)
    quality = {"exclude": [opaque("1"), opaque("2")]}
    out = run.run("report", quality=quality, **settings)
    done = out.manifest.facts["progress"]
    assert (done["complete"], done["begun"], done["votes"]) == (0, 30, 30)
    assert (done["votes_left"], done["votes_set_aside"]) == (60, 60)
    for name in ("report.html", "report.md"):
        assert "60 votes set aside" in (out.directory / name).read_text(encoding="utf-8")


def test_what_each_person_has_left_is_told_by_what_they_answered() -> None:
    sheets = pd.DataFrame(
        [(1, "a"), (1, "b"), (1, "c"), (2, "b"), (2, "c"), (2, "d"), (3, "e")],
        columns=["annotator", "task"],
    )
    votes = pd.DataFrame(
        [("a", "vera"), ("b", "vera"), ("d", "anna"), ("c", "anna"), ("c", "guest")],
        columns=["task", "annotator"],
    )
    people, unclaimed = shares_of_work(sheets, votes)
    assert people == {
        "vera": {"dealt": 3, "done": 2, "left": 1},
        "anna": {"dealt": 3, "done": 2, "left": 1},
    }
    assert unclaimed == [{"annotator": 3, "dealt": 1}]
    nobody, all_of_them = shares_of_work(sheets, votes.iloc[:0])
    assert nobody == {} and len(all_of_them) == 3


def test_entropy_and_work_stand_on_the_page_and_in_the_notes(reported: Path) -> None:
    figures = json.loads((reported / "report.json").read_text(encoding="utf-8"))
    page = (reported / "report.html").read_text(encoding="utf-8")
    notes = (reported / "report.md").read_text(encoding="utf-8")
    for worker in figures["workers"]:
        entropy = f"{worker['entropy']:.2f}"
        assert f'<td class="n">{entropy}</td>' in page
        assert f"| {worker['worker']} | 68 | 68 | 0 | {entropy} |" in notes
