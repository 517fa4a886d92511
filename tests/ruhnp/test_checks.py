import pytest

from ruhnp.checks import first_fault
from ruhnp.stage import VerifySection
from ruhnp.verify import judged, out_of_band

ANCHOR = "В 1950 году он окончил институт и переехал в Ленинград."
CONFIG = VerifySection()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("positive", "Окончив институт в 1950 году, он перебрался в Ленинград."),
        ("negative", "В 1951 году он окончил институт и переехал в Ленинград."),
        ("negative", "В 1950 году институт он окончил и переехал в Ленинград."),
        ("negative", "В 1950 году он не окончил институт и не переехал в Ленинград."),
    ],
)
def test_good_texts_pass(kind: str, text: str) -> None:
    assert first_fault(ANCHOR, text, kind, CONFIG) is None


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("positive", "В 1950 году он окончил институт, и переехал в Ленинград!", "copy"),
        ("negative", "в 1950 году он окончил институт и переехал в Ленинград.", "copy"),
        ("positive", "В 1950 году он окончил институты и переехал в Ленинград.", "near_copy"),
        ("positive", "Окончив институт в 1951 году, он перебрался в Ленинград.", "numbers_changed"),
        (
            "positive",
            "В 1950 году он не доучился и уехал в Ленинград.",
            "negation_changed",
        ),
        (
            "negative",
            "В 1950 году он окончил институты и переехали в Ленинграде.",
            "only_inflection",
        ),
        ("positive", "Да.", "length"),
        ("negative", "In 1950 he graduated and moved to Leningrad at once.", "not_russian"),
        ("negative", "В 1950 году он oкончил институт и уехал из Ленинграда.", "mixed_script"),
        ("negative", "Вот вариант: в 1950 году он бросил институт и уехал.", "meta_phrase"),
        ("negative", "В 1950 году он бросил институт и уехал из", "unfinished"),
        ("negative", "Он был там и он был там и он был там и он был там.", "loop"),
    ],
)
def test_faults_are_named_with_evidence(kind: str, text: str, reason: str) -> None:
    found = first_fault(ANCHOR, text, kind, CONFIG)
    assert found is not None and found[0] == reason and found[1]


def row(kind: str, text: str) -> dict[str, object]:
    return {"anchor_id": "a", "anchor": ANCHOR, "kind": kind, "text": text}


def test_repeats_inside_a_row() -> None:
    same = "Окончив институт в 1950 году, он перебрался в Ленинград."
    other = "Институт он окончил в 1950 году, после чего уехал в Ленинград."
    rows = [
        row("positive", same),
        row("positive", same.replace("Окончив", "окончив")),
        row("positive", other),
        row("negative", other),
    ]
    faults = [fault[0] if fault else None for _, fault in judged(rows, CONFIG)]
    assert faults == [None, "repeated_in_row", *["positive_equals_negative"] * 2]


def test_bands_and_thresholds() -> None:
    assert out_of_band("positive", 0.9, CONFIG) is None
    assert out_of_band("positive", 0.8, CONFIG) == ("not_similar", "0.800 < 0.88")
    loose = VerifySection(min_positive_similarity=0.7)
    assert out_of_band("positive", 0.8, loose) is None
