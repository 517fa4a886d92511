import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from annotation.export import read_export
from annotation.page import LABELS
from annotation.simulated import retouched, truth
from rupairs.store import StageReader

Make = Callable[..., Any]
Rows = list[dict[str, Any]]
CAREFUL = {"accuracy": 1.0, "discard": 0.0, "revise": 0.0}


def test_the_export_is_marked_and_has_label_studios_shape(
    make_run: Make, candidates: Rows, native: Any
) -> None:
    out = make_run(candidates).run("simulated", reviewers="simulated")
    entries = json.loads((out.directory / "export.json").read_text(encoding="utf-8"))
    real = native.entry(candidates[0], native.annotation(candidates[0], "neutral"))
    assert set(entries[0]) <= set(real)
    for entry in entries:
        assert len(entry["annotations"]) == 3
        for number, annotation in enumerate(entry["annotations"], 1):
            assert annotation.pop("simulated") is True
            assert annotation["completed_by"] == {"id": f"simulated-{number}"}
            assert set(annotation) <= set(real["annotations"][0])
            kinds = [(r["from_name"], r["to_name"], r["type"]) for r in annotation["result"]]
            natural = real["annotations"][0]["result"]
            assert kinds == [(r["from_name"], r["to_name"], r["type"]) for r in natural]
    assert out.manifest.simulated
    assert out.manifest.facts["votes"] == 3 * len(candidates)
    assert len(list(read_export(out.directory / "export.json"))) == len(candidates)


def test_the_mark_reaches_every_row_manifest_and_report(make_run: Make, candidates: Rows) -> None:
    run = make_run(candidates)
    run.run("decisions", reviewers="simulated")
    for step in ("simulated", "pull", "decisions"):
        directory = run.path / "annotation" / step
        reader = StageReader(directory)
        assert reader.manifest.simulated
        assert "**Simulated:**" in (directory / "report.md").read_text(encoding="utf-8")
        if step != "simulated":
            assert all(row["simulated"] for row in reader.rows())
            assert reader.manifest.counts.rows_out > 0
    assert not StageReader(run.path / "annotation" / "push").manifest.simulated


def test_the_right_label_of_not_entailment_is_one_of_the_other_two() -> None:
    drawn = Counter(truth(f"{n}", "not_entailment", 0) for n in range(400))
    assert set(drawn) == {"neutral", "contradiction"}
    assert min(drawn.values()) > 150
    assert truth("1", "entailment", 0) == "entailment"


def test_careful_reviewers_agree_on_the_intended_label(make_run: Make, candidates: Rows) -> None:
    out = make_run(candidates).run("decisions", reviewers="simulated", simulated=CAREFUL)
    decided = {row["pair_id"]: row for row in StageReader(out.directory).rows()}
    assert len(decided) == len(candidates)
    for candidate in candidates:
        row = decided[candidate["pair_id"]]
        assert row["label"] == truth(candidate["pair_id"], candidate["intended_label"], 0)
        assert (row["agreement"], row["votes"], row["revised"]) == (1.0, 3, False)
    assert out.manifest.facts["krippendorff_alpha"] == 1.0
    assert out.manifest.facts["percent_agreement"] == 1.0


def test_careless_reviewers_answer_at_once_and_anything(make_run: Make, candidates: Rows) -> None:
    settings = CAREFUL | {"annotators": 4, "careless": 1}
    out = make_run(candidates).run("pull", reviewers="simulated", simulated=settings)
    votes = list(StageReader(out.directory).rows())
    careless = [v for v in votes if v["annotator"] == "simulated-4"]
    assert {v["label"] for v in careless} == set(LABELS)
    assert (
        max(v["seconds"] for v in careless)
        < 2
        < min(v["seconds"] for v in votes if v["annotator"] != "simulated-4")
    )


def test_a_repeat_is_answered_anew_and_a_control_by_its_label(
    make_run: Make, candidates: Rows, tmp_path: Path
) -> None:
    controls = tmp_path / "controls.csv"
    controls.write_text(
        "premise,hypothesis,label\nПоезд ушёл в полдень.,Поезд ещё стоит.,contradiction\n",
        encoding="utf-8",
    )
    out = make_run(candidates).run(
        "pull",
        reviewers="simulated",
        push={"repeats": 1.0, "controls": str(controls)},
        simulated={"accuracy": 0.6, "discard": 0.0, "annotators": 3},
    )
    votes = list(StageReader(out.directory).rows())
    first = {(v["pair_id"], v["annotator"]): v["label"] for v in votes if v["kind"] == "item"}
    again = [
        (v["label"], first[v["pair_id"], v["annotator"]]) for v in votes if v["kind"] == "repeat"
    ]
    assert 0.2 < sum(a == b for a, b in again) / len(again) < 0.9
    judged = make_run(candidates, "careful").run(
        "pull", reviewers="simulated", push={"controls": str(controls)}, simulated=CAREFUL
    )
    asked = [v for v in StageReader(judged.directory).rows() if v["kind"] == "control"]
    assert {v["label"] for v in asked} == {"contradiction"} and len(asked) >= 3


def test_reviewers_err_discard_and_revise_as_often_as_asked(make_run: Make) -> None:
    rows = [
        {
            "pair_id": f"{n:032x}",
            "premise": f"Дом номер {n} стоит у реки.",
            "hypothesis": "Дом стоит у воды.",
            "intended_label": "entailment",
            "source": "stand-in",
        }
        for n in range(700)
    ]
    settings = {"accuracy": 0.7, "discard": 0.2, "revise": 0.3}
    out = make_run(rows).run("pull", reviewers="simulated", simulated=settings)
    votes = list(StageReader(out.directory).rows())
    labels = Counter(v["label"] for v in votes)
    judged = len(votes) - labels["discard"]
    revised = sum(bool(v["premise_revised"] or v["hypothesis_revised"]) for v in votes)
    assert labels["discard"] / len(votes) == pytest.approx(0.2, abs=0.03)
    assert labels["entailment"] / judged == pytest.approx(0.7, abs=0.04)
    assert labels["neutral"] == pytest.approx(labels["contradiction"], rel=0.35)
    assert revised / judged == pytest.approx(0.3, abs=0.04)
    assert {v["annotator"] for v in votes} == {"simulated-1", "simulated-2", "simulated-3"}


@pytest.mark.parametrize(
    ("text", "after"),
    [("Да", "Да."), ("Да.", "Да"), ("Да?", "Да?"), ("Да...", "Да..."), (".", "."), ("", "")],
)
def test_a_retouched_text_differs_in_its_full_stop_only(text: str, after: str) -> None:
    assert retouched(text) == after


def test_a_run_is_the_same_twice_and_another_with_another_seed(
    make_run: Make, candidates: Rows
) -> None:
    first, again, other = (
        make_run(candidates, name).run("report", reviewers="simulated", seed=seed)
        for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    for step in ("push", "simulated", "pull", "quality", "decisions", "queue", "report"):
        ours = first.directory.parent / step
        theirs = again.directory.parent / step
        files = (p.relative_to(ours) for p in sorted(ours.rglob("*")) if p.is_file())
        names = [name for name in files if name.name != "manifest.json"]
        assert names
        for name in names:
            assert (ours / name).read_bytes() == (theirs / name).read_bytes(), (step, name)
    assert first.manifest.content != other.manifest.content
