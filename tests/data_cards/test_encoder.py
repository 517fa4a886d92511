"""The encoder's card: what the saved folder and every phase of training say."""

from pathlib import Path

from data_cards.modules import described
from data_cards.readme import read_readme
from tests.data_cards import cards


def test_pooling_and_prompts_are_those_of_the_folder(tmp_path: Path) -> None:
    out = cards.encoder(tmp_path, "")
    card = (out / "README.md").read_text("utf-8")
    told = " ".join(card.split())
    assert "Vectors of 312 dimensions. Pooling: cls. Modules: Transformer, Pooling." in told
    assert "Prompts: `query` is `вопрос: `; without a name, `вопрос: `." in told
    assert "Mean pooling" not in card and "passage: " not in card
    assert "Пулинг: первый токен." in " ".join((out / "README.ru.md").read_text("utf-8").split())
    assert read_readme(card, "README.md").front["base_model"] == ["a/b"]


def test_every_phase_has_its_table_and_says_nothing_twice(tmp_path: Path) -> None:
    card = (cards.encoder(tmp_path, "") / "README.md").read_text("utf-8")
    first, second = card.index("### stage1"), card.index("### encoder")
    assert first < second
    assert "| steps | 1500 |" in card[first:second] and "| examples | 90 |" in card[first:second]
    # A clock and a kill decide nothing of a card.
    assert "seconds" not in card and "second |" not in card and "resumed" not in card
    last = card[second:]
    assert last.count("| steps |") == 1 and "| steps | 200 |" in last
    assert "| angle weight | 0 |" in last and "| only | terra |" in last
    assert "None" not in card and "loss curve" not in card
    assert "| final loss | 0.25 |" in last
    assert "No benchmark texts were looked for in the harvested pairs" in last
    assert "@misc{russian-sentence-encoder," in last


def test_pooling_is_read_as_newer_and_older_files_say_it(tmp_path: Path) -> None:
    assert described(tmp_path).pooling == "" and described(tmp_path).modules == ()
    (tmp_path / "modules.json").write_text('[{"path": "1", "type": "x.Pooling"}]', "utf-8")
    (tmp_path / "1").mkdir()
    for text, mode in (
        ('{"pooling_mode": "mean", "embedding_dimension": 16}', "mean"),
        ('{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false}', "mean"),
        ('{"pooling_mode_cls_token": true}', "cls"),
    ):
        (tmp_path / "1" / "config.json").write_text(text, "utf-8")
        assert described(tmp_path).pooling == mode
