"""Cards in Russian: the figures of the English ones, and no English sentence."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data_cards.card import FOLDER
from data_cards.readme import read_readme
from data_cards.russian import CONDITIONS, counted, in_russian, markdown_in_russian
from data_cards.stage import CardSection, DataCardsSection, prose_hashes
from data_cards.terms import release_terms
from rupairs import licenses
from rupairs.embedded.llm import LICENSE_NOTE
from rupairs.encoder import encoder_facts
from rupairs.errors import UsageError
from rupairs.recipe import EncoderSection
from tests.data_cards import cards, test_pairs, test_ruwanli
from tests.data_cards.cards import english_left, numbers
from tests.training.encodechka_files import write_encodechka
from training.evaluation.measures import SETS, read_measures
from training.evaluation.report import notes_table
from training.stage import EvaluationSection

SEPARATION = {"gap": -0.1, "auc": 0.5, "overlap": 1.0, "mean_positive": 0.9, "mean_negative": 0.8}
SEPARATION |= {"median_positive": 0.7, "median_negative": 0.6}
SIDE = {"cosine": dict.fromkeys(SETS.values(), SEPARATION), "means": {}}
PLOTS = """
![Cosines of positives and negatives, RuHNP, held-out pairs](cosine.png)

The same with published encoders: [report.html](report.html).
"""


def notes() -> str:
    return notes_table({"before": SIDE, "after": SIDE, "remarks": []}) + PLOTS


def ruwanli(folder: Path) -> Path:
    pairs = [
        test_ruwanli.pair("Кот спит.", "Кот жив.", "entailment"),
        test_ruwanli.pair("Кот спит.", "Кот бежит.", "contradiction"),
        test_ruwanli.pair("Дом стоит.", "Дом новый.", "neutral", split="test"),
    ]
    votes = [test_ruwanli.vote(p.pair_id, "ff00", p.relation) for p in pairs]
    return test_ruwanli.release(folder, pairs, simulated=True, votes=votes)


RELEASES: dict[str, Callable[[Path], Path]] = {
    "pairs": lambda folder: test_pairs.release(folder).out,
    "pairs, some left out": lambda f: test_pairs.release(f, only_redistributable=True).out,
    "ruhnp": cards.ruhnp,
    "ruhnp, by rules": lambda folder: cards.ruhnp(folder, by_rule=2),
    "ruwanli": ruwanli,
    "ruwanli, one row": lambda folder: test_ruwanli.release(
        folder, [test_ruwanli.pair("а", "б", "neutral")]
    ),
    "encoder": lambda folder: cards.encoder(folder, notes()),
}


@pytest.fixture(scope="module", params=RELEASES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The folder of a release and its cards in English and in Russian."""
    out = RELEASES[request.param](tmp_path_factory.mktemp("release"))
    card = read_readme((out / "README.md").read_text("utf-8"), "README.md")
    return out, card.made, (out / "README.ru.md").read_text("utf-8")


def test_both_cards_name_the_same_figures(both: Any) -> None:
    _, english, russian = both
    assert numbers(english) == numbers(russian)
    assert numbers(english).total() > 10
    for text in (english, russian):
        assert re.search(r"^\|.*\d.*\|$", text, re.MULTILINE)


def test_the_card_in_russian_is_in_russian(both: Any) -> None:
    _, english, russian = both
    assert english_left(english), "so English is found where it is"
    assert english_left(russian) == []
    assert not re.search(r"{[{%#]|[}%#]}", russian)
    assert not russian.startswith("---")


def test_the_cards_name_each_other_and_files_that_are_there(both: Any) -> None:
    out, english, russian = both
    assert english.startswith("[По-русски](README.ru.md)\n\n# ")
    assert russian.startswith("[In English](README.md)\n\n# ")
    for text in (english, russian):
        links = re.findall(r"\]\((?!https?:)([^)]+)\)", text)
        assert [link for link in links if not (out / link).is_file()] == []
    assert re.findall(r"!\[.*?\]\((.*?)\)", english) == re.findall(r"!\[.*?\]\((.*?)\)", russian)


