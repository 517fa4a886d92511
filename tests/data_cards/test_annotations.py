"""The adjudicators' decisions among the released votes."""

from data_cards.annotations import annotations
from tests.data_cards.test_ruwanli import candidate, pair, vote

CAT, HOUSE = (
    pair("Кот спит.", "Кот жив.", "neutral", "test"),
    pair("Дом стоит.", "Он нов.", "neutral"),
)
CANDIDATES = [candidate(CAT), candidate(HOUSE)]
RELEASED = [CAT.row(), HOUSE.row()]


def test_a_decision_is_a_row_after_the_votes_by_an_opaque_annotator() -> None:
    votes = [
        vote(CAT.pair_id, name, label) for name, label in (("bb", "neutral"), ("cc", "discard"))
    ]
    last = vote(
        CAT.pair_id,
        "aa",
        "neutral",
        kind="adjudication",
        task="of the queue",
        hypothesis_revised="Кот живой.",
    )
    rows = list(annotations(votes, CANDIDATES, RELEASED, [*votes, last]))
    assert [(r["kind"], r["annotator"]) for r in rows] == [
        ("item", "annotator-002"),
        ("item", "annotator-003"),
        ("adjudication", "annotator-001"),
    ]
    found = rows[-1]
    assert (found["premise"], found["hypothesis"]) == ("Кот спит.", "Кот жив.")
    assert (found["label"], found["hypothesis_revised"]) == ("neutral", "Кот живой.")
    assert (found["pair_id"], found["split"]) == (CAT.pair_id, "test")


def test_a_decision_given_among_the_votes_is_there_once_and_controls_stay_controls() -> None:
    votes = [
        vote(HOUSE.pair_id, "bb", "neutral"),
        vote(HOUSE.pair_id, "aa", "entailment", vote_id="18", latest=False),
        vote(HOUSE.pair_id, "aa", "contradiction", vote_id="18.2"),
        vote("a control", "aa", "neutral", kind="control", hypothesis_revised="Чужой текст."),
    ]
    # All that an adjudicator answered has that kind among the votes that count.
    counted = [votes[0], *(v | {"kind": "adjudication"} for v in votes[2:])]
    rows = list(annotations(votes, CANDIDATES, RELEASED, counted))
    assert [r["kind"] for r in rows] == ["item", "item", "adjudication", "control"]
    assert [r["label"] for r in rows] == ["neutral", "entailment", "contradiction", "neutral"]
    assert rows[-1]["hypothesis_revised"] is None
