"""The license of a release, from the licenses of its rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_cards.terms import refusals, release_terms

OPEN = ["MIT", "Apache-2.0", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0"]
CLOSED = ["unknown", "CC-BY-ND-4.0", "LicenseRef-Someone-Credentialed-1.0", "a license of mine"]


@pytest.mark.parametrize(
    ("licenses", "hub"),
    [
        (["MIT"], "mit"),
        (["MIT", "CC0-1.0"], "mit"),
        (["CC0-1.0"], "cc0-1.0"),
        (["Gemma Terms of Use", "CC0-1.0; Gemma Terms of Use"], "gemma"),
        (["MIT", "CC-BY-SA-3.0", "CC-BY-SA-4.0"], "cc-by-sa-4.0"),
        (["CC-BY-4.0", "CC-BY-NC-SA-4.0"], "cc-by-nc-sa-4.0"),
        (["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0"], "cc-by-nc-sa-4.0"),
        # One adaptation cannot satisfy these at once.
        (["CC-BY-SA-4.0", "CC-BY-NC-SA-4.0"], "other"),
        (["CC-BY-SA-4.0", "CC-BY-NC-4.0"], "other"),
        (["CC-BY-SA-4.0; Gemma Terms of Use"], "other"),
        (["MIT", "Apache-2.0"], "other"),
        (["MIT", "unknown"], "unknown"),
        (["CC-BY-SA-4.0; "], "unknown"),
    ],
)
def test_the_release_has_the_strictest_terms(licenses: list[str], hub: str) -> None:
    found = release_terms(dict.fromkeys(licenses, 2))
    assert found.hub == hub
    assert (found.name != "") == (hub == "other")


def test_what_forbids_a_release_names_its_rows() -> None:
    rows = [(f"pair-{n}", "unknown" if n % 2 else "MIT") for n in range(10)]
    (refusal,) = refusals([*rows, ("pair-x", "CC0-1.0")])
    assert (refusal.rows, refusal.examples) == (5, ("pair-1", "pair-3", "pair-5"))
    assert "5 rows under unknown" in str(refusal)
    assert str(refusal).endswith("pair-1, pair-3, pair-5, …")


def test_the_part_of_a_row_that_is_closed_closes_it() -> None:
    (refusal,) = refusals([("a", "MIT; CC-BY-ND-4.0")])
    assert refusal.condition == "no_derivatives"


@given(st.dictionaries(st.sampled_from(OPEN + CLOSED), st.integers(1, 9), min_size=1))
def test_a_release_has_a_license_unless_a_row_forbids_it(rows: dict[str, int]) -> None:
    each = [(f"{name}{n}", name) for name, count in rows.items() for n in range(count)]
    closed = sum(refusal.rows for refusal in refusals(each))
    assert closed == sum(count for name, count in rows.items() if name in CLOSED)
    assert (release_terms(rows).hub == "unknown") == bool(closed)
