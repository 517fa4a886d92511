"""A README on the Hub keeps what other people wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_cards.readme import BEGIN, Readme, displaced, merged, read_readme
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