def test_the_usage_on_both_cards_runs(
    both: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out, english, russian = both
    if (out / "modules.json").is_file():
        pytest.skip("the encoder of these cards is none; that of a whole run is tried elsewhere")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path)
    for text in (english, russian):
        (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        assert FOLDER in code
        found: dict[str, Any] = {}
        exec(code.replace(FOLDER, str(out)), found)
        assert len(found["rows"]["train"]) >= 1


def test_usage_names_the_page_that_the_recipe_gives(tmp_path: Path) -> None:
    url = "https://huggingface.co/datasets/anna/hnp"
    out = cards.ruhnp(tmp_path, url=url)
    for name in ("README.md", "README.ru.md"):
        card = (out / name).read_text("utf-8")
        assert 'load_dataset("anna/hnp")' in card and FOLDER not in card
        assert f"howpublished = {{{url}}}" in card


def test_simulated_votes_and_rules_are_told_in_both(tmp_path: Path) -> None:
    for simulated in (False, True):
        out = cards.ruhnp(tmp_path / str(simulated), by_rule=2, simulated=simulated)
        english, russian = ((out / n).read_text("utf-8") for n in ("README.md", "README.ru.md"))
        assert ("Simulated reviewers" in english) == simulated
        assert ("Разметчики симулированы" in russian) == simulated
        assert "2 were made from the anchors by rules" in " ".join(english.split())
        assert "по правилам из исходных предложений получено 2, а 1 **" in " ".join(russian.split())


def test_each_card_has_its_own_prose(tmp_path: Path) -> None:
    files: dict[str, Any] = {"prose": tmp_path / "about.md", "prose_ru": tmp_path / "about.ru.md"}
    for name, path in files.items():
        path.write_text(f"Слова: {name}.\n", "utf-8")
    out = cards.ruhnp(tmp_path, **files)
    english, russian = ((out / n).read_text("utf-8") for n in ("README.md", "README.ru.md"))
    assert read_readme(english, "README.md").before == "Слова: prose."
    assert russian.startswith("Слова: prose_ru.\n\n[In English](README.md)\n\n# RuHNP\n")
    section = DataCardsSection(ruhnp=CardSection(**files))
    before = prose_hashes(section)
    assert len(set(before.values())) == 2
    files["prose_ru"].write_text("Иначе.", "utf-8")
    assert prose_hashes(section) != before
    files["prose_ru"].unlink()
    with pytest.raises(UsageError, match=r"about\.ru\.md: no such file"):
        CardSection(**files).russian_prose_text()


def test_notes_of_the_embedded_models_have_russian() -> None:
    encoder = encoder_facts(EncoderSection(), "similarity")
    for english in (LICENSE_NOTE, encoder.note, encoder.role):
        assert in_russian(english) != english
        assert numbers(in_russian(english)) == numbers(english)
        assert english_left(in_russian(english)) == []


def test_every_condition_of_a_license_has_russian() -> None:
    assert CONDITIONS.keys() == licenses.CONDITIONS.keys()
    for rows in ({"MIT": 21}, {"CC-BY-SA-3.0": 2, "CC-BY-4.0": 5}, {"unknown": 1, "MIT": 2}):
        terms = release_terms(rows)
        assert numbers(" ".join(terms.reasons)) == numbers(" ".join(terms.reasons_ru))
        assert english_left("\n".join(terms.reasons_ru)) == []
    assert release_terms({"MIT": 1}, of="a/b").reasons_ru[0].startswith("a/b: MIT (")


HELD_OUT: dict[str, list[tuple[int, str]]] = {
    "nothing": [(1, "train")],
    "no negatives": [(1, "test")],
    "no positives": [(-1, "test")],
    "both": [(1, "test"), (-1, "validation")],
    "elsewhere": [(1, "dev"), (-1, "dev")],
}


@pytest.mark.parametrize("case", HELD_OUT)
@pytest.mark.parametrize("leaks", ["flag", "remove"])
def test_every_remark_of_the_evaluation_has_russian(case: str, leaks: str, tmp_path: Path) -> None:
    facts = {"benchmarks": {"stsb_dev": 1_234}, "leaks": {"terra": {"stsb_dev": 5}}}
    pairs = [
        {"polarity": polarity, "split": split, "pair_id": str(n)}
        for n, (polarity, split) in enumerate(HELD_OUT[case])
    ]
    manifest = SimpleNamespace(facts=facts, config={"leaks": leaks})
    reader = SimpleNamespace(manifest=manifest, rows=lambda: iter(pairs))
    folder = write_encodechka(tmp_path / "encodechka") if case == "both" else None
    config = EvaluationSection(encodechka=folder, rows=20)
    for inputs in ({}, dict.fromkeys(SETS, reader)):
        remarks = read_measures(SimpleNamespace(config=config, inputs=inputs)).remarks  # type: ignore[arg-type]
        assert len(remarks) >= 2
        for remark in remarks:
            russian = markdown_in_russian(f"- {remark}")
            assert re.search("[а-я]", russian), remark
            assert english_left(russian) == []
            assert numbers(russian) == numbers(remark)


def test_what_has_no_russian_stays_as_it_is() -> None:
    for text in ("", "RuHNP", "Somebody else's note.", "| a | b |", "- "):
        assert markdown_in_russian(text) == text


@pytest.mark.parametrize(
    ("count", "said"),
    [
        *((0, "0 пар"), (1, "1 пара"), (3, "3 пары"), (5, "5 пар"), (11, "11 пар"), (12, "12 пар")),
        *((21, "21 пара"), (104, "104 пары"), (111, "111 пар"), (1_202, "1\xa0202 пары")),
    ],
)
def test_nouns_go_with_their_numbers(count: int, said: str) -> None:
    assert counted(count, "пара", "пары", "пар") == said
