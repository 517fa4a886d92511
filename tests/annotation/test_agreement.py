import pytest

from annotation.agreement import alpha, percent_agreement


def test_observed_agreement_is_averaged_over_items() -> None:
    items = [["a", "a", "a"], ["a", "a", "b"], ["a", "b"], ["b"], []]
    assert percent_agreement(items) == pytest.approx((1 + 1 / 3 + 0) / 3, abs=1e-6)


def test_alpha_is_that_of_the_published_example() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: nominal data,
    # four observers, twelve units, missing values; alpha is 0.743.
    rows = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    units = [[v for v in unit if v != "."] for unit in zip(*rows, strict=True)]
    assert alpha(units) == pytest.approx(0.743, abs=5e-4)


def test_perfect_agreement_on_two_labels_is_one() -> None:
    assert alpha([["a", "a"], ["b", "b"]]) == 1.0


@pytest.mark.parametrize("items", [[], [["a"], ["b"]], [["a", "a"], ["a", "a", "a"], ["b"]]])
def test_alpha_without_expected_disagreement_is_not_defined(items: list[list[str]]) -> None:
    assert alpha(items) is None


def test_agreement_without_two_votes_is_not_defined() -> None:
    assert percent_agreement([["a"], []]) is None
