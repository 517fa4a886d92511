import pytest

from annotation.page import LABELS, PAGE, faults, read_page
from annotation.tasks import TASK_SCHEMA
from rupairs.errors import RupairsError

FIELDS = TASK_SCHEMA.names


def test_the_packaged_page_fits_the_tasks_and_the_reader() -> None:
    page = read_page(FIELDS)
    assert faults(page, FIELDS) == []
    for label in LABELS:
        assert f'alias="{label}"' in page


def test_a_field_missing_from_the_tasks_is_named_with_the_file() -> None:
    with pytest.raises(RupairsError, match=r"nli\.xml.*\$hypothesis is not in the tasks' data"):
        read_page(["pair_id", "premise"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<View>", "<Vie", "not XML"),
        ('value="$premise"/>', 'value="$first"/>', "$first is not in the tasks' data"),
        ('name="nli"', 'name="label"', "no <Choices name='nli'>"),
        ('name="nli" toName="hypothesis"', 'name="nli" toName="premise"', "must point to hypo"),
        ('toName="premise"', 'toName="text"', "points to text, which is not on the page"),
        ('alias="neutral"', 'alias="Neutral"', "offers ['entailment', 'Neutral'"),
        ('hotkey="2"', 'hotkey="1"', "hotkey of its own"),
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
