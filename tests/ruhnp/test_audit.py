import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import typer
from typer.testing import CliRunner

from ruhnp.audit import count_votes, decided, draw_tasks, rated, wilson
from ruhnp.cli import register
from ruhnp.generated import GENERATED_SCHEMA, VERIFIED_SCHEMA
from ruhnp.meaning_votes import CHOICE, LABELS
from ruhnp.release import release
from rupairs.errors import RupairsError, UsageError
from tests.ruhnp import finished
from tests.ruhnp.finished import Row, verified

CHANGES = ("number", "negation", "antonym")


def rows(anchors: int) -> list[Row]:
    found = []
    for a in range(anchors):
        anchor = f"Паром номер {a} ходит через пролив."
        found.append(verified(anchor, "positive", f"Через пролив ходит паром номер {a}."))
        for n, change in enumerate(CHANGES):
            text = f"Паром номер {a} стоит {n + 2} недели."
            found.append(verified(anchor, "negative", text, change))
    return found


def released(run: Path, anchors: int = 30) -> Path:
    """Return a run whose release is finished."""
    inputs = {
        "ruhnp.verify": finished.write_stage(run, "ruhnp.verify", VERIFIED_SCHEMA, rows(anchors)),
        "ruhnp.generate": finished.write_stage(run, "ruhnp.generate", GENERATED_SCHEMA, []),
    }
    settings = {"min_positives": 1, "min_negatives": 1, "validation": 3, "test": 6}
    context = finished.context(run, "release", inputs, **settings)
    release(context)
    finished.finish(context.out, "ruhnp.release", context.counts)
    return run


def tasks(run: Path) -> list[dict[str, str]]:
    return [t["data"] for t in json.loads((run / "ruhnp/audit/tasks.json").read_text("utf-8"))]


def annotation(label: str | None, by: Any = 1, **given: Any) -> Row:
    result = []
    if label is not None:
        value = {"choices": [label]}
        result = [{"from_name": CHOICE, "to_name": "second", "type": "choices", "value": value}]
    rest = {"id": 1, "created_at": "2025-03-01T10:00:00.000000Z", "was_cancelled": False}
    return {"completed_by": by, "result": result, **rest} | given


def export(path: Path, annotations: dict[str, list[Row]]) -> Path:
    """Write an export as Label Studio does."""
    entries = [
        {"id": n, "data": {"pair_id": pair}, "annotations": found, "predictions": []}
        for n, (pair, found) in enumerate(annotations.items())
    ]
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_the_draw_is_even_over_kinds_and_splits(tmp_path: Path) -> None:
    run = released(tmp_path)
    drawn = draw_tasks(run, 27)
    assert sum(row["drawn"] for row in drawn) == 27
    assert {(r["change"], r["split"]): r["drawn"] for r in drawn} == {
        (change, split): 3 for change in CHANGES for split in ("train", "validation", "test")
    }
    assert sum(row["negatives"] for row in drawn) == 90


def test_tasks_show_the_sentences_and_nothing_that_gives_the_answer_away(tmp_path: Path) -> None:
    run = released(tmp_path)
    draw_tasks(run, 20)
    found = tasks(run)
    assert len(found) == 20
    assert {frozenset(task) for task in found} == {frozenset(("pair_id", "first", "second"))}
    page = ElementTree.parse(run / "ruhnp/audit/config.xml").getroot()
    shown = {tag.get("value", "")[1:] for tag in page.iter("Text")}
    assert shown == {"first", "second"}
    (choices,) = page.iter("Choices")
    assert choices.get("name") == CHOICE and choices.get("toName") == "second"
    assert [c.get("alias") for c in choices.iter("Choice")] == list(LABELS)
    assert len({c.get("hotkey") for c in choices.iter("Choice")}) == len(LABELS)


def test_a_larger_draw_only_adds(tmp_path: Path) -> None:
    run = released(tmp_path)
    draw_tasks(run, 10)
    small = {task["pair_id"] for task in tasks(run)}
    draw_tasks(run, 30)
    assert small < {task["pair_id"] for task in tasks(run)}
    draw_tasks(run, 10)
    assert {task["pair_id"] for task in tasks(run)} == small


def test_votes_become_rates(tmp_path: Path) -> None:
    run = released(tmp_path)
    draw_tasks(run, 30)
    sample = json.loads((run / "ruhnp/audit/sample.json").read_text("utf-8"))["pairs"]
    number = [p["pair_id"] for p in sample if p["change"] == "number"]
    others = [p["pair_id"] for p in sample if p["change"] != "number"]
    votes = {pair: [annotation("different", n) for n in (1, 2)] for pair in others}
    votes |= {pair: [annotation("same", n) for n in (1, 2, 3)] for pair in number[:4]}
    votes |= {pair: [annotation("different")] for pair in number[4:]}
    votes[others[0]] = [annotation("same", 1), annotation("different", 2)]
    votes[others[1]] = [annotation("unclear")]
    found = {row["change"]: row for row in count_votes(run, export(tmp_path / "e.json", votes))}
    assert (found["number"]["same"], found["number"]["pairs"]) == (4, len(number))
    assert found["number"]["rate"] == pytest.approx(4 / len(number))
    assert found["number"]["low"] < 4 / len(number) < found["number"]["high"]
    assert found["number"]["population"] == 30
    assert found["all"]["unclear"] == 2
    facts = json.loads((run / "ruhnp/audit/audit.json").read_text("utf-8"))
    assert facts["annotators"] == 3 and facts["same_release"] and not facts["simulated"]
    # The three kinds are released equally often.
    assert facts["weighted_rate"] == pytest.approx(4 / len(number) / 3)
    page = (run / "ruhnp/audit/audit.md").read_text("utf-8")
    assert f"| number | 30 | {len(number)} | 4 |" in page
    assert "Simulated" not in page and page.count("- number: Паром") == 4


