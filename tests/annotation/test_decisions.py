from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from annotation.aggregation import METHODS
from annotation.decisions import Opinion, decision, opinions, undecided
from annotation.stage import DecisionsSection
from rupairs.store import DROPPED, StageReader, read_table
from tests.annotation.voting import ballots

Rows = list[dict[str, Any]]
CANDIDATE = {"pair_id": "t", "premise": "Идёт снег", "hypothesis": "На улице зима"}


def opinion_on(labels: list[str], revisions: list[int] | None = None, **settings: Any) -> Opinion:
    rows = [("t", f"w{n}", label) for n, label in enumerate(labels)]
    frame = ballots(rows).assign(revisions=revisions or 0, simulated=False)
    return opinions(frame, DecisionsSection(**settings), 0)["t"]


@pytest.mark.parametrize(
    ("labels", "settings", "reason"),
    [
        (["neutral"], {"min_votes": 2}, "too_few_votes"),
        (["neutral"], {}, ""),
        (["neutral", "entailment"], {}, "no_majority"),
        (["neutral", "neutral", "entailment"], {"min_votes": 3}, ""),
        (["neutral", "neutral", "entailment"], {"min_posterior": 0.7}, "low_posterior"),
        (["neutral", "neutral", "entailment"], {"min_posterior": 0.6}, ""),
        (["neutral", "neutral", "entailment", "discard"], {}, "no_majority"),
        (["discard", "discard", "entailment"], {}, "discarded"),
        (["discard", "entailment"], {}, "no_majority"),
        (["discard", "entailment"], {"method": "wanli"}, "discarded"),
        (["neutral", "entailment"], {"method": "wanli"}, ""),
    ],
)
def test_why_an_item_is_dropped(labels: list[str], settings: Any, reason: str) -> None:
    assert undecided(opinion_on(labels, **settings), DecisionsSection(**settings)) == reason


def test_without_votes_an_item_is_not_reviewed() -> None:
    assert undecided(None, DecisionsSection()) == "not_reviewed"


@pytest.mark.parametrize(
    ("labels", "revisions", "texts"),
    [
        (["neutral", "neutral", "neutral"], [0, 0, 0], "На улице зима"),
        # One only changed a full stop: that version stands.
        (["neutral", "neutral", "neutral"], [0, 1, 0], "версия 1"),
        # One changed words and the others did not: the text stays.
        (["neutral", "neutral", "neutral"], [0, 2, 0], "На улице зима"),
        (["neutral", "neutral", "neutral"], [2, 1, 0], "версия 1"),
        # A vote for another label has no say in the texts.
        (["neutral", "entailment", "neutral"], [0, 1, 0], "На улице зима"),
        (["entailment", "neutral", "neutral"], [1, 2, 1], "версия 2"),
    ],
)
def test_whose_texts_stand(labels: list[str], revisions: list[int], texts: str) -> None:
    revised = {
        "premise_revised": [None] * 3,
        "hypothesis_revised": [f"версия {n}" if r else None for n, r in enumerate(revisions)],
    }
    row = decision(CANDIDATE, opinion_on(labels, revisions), revised)
    if (labels[0], revisions) == ("entailment", [1, 2, 1]):
        # Of those for the label both revised: either may be drawn.
        assert row["hypothesis"] in ("версия 1", "версия 2")
    else:
        assert row["hypothesis"] == texts
    assert row["revised"] == (row["hypothesis"] != CANDIDATE["hypothesis"])
    assert row["premise"] == CANDIDATE["premise"]


def test_an_adjudicated_label_wins_over_all_votes() -> None:
    frame = ballots([("t", "u", "neutral"), ("t", "v", "neutral"), ("t", "x", "entailment")])
    frame = frame.assign(simulated=False)
    frame.loc[2, "kind"] = "adjudication"
    strict = DecisionsSection(min_votes=9, min_posterior=0.99)
    found = opinions(frame, strict, 0)["t"]
    assert (found.label, found.adjudicated, found.texts) == ("entailment", True, 2)
    assert found.counts == Counter({"neutral": 2})
    assert undecided(found, strict) == ""
    frame.loc[2, "label"] = "discard"
    assert undecided(opinions(frame, strict, 0)["t"], strict) == "discarded"


