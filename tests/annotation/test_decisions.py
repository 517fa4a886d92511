from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.decisions import decision, verdict
from annotation.page import LABELS
from rupairs.store import StageReader

Rows = list[dict[str, Any]]
CANDIDATE = {"pair_id": "a", "premise": "Идёт снег", "hypothesis": "На улице зима"}


@pytest.mark.parametrize(
    ("labels", "min_votes", "decided"),
    [
        ([], 1, (None, "not_reviewed")),
        (["neutral"], 2, (None, "too_few_votes")),
        (["neutral"], 1, ("neutral", "")),
        (["neutral", "entailment"], 1, (None, "no_majority")),
        (["neutral", "neutral", "entailment"], 3, ("neutral", "")),
        (["neutral", "neutral", "entailment", "discard"], 1, (None, "no_majority")),
        (["discard", "discard", "entailment"], 1, (None, "discarded")),
        (["discard", "entailment"], 1, (None, "no_majority")),
        (["neutral", "entailment", "contradiction"], 1, (None, "no_majority")),
    ],
)
def test_the_verdict(labels: list[str], min_votes: int, decided: tuple[str | None, str]) -> None:
    assert verdict(labels, min_votes) == decided


@given(st.lists(st.sampled_from(LABELS), max_size=7), st.randoms())
def test_a_verdict_needs_more_than_half_and_no_order(labels: list[str], random: Any) -> None:
    label, reason = verdict(labels, 1)
    mixed = list(labels)
    random.shuffle(mixed)
    assert verdict(mixed, 1) == (label, reason)
    assert (label is None) == bool(reason)
    if label is not None:
        assert label != "discard"
        assert 2 * labels.count(label) > len(labels)


def vote(number: int, label: str, premise: str | None = None, text: str | None = None) -> Any:
    return {
        "vote_id": str(number),
        "created_at": f"2026-03-01T09:00:{number:02d}Z",
        "label": label,
        "premise_revised": premise,
        "hypothesis_revised": text,
        "simulated": False,
    }


def test_half_of_the_agreeing_voters_revise_the_text() -> None:
    votes = [
        vote(3, "neutral", text="Сейчас зима"),
        vote(2, "neutral", premise="Идёт снег."),
        vote(1, "entailment", text="На дворе зима"),
        vote(4, "neutral"),
        vote(5, "neutral"),
    ]
    row = decision(CANDIDATE, votes, "neutral")
    assert (row["premise"], row["hypothesis"]) == ("Идёт снег.", "На улице зима")
    assert row["revised"] and row["agreement"] == 0.8 and row["votes"] == 5


def test_fewer_than_half_leave_the_text_as_it_is() -> None:
    votes = [vote(1, "neutral", text="Сейчас зима"), vote(2, "neutral"), vote(3, "neutral")]
    row = decision(CANDIDATE, votes, "neutral")
    assert row["hypothesis"] == CANDIDATE["hypothesis"]
    assert not row["revised"]


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
    rows = list(StageReader(out.directory).rows())
    assert [r["label"] for r in rows] == ["neutral", "entailment"]
    assert rows[0]["agreement"] == pytest.approx(2 / 3)
    facts = out.manifest.facts
    assert facts["label_shares"] == {"entailment": 0.5, "neutral": 0.5}
    assert facts["percent_agreement"] == pytest.approx((1 / 3 + 1 / 3 + 0 + 1) / 4, abs=1e-6)
    assert -1 < facts["krippendorff_alpha"] < 1
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
    assert "(nominal) is not defined" in (out.directory / "report.md").read_text(encoding="utf-8")


def test_an_export_without_votes_decides_nothing(
    make_run: Callable[..., Any], candidates: Rows, write: Callable[[Any], Path]
) -> None:
    out = make_run(candidates).run("decisions", pull={"export": str(write([]))})
    assert out.manifest.counts.dropped_by_reason == {"not_reviewed": len(candidates)}
    assert out.manifest.facts["percent_agreement"] is None
    assert out.manifest.facts["label_shares"] == {}