def test_what_is_no_vote_is_counted_by_reason(tmp_path: Path) -> None:
    run = released(tmp_path)
    draw_tasks(run, 6)
    one, two, three, four, five, six = (task["pair_id"] for task in tasks(run))
    votes = {
        one: [
            annotation("same", 7),
            annotation("different", {"id": 7}, created_at="2025-03-02T10:00:00.000000Z"),
        ],
        two: [annotation("different", was_cancelled=True)],
        three: [annotation(None)],
        four: [annotation("contradiction")],
        five: [annotation("same", None)],
        six: [annotation("different", "simulated-1", simulated=True)],
        "not drawn": [annotation("same")],
    }
    count_votes(run, export(tmp_path / "e.json", votes))
    facts = json.loads((run / "ruhnp/audit/audit.json").read_text("utf-8"))
    reasons = ("cancelled", "no_annotator", "no_label", "repeated", "unknown_label", "unknown_pair")
    assert facts["ignored"] == dict.fromkeys(reasons, 1)
    assert (facts["voted"], facts["all"]["different"]) == (2, 2), "the latest answer stands"
    assert facts["simulated"]
    assert "**Simulated:**" in (run / "ruhnp/audit/audit.md").read_text("utf-8")


def test_a_release_made_again_is_said(tmp_path: Path) -> None:
    run = released(tmp_path)
    draw_tasks(run, 4)
    path = run / "ruhnp/audit/sample.json"
    sample = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(sample | {"release": "another"}), encoding="utf-8")
    votes = {task["pair_id"]: [annotation("different")] for task in tasks(run)}
    count_votes(run, export(tmp_path / "e.json", votes))
    assert "earlier release" in (run / "ruhnp/audit/audit.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("labels", "verdict"),
    [
        (["same"], "same"),
        (["same", "same", "different"], "same"),
        (["same", "different"], "unclear"),
        (["different", "unclear"], "unclear"),
        (["different", "different", "unclear"], "different"),
        (["unclear"], "unclear"),
    ],
)
def test_a_pair_is_decided_by_most_of_its_votes(labels: list[str], verdict: str) -> None:
    assert decided(labels) == verdict


def test_wilson_has_the_published_values() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.72247, 1.0), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.23659, 0.76341), abs=1e-4)
    assert wilson(3, 200) == pytest.approx((0.00512, 0.04315), abs=1e-4)


def test_nothing_decided_has_no_rate() -> None:
    assert rated(["unclear"], 5).rate is None
    assert Counter(vars(rated([], 5)).values())[None] == 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no vote on the pairs that were drawn .it is empty."),
        ("{}", "valid list; export the project"),
        ("[{}]", r"0\.data: Field required"),
        ("nothing", "not JSON"),
        ('[{"data": {"pair_id": "x"}, "annotations": []}]', "no vote on the pairs"),
    ],
)
def test_a_wrong_export_is_one_clear_line(tmp_path: Path, content: str, message: str) -> None:
    run = released(tmp_path / "run", anchors=12)
    draw_tasks(run, 4)
    path = tmp_path / "export.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RupairsError, match=message) as error:
        count_votes(run, path)
    assert "export.json" in str(error.value) and "\n" not in str(error.value)


def test_votes_without_a_draw_and_a_draw_without_a_release(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="draw tasks first"):
        count_votes(tmp_path, tmp_path / "export.json")
    with pytest.raises(RupairsError, match=r"release: no manifest\.json"):
        draw_tasks(tmp_path, 5)


def test_the_verb_draws_and_counts(tmp_path: Path) -> None:
    app = typer.Typer()
    register(app)
    run = released(tmp_path, anchors=12)
    drawn = CliRunner().invoke(app, ["ruhnp", "audit", "--out", str(run), "--count", "9"])
    assert drawn.exit_code == 0 and "--votes EXPORT.json" in drawn.output
    votes = {task["pair_id"]: [annotation("different")] for task in tasks(run)}
    given = str(export(tmp_path / "e.json", votes))
    counted = CliRunner().invoke(
        app, ["ruhnp", "audit", "--out", str(run), "--votes", given, "--json"]
    )
    assert counted.exit_code == 0
    assert json.loads(counted.output)[-1]["different"] == 9