def test_an_adjudicator_decides_what_nobody_voted_on() -> None:
    frame = ballots([("t", "x", "entailment")], "adjudication").assign(simulated=False)
    row = decision(CANDIDATE, opinions(frame, DecisionsSection(), 0)["t"], _none(1))
    assert (row["label"], row["votes"], row["agreement"]) == ("entailment", 0, 0.0)


def _none(rows: int) -> dict[str, list[str | None]]:
    return {"premise_revised": [None] * rows, "hypothesis_revised": [None] * rows}


def test_every_candidate_is_decided_or_dropped(
    make_run: Callable[..., Any], candidates: Rows, native: Any, write: Callable[[Any], Path]
) -> None:
    votes = [
        ["neutral", "neutral", "entailment"],
        ["discard", "discard", "entailment"],
        ["neutral", "entailment"],
        ["contradiction"],
        ["entailment", "entailment"],
    ]
    entries = [
        native.entry(c, *(native.annotation(c, label, by) for by, label in enumerate(labels)))
        for c, labels in zip(candidates, votes, strict=False)
    ]
    out = make_run(candidates).run(
        "decisions", pull={"export": str(write(entries))}, decisions={"min_votes": 2}
    )
    counts = out.manifest.counts
    assert (counts.rows_in, counts.rows_out) == (len(candidates), 2)
    assert counts.dropped_by_reason == {
        "discarded": 1,
        "no_majority": 1,
        "not_reviewed": len(candidates) - 5,
        "too_few_votes": 1,
    }
    evidence = {d["reason"]: d["evidence"] for d in read_table(out.directory / DROPPED).to_pylist()}
    assert evidence["no_majority"] == "entailment 1, neutral 1"
    rows = list(StageReader(out.directory).rows())
    assert [r["label"] for r in rows] == ["neutral", "entailment"]
    assert rows[0]["agreement"] == rows[0]["posterior"] == pytest.approx(2 / 3)
    assert not any(r["adjudicated"] for r in rows)
    facts = out.manifest.facts
    assert facts["label_shares"] == {"entailment": 0.5, "neutral": 0.5}
    assert facts["percent_agreement"] == pytest.approx((1 / 3 + 1 / 3 + 0 + 1) / 4, abs=1e-6)
    assert -1 < facts["krippendorff_alpha"] < 1
    assert facts["agreement"]["cohen_kappa"]["items"] == 2
    assert sorted(facts["votes_by_annotator"].values()) == [2, 4, 5]
    assert "Krippendorff" in (out.directory / "report.md").read_text(encoding="utf-8")


def test_one_label_alone_leaves_alpha_undefined(
    make_run: Callable[..., Any], candidates: Rows, native: Any, write: Callable[[Any], Path]
) -> None:
    entries = [
        native.entry(c, native.annotation(c, "neutral", 1), native.annotation(c, "neutral", 2))
        for c in candidates
    ]
    out = make_run(candidates).run("decisions", pull={"export": str(write(entries))})
    assert out.manifest.facts["krippendorff_alpha"] is None
    assert out.manifest.facts["percent_agreement"] == 1.0
    report = (out.directory / "report.md").read_text(encoding="utf-8")
    assert "| Krippendorff's alpha (nominal) | not defined |" in report


def test_an_export_without_votes_decides_nothing(
    make_run: Callable[..., Any], candidates: Rows, write: Callable[[Any], Path]
) -> None:
    out = make_run(candidates).run("report", pull={"export": str(write([]))})
    decided = StageReader(out.directory.parent / "decisions").manifest
    assert decided.counts.dropped_by_reason == {"not_reviewed": len(candidates)}
    assert decided.facts["percent_agreement"] is None
    assert decided.facts["label_shares"] == {}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_decides_a_run(
    make_run: Callable[..., Any], candidates: Rows, method: str
) -> None:
    out = make_run(candidates).run(
        "decisions", reviewers="simulated", decisions={"method": method}, simulated={"discard": 0.0}
    )
    rows = list(StageReader(out.directory).rows())
    assert len(rows) > 40
    assert all(0 < r["posterior"] <= 1 + 1e-9 and r["simulated"] for r in rows)
    assert out.manifest.facts["method"] == method
    assert not pd.DataFrame(rows)["pair_id"].duplicated().any()
