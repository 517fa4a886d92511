"""Which kinds of change an anchor is asked for; the examples that ask for them change one thing."""

from collections import Counter

import pytest

from ruhnp.checks import Checked, first_fault
from ruhnp.kinds import KINDS, kinds_for, lends_itself
from ruhnp.stage import PROMPTS, VerifySection
from rupairs.llm.task import load_task

NUMBERS = (
    "Мост через реку строили три года.",
    "Завод выпустил 25 станков.",
    "Крепость заложили в XVII веке.",
    "Двадцать пять лодок вышли в море.",
)
# Words that look like numbers, and what only hints at one.
NONE = (
    "Семья лесника жила у озера.",
    "Сотрудники музея нашли клад.",
    "Во вторник ярмарку закрыли.",
    "Стопка старых писем сгорела.",
    "Он гордился своей большой семьёй.",
    "Пятно на карте оказалось болотом.",
)


@pytest.mark.parametrize("anchor", NUMBERS)
def test_an_anchor_with_a_number_may_have_it_changed(anchor: str) -> None:
    assert "number" in lends_itself(anchor)


@pytest.mark.parametrize("anchor", NONE)
def test_an_anchor_without_one_is_not_asked_for_another(anchor: str) -> None:
    assert "number" not in lends_itself(anchor)


def test_each_kind_is_asked_for_once_before_any_twice() -> None:
    anchor = "Иван Петров построил в Твери три мельницы."
    asked = kinds_for(anchor, "a", 12, seed=1)
    assert Counter(asked[: len(KINDS)]) == Counter(KINDS)
    assert list(asked[5:]) == list(kinds_for(anchor, "a", 7, seed=1, first=5))


def test_the_examples_of_the_prompt_change_one_thing_each() -> None:
    task = load_task(PROMPTS / "hard_negative.v3.toml", len(KINDS))
    kind_of = {said: kind for kind, said in task.kinds.items()}
    for example in task.examples:
        kind = kind_of[example["kind"]]
        item = Checked(example["anchor"], example["text"], "negative", kind)
        assert first_fault(item, VerifySection()) is None, example
        gone, come = (set(example[a].split()) - set(example[b].split()) for a, b in SIDES)
        if kind != "role_swap":
            assert len(gone) <= 3 and len(come) <= 4, (gone, come)
        if kind == "negation":
            assert (gone, come) == (set(), {"не"})
    assert {kind_of[e["kind"]] for e in task.examples} == set(KINDS)


SIDES = (("anchor", "text"), ("text", "anchor"))
