import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruwanli.heuristics import fault, tidy
from ruwanli.stage import FilterSection

EXAMPLES = [{"premise": "Кот спит у печки.", "hypothesis": "Кот отдыхает."}]
CONFIG = FilterSection()
MARKS = "«»\"“”„'()"
PLAIN = st.text("абвёАЯ .,!?-—0123456789", min_size=1).filter(lambda text: bool(text.strip()))


@pytest.mark.parametrize(
    ("premise", "hypothesis", "reason"),
    [
        ("Да.", "Кот спит на диване дома.", "too_short"),
        ("Кот спит на диване дома.", "", "too_short"),
        ("Мама пришла домой.", "мама пришла домой", "identical_sides"),
        ("Ёлка стоит в углу.", "«Елка» стоит в углу!", "identical_sides"),
        ("Вот пара предложений о доме.", "Дом стоит.", "meta_phrase"),
        ("Дом стоит. Следует: дом есть.", "Дом построен.", "meta_phrase"),
        ("Дом стоит у реки.", "Не следует: дом есть.", "meta_phrase"),
        ("Дети играли во дворе.", "Говорящий любит детей.", "meta_phrase"),
        ("Кот спит у печки!", "кот отдыхает", "copies_example"),
        ("Битва шла <strong>два дня</strong>.", "Битва закончилась.", "markup"),
        ("Битва шла два дня.", "Битва закончилась **победой**.", "markup"),
        ("Битва шла< strong> два дня< /strong>.", "Битва закончилась.", "markup"),
        ("Мальчик играет во дворе.", "The boy is playing outside.", "not_russian"),
        ("Мальчик играет во двoре.", "Мальчик гуляет.", "mixed_script"),
        ("Слово " * 100, "Мальчик гуляет.", "too_long"),
        ("Он шёл и шёл и шёл и шёл и шёл домой.", "Он шёл домой.", "loop"),
    ],
)
def test_faults(premise: str, hypothesis: str, reason: str) -> None:
    found = fault(premise, hypothesis, EXAMPLES, CONFIG)
    assert found is not None and found[0] == reason


@pytest.mark.parametrize(
    ("premise", "hypothesis"),
    [
        ("Мальчик играет во дворе.", "Мальчик на улице."),
        ("Температура: 5 < 7 > 3.", "В комнате стало теплее, чем утром."),
        ("Из доклада следует: город растёт.", "В городе стало больше жителей."),
        ("Говорящий попугай сидит на жёрдочке.", "Попугай умеет говорить."),
        ("Кот спит у печки", "У печки лежат вышитые подушки."),
        ("Кот отдыхает.", "Это рыжий соседский кот."),
    ],
)
def test_good_pairs_pass(premise: str, hypothesis: str) -> None:
    assert fault(premise, hypothesis, EXAMPLES, CONFIG) is None


def test_the_first_fault_is_told() -> None:
    assert fault("Да", "да!", EXAMPLES, CONFIG) == ("too_short", "Да")


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        ("«Кот спит.»", "Кот спит."),
        ('"Кот спит."', "Кот спит."),
        ("„Кот спит.“", "Кот спит."),
        ("(Кот спит.)", "Кот спит."),
        ("«(Кот спит.)»", "Кот спит."),
        ('"Кот спит.', "Кот спит."),
        ("Кот спит)", "Кот спит"),
        ("Кот “спит”", "Кот “спит”"),
        ("Кот „спит“", "Кот „спит“"),
        ("«Кот» и «пёс»", "«Кот» и «пёс»"),
        ("Кот «Барсик» спит.", "Кот «Барсик» спит."),
        ("Д'Артаньян спит.", "Д'Артаньян спит."),
        ("1) Кот спит.", "1) Кот спит."),
    ],
)
def test_tidy(raw: str, tidied: str) -> None:
    assert tidy(raw) == tidied


@given(PLAIN, st.sampled_from([("«", "»"), ('"', '"'), ("“", "”"), ("„", "“"), ("(", ")")]))
def test_marks_put_around_or_at_one_end_of_a_plain_text_go_again(
    text: str, marks: tuple[str, str]
) -> None:
    plain = text.strip()
    opening, closing = marks
    assert tidy(plain) == plain
    for dressed in (f"{opening}{plain}{closing}", f"{opening}{plain}", f"{plain}{closing}"):
        assert tidy(f" {dressed}\n") == plain


@given(st.text(f"аб {MARKS}"))
def test_tidy_takes_away_marks_at_the_ends_and_nothing_else(text: str) -> None:
    found = tidy(text)
    assert found in text
    before, _, after = text.partition(found) if found else (text, "", "")
    assert not set(before + after) - set(f" {MARKS}") or not found
    assert [c for c in found if c in "аб"] == [c for c in text if c in "аб"]
