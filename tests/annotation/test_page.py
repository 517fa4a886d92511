import pytest

from annotation.page import LABELS, PAGE, PARAPHRASE, faults, read_page, triple_faults
from annotation.tasks import SHOWN
from rupairs.errors import RupairsError

FIELDS = SHOWN


def test_the_packaged_page_fits_the_tasks_and_the_reader() -> None:
    page = read_page(FIELDS)
    assert faults(page, FIELDS) == []
    for label in LABELS:
        assert f'alias="{label}"' in page


def test_a_field_missing_from_the_tasks_is_named_with_the_file() -> None:
    with pytest.raises(RupairsError, match=r"nli\.xml.*\$hypothesis is not in the tasks' data"):
        read_page(["task", "premise"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<View>", "<Vie", "not XML"),
        ('value="$premise"/>', 'value="$first"/>', "$first is not in the tasks' data"),
        ('name="nli"', 'name="label"', "no <Choices name='nli'>"),
        ('name="nli" toName="hypothesis"', 'name="nli" toName="premise"', "must point to hypo"),
        ('toName="premise"', 'toName="text"', "points to text, which is not on the page"),
        ('alias="neutral"', 'alias="Neutral"', "offers ['entailment', 'Neutral'"),
        ('hotkey="2"', 'hotkey="1"', "a hotkey of its own"),
        ('required="true"', 'required="false"', "must be required"),
        ('choice="single-radio"', 'choice="multiple"', "single choice"),
        ('name="premise_revised"', 'name="premise"', "premise is used twice"),
        ('name="premise_revised"', 'name="fixed"', "no <TextArea name='premise_revised'>"),
        (
            'toName="hypothesis" value="$hypothesis" edit',
            'toName="hypothesis" value="$premise" edit',
            "filled with $hypothesis",
        ),
    ],
)
def test_a_page_that_does_not_fit_is_found_out(old: str, new: str, said: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert old in page
    assert any(said in fault for fault in faults(page.replace(old, new), FIELDS))


TRIPLE = ["task", "query", "first", "second"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('value="$query"', 'value="$anchor"', "$anchor is not in the tasks' data"),
        ('alias="same"', 'alias="equal"', "first_meaning offers"),
        ('toName="second"', 'toName="first"', "second_meaning must point to second"),
        ('hotkey="9"', 'hotkey="2"', "a hotkey of its own"),
    ],
)
def test_a_page_of_triples_that_does_not_fit_is_found_out(old: str, new: str, said: str) -> None:
    page = read_page(TRIPLE, PARAPHRASE)
    assert triple_faults(page, TRIPLE) == []
    assert old in page
    assert any(said in fault for fault in triple_faults(page.replace(old, new), TRIPLE))
