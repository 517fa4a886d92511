import pytest

from ruwanli.heuristics import fault, tidy
from ruwanli.stage import FilterSection

EXAMPLES = [{"premise": "Кот спит на диване.", "hypothesis": "Кот отдыхает."}]
CONFIG = FilterSection()


@pytest.mark.parametrize(
    ("premise", "hypothesis", "reason"),
    [
        ("Да.", "Кот спит на диване дома.", "too_short"),
        ("Мама пришла домой.", "мама пришла домой", "identical_sides"),
        ("Вот пара предложений о доме.", "Дом стоит.", "meta_phrase"),
        ("Кот спит на диване!", "кот отдыхает", "copies_example"),
        ("Мальчик играет во дворе.", "The boy is playing outside.", "not_russian"),
        ("Мальчик играет во двoре.", "Мальчик гуляет.", "mixed_script"),
        ("Слово " * 100, "Мальчик гуляет.", "too_long"),
    ],
)
def test_faults(premise: str, hypothesis: str, reason: str) -> None:
    found = fault(premise, hypothesis, EXAMPLES, CONFIG)
    assert found is not None and found[0] == reason


def test_a_new_pair_passes() -> None:
    assert fault("Мальчик играет во дворе.", "Мальчик на улице.", EXAMPLES, CONFIG) is None


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        ("«Кот спит.»", "Кот спит."),
        ('"Кот спит."', "Кот спит."),
        ("(Кот спит.)", "Кот спит."),
        ('"Кот спит.', "Кот спит."),
        ("Кот спит)", "Кот спит"),
        ("«Кот» и «пёс»", "«Кот» и «пёс»"),
        ("Кот «Барсик» спит.", "Кот «Барсик» спит."),
    ],
)
def test_tidy(raw: str, tidied: str) -> None:
    assert tidy(raw) == tidied
