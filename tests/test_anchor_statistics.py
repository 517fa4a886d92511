from rupairs.anchor_statistics import Statistics
from tests.ruhnp.finished import verified

ANCHOR = "Старый паром ходит через пролив."
FACTS = {"incomplete_anchors": 2}


def counted() -> Statistics:
    statistics = Statistics()
    statistics.add(
        [
            verified(ANCHOR, "positive", "Паром ходит."),
            verified(ANCHOR, "positive", "Ходит паром старый.", "word_order", origin="rule"),
            verified(ANCHOR, "negative", "Паром не ходит.", "negation"),
        ],
        "train",
    )
    other = "Пять лодок стоят у причала."
    statistics.add(
        [
            verified(other, "positive", "У причала стоят пять лодок."),
            verified(other, "negative", "Шесть лодок стоят у причала.", "number"),
            verified(other, "negative", "Пять лодок тонут.", "antonym"),
            verified(other, "negative", "Девять лодок стоят.", "number"),
        ],
        "test",
    )
    return statistics


def test_figures() -> None:
    found = counted().facts()
    assert (found["anchors"], found["pairs"]) == (2, 7)
    assert found["splits"] == {
        "test": {"anchors": 1, "pairs": 4},
        "train": {"anchors": 1, "pairs": 3},
    }
    assert found["per_anchor"]["neg"] == {
        "mean": 2.0,
        "least": 1,
        "most": 3,
        "anchors": {"1": 1, "3": 1},
    }
    assert found["medians"]["query"] == {"texts": 2, "characters": 29.5, "words": 5}
    assert found["medians"]["pos"] == {"texts": 3, "characters": 19, "words": 3}
    assert found["changes"]["neg"] == {"number": 2, "antonym": 1, "negation": 1}
    assert found["changes"]["pos"] == {"free (generated)": 2, "word_order": 1}
    assert found["origins"]["pos"] == {"generated": 2, "rule": 1}


def test_the_page_has_every_figure() -> None:
    statistics = counted()
    page = statistics.notes({"statistics": statistics.facts(), **FACTS})
    for line in (
        "2 anchors, 7 pairs. Anchors with too few texts: 2, in `incomplete.parquet`.",
        "| train | 1 | 3 |",
        "| neg | 2.00 | 1 | 3 |",
        "| query | 2 | 29.5 | 5 |",
        "| number | 0 | 2 |",
        "| rule | 1 | 0 |",
    ):
        assert line in page
