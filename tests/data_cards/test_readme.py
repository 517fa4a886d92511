"""A README on the Hub keeps what other people wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_cards.readme import BEGIN, Readme, displaced, merged, read_readme, with_prose
from rupairs.errors import RupairsError

OURS = Readme(
    {"language": ["ru"], "license": "mit", "tags": ["synthetic"]}, "# RuHNP\n\nДве строки."
)
THEIRS = """\
---
license: apache-2.0
extra_gated_prompt: Скажите, зачем вам данные.
tags:
- wikipedia
---

Эту часть написал человек: «не меняйте её».

{}
"""


def test_text_around_what_is_made_stays() -> None:
    first = merged(OURS, read_readme(THEIRS.format(""), "README.md"))
    assert first.before == "Эту часть написал человек: «не меняйте её»."
    assert first.front == {
        "language": ["ru"],
        "license": "mit",
        "tags": ["wikipedia", "synthetic"],
        "extra_gated_prompt": "Скажите, зачем вам данные.",
    }
    edited = first.text().rstrip() + "\n\nА это дописали ниже.\n"
    again = merged(Readme(OURS.front, "# RuHNP 2"), read_readme(edited, "README.md"))
    assert (again.made, again.after) == ("# RuHNP 2", "А это дописали ниже.")
    assert "Две строки" not in again.text()


def test_prose_of_the_release_says_what_it_would_displace() -> None:
    ours = Readme(OURS.front, OURS.made, before="Наш текст.")
    theirs = read_readme(THEIRS.format(""), "README.md")
    assert displaced(ours, theirs) == ["Эту часть написал человек: «не меняйте её»."]
    assert displaced(OURS, theirs) == []
    assert displaced(ours, merged(ours, theirs)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\ntags: [a\n---\n", "not YAML at line"),
        ("---\n- a\n---\n", "no mapping"),
        (f"Текст\n{BEGIN}\nещё", "is gone"),
    ],
)
def test_a_readme_that_cannot_be_kept_is_an_error(text: str, said: str) -> None:
    with pytest.raises(RupairsError, match=said):
        read_readme(text, "README.md")


prose = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.strip)


@given(before=prose, made=prose, after=prose)
def test_a_readme_comes_back_as_it_went(before: str, made: str, after: str) -> None:
    whole = Readme({"license": "mit"}, made or "x", before, after)
    assert read_readme(whole.text(), "README.md") == whole


def test_what_an_earlier_release_said_of_its_license_and_reviewers_goes() -> None:
    other = {"license": "other", "license_name": "several", "license_link": "README.md#license"}
    before = Readme({**other, "tags": ["nli", "synthetic", "simulated-annotation"]}, "# 1")
    found = merged(OURS, read_readme(before.text(), "README.md"))
    assert found.front == {"language": ["ru"], "license": "mit", "tags": ["nli", "synthetic"]}
    simulated = Readme({**OURS.front, "tags": ["simulated-annotation"]}, "# 2")
    assert merged(simulated, before).front["tags"] == ["nli", "synthetic", "simulated-annotation"]
    bare = Readme({"tags": ["nli"]}, "# 3")
    assert merged(bare, before).front["license_name"] == "several"


def test_prose_of_an_earlier_release_may_be_replaced() -> None:
    first = with_prose(Readme(OURS.front, "# 1", before="Наш текст."))
    second = with_prose(Readme(OURS.front, "# 2", before="Наш новый текст."))
    there = read_readme(first.text(), "README.md")
    assert displaced(second, there) == []
    assert merged(second, there).before == "Наш новый текст."
    edited = read_readme(first.text().replace("Наш текст.", "Наш текст. И чужой."), "README.md")
    assert displaced(second, edited) == ["Наш текст. И чужой."]
    assert with_prose(OURS) == OURS
