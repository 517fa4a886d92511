import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from annotation.people import opaque
from annotation.quality import WORKERS, exclusions
from annotation.stage import QualitySection
from rupairs.errors import UsageError
from rupairs.store import DROPPED, StageReader, read_table

Rows = list[dict[str, Any]]


def table(**columns: Any) -> pd.DataFrame:
    plain = {"items": 40, "controls": 0, "control_accuracy": None, "repeats": 0, "timed": 40}
    plain |= {"self_agreement": None, "fast_share": 0.0, "entropy": 1.5}
    return pd.DataFrame([plain | columns], index=["u"])


@pytest.mark.parametrize(
    ("rules", "row", "broken"),
    [
        ({"min_control_accuracy": 0.7}, {"controls": 5, "control_accuracy": 0.6}, True),
        ({"min_control_accuracy": 0.7}, {"controls": 5, "control_accuracy": 0.7}, False),
        ({"min_control_accuracy": 0.7}, {"controls": 4, "control_accuracy": 0.0}, False),
        ({}, {"controls": 50, "control_accuracy": 0.0}, False),
        ({"min_self_agreement": 0.8}, {"repeats": 6, "self_agreement": 0.5}, True),
        ({"min_self_agreement": 0.8}, {}, False),
        ({"max_fast_share": 0.3}, {"fast_share": 0.31}, True),
        ({"max_fast_share": 0.3}, {"fast_share": 0.9, "timed": 19}, False),
        ({"min_entropy": 0.2}, {"entropy": 0.0}, True),
        ({"min_entropy": 0.2}, {"entropy": 0.0, "items": 19}, False),
    ],
)
def test_a_rule_speaks_where_there_are_data(rules: Any, row: Any, broken: bool) -> None:
    found = exclusions(table(**row), QualitySection(**rules))
    assert [e.rule for e in found] == (list(rules) if broken else [])
    if broken:
        assert found[0].votes == max(row.get("controls", 0), row.get("repeats", 0)) or 40
        assert found[0].bound == next(iter(rules.values()))
        assert str(found[0].bound) in str(found[0])


def test_the_recipe_has_the_last_word() -> None:
    bad = table(controls=9, control_accuracy=0.1)
    kept = exclusions(bad, QualitySection(min_control_accuracy=0.7, keep=("u",)))
    assert [e.kept for e in kept] == [True]
    named = exclusions(table(), QualitySection(exclude=("u",)))
    assert [(e.worker, str(e)) for e in named] == [("u", "exclude in the recipe")]
    with pytest.raises(UsageError, match="w in keep or exclude has no vote"):
        exclusions(bad, QualitySection(keep=("w",)))
    with pytest.raises(ValueError, match="u is in keep and in exclude"):
        QualitySection(keep=("u",), exclude=("u",))


@pytest.fixture
def controls(tmp_path: Path) -> Path:
    path = tmp_path / "controls.jsonl"
    rows = [
        {
            "premise": f"В вагоне {n + 2} места заняты.",
            "hypothesis": f"Вагон {n} пуст.",
            "label": label,
        }
        for n, label in enumerate(["contradiction", "neutral", "entailment"] * 4)
    ]
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return path


def settings(controls: Path, **quality: Any) -> dict[str, Any]:
    return {
        "reviewers": "simulated",
        "push": {"controls": str(controls), "repeats": 0.3, "overlap": 5},
        "simulated": {"annotators": 5, "careless": 2, "accuracy": 0.95, "discard": 0.0},
        "quality": quality,
    }


def test_careless_people_are_excluded_and_nothing_is_lost(
    make_run: Callable[..., Any], candidates: Rows, controls: Path
) -> None:
    rules = {"min_control_accuracy": 0.7, "max_fast_share": 0.5, "min_self_agreement": 0.7}
    run = make_run(candidates)
    out = run.run("quality", **settings(controls, **rules))
    assert out.manifest.facts["excluded"] == ["simulated-4", "simulated-5"]
    assert {(e["worker"], e["rule"]) for e in out.manifest.facts["exclusions"]} == {
        (worker, rule) for worker in ("simulated-4", "simulated-5") for rule in rules
    }
    votes = list(StageReader(out.directory).rows())
    assert {v["annotator"] for v in votes} == {f"simulated-{n}" for n in (1, 2, 3)}
    assert {v["kind"] for v in votes} == {"item"}
    assert len(votes) == 3 * len(candidates)
    pulled = StageReader(run.path / "annotation" / "pull").manifest.counts.rows_out
    counts = out.manifest.counts
    assert counts.rows_in == pulled == counts.rows_out + counts.rows_dropped
    assert set(counts.dropped_by_reason) == {"control", "excluded", "repeat"}
    dropped = read_table(out.directory / DROPPED).to_pylist()
    said = {d["evidence"] for d in dropped if d["reason"] == "excluded"}
    assert all("over" in s and "bound" in s for s in said)
    workers = read_table(out.directory / WORKERS).to_pandas().set_index("worker")
    assert (workers["excluded"] == "").to_dict() == {f"simulated-{n}": n < 4 for n in range(1, 6)}
    report = (out.directory / "report.md").read_text(encoding="utf-8")
    assert "annotation.quality.keep" in report


def test_an_exclusion_is_undone_by_the_recipe(
    make_run: Callable[..., Any], candidates: Rows, controls: Path
) -> None:
    run = make_run(candidates)
    rules = {"max_fast_share": 0.5, "keep": ["simulated-4"], "exclude": ["simulated-1"]}
    out = run.run("quality", **settings(controls, **rules))
    assert out.manifest.facts["excluded"] == ["simulated-1", "simulated-5"]
    kept = {v["annotator"] for v in StageReader(out.directory).rows()}
    assert kept == {"simulated-2", "simulated-3", "simulated-4"}
    assert "simulated-4 is kept" in (out.directory / "report.md").read_text(encoding="utf-8")


def test_an_answer_replaced_later_is_kept_aside(
    make_run: Callable[..., Any], candidates: Rows, native: Any, write: Callable[[Any], Path]
) -> None:
    task = candidates[0]
    entry = native.entry(
        task, native.annotation(task, "neutral", 1), native.annotation(task, "entailment", 1)
    )
    out = make_run(candidates).run("quality", pull={"export": str(write([entry]))})
    assert [v["label"] for v in StageReader(out.directory).rows()] == ["entailment"]
    assert out.manifest.counts.dropped_by_reason == {"replaced": 1}


def test_an_adjudicator_who_has_no_vote_is_an_error(
    make_run: Callable[..., Any], candidates: Rows, native: Any, write: Callable[[Any], Path]
) -> None:
    task = candidates[0]
    path = write([native.entry(task, native.annotation(task, "neutral", 1))])
    run = make_run(candidates)
    with pytest.raises(UsageError, match=r"0{16} in adjudicators has no vote"):
        run.run("quality", pull={"export": str(path)}, quality={"adjudicators": ["0" * 16]})
    out = run.run("quality", pull={"export": str(path)}, quality={"adjudicators": [opaque("1")]})
    assert [v["kind"] for v in StageReader(out.directory).rows()] == ["adjudication"]
