"""The release of RuHNP: an anchor at a time, without what may not be passed on."""

import tracemalloc
from pathlib import Path

import pytest
from datasets import load_dataset

from data_cards.opening import opened_set
from data_cards.remote import publishable
from data_cards.verify import verify
from rupairs.pairs import Pair
from rupairs.store import read_table
from tests.data_cards import cards

OPEN = "CC-BY-SA-4.0; MIT"


def pair(anchor: int, text: int, polarity: int, license_id: str = OPEN) -> Pair:
    return Pair(
        query=f"Поезд номер {anchor} ушёл вечером.",
        passage=f"Состав {anchor} отправился {'не ' * (polarity < 0)}вечером, {text} раз.",
        relation="paraphrase" if polarity > 0 else "non_paraphrase",
        polarity=polarity,
        symmetric=True,
        group_id=str(anchor),
        source="ruhnp",
        source_revision="gen@r1",
        source_row=f"wikipedia:{anchor}#0",
        license=license_id,
        origin="generated",
        split="test" if anchor == 0 else "train",
    )


def anchor(number: int, closed: tuple[tuple[int, int], ...] = ()) -> list[Pair]:
    """Return two texts a side; `closed` are those, by polarity and number, of unknown terms."""
    return [
        pair(number, text, polarity, "CC-BY-SA-4.0; " if (polarity, text) in closed else OPEN)
        for polarity in (1, -1)
        for text in range(2)
    ]


def test_what_is_left_is_whole_anchors(tmp_path: Path) -> None:
    pairs = [*anchor(0), *anchor(1, ((1, 0),)), *anchor(2, ((-1, 0), (-1, 1))), *anchor(3)]
    whole = cards.ruhnp_context(tmp_path / "a", pairs)
    assert len(whole.facts["refusals"]) == 1 and "3 rows under" in whole.facts["refusals"][0]
    made = cards.ruhnp_context(tmp_path / "b", pairs, only_redistributable=True)
    assert made.facts["refusals"] == []
    assert made.facts["left_out"] == {"not_redistributable": 3, "incomplete_row": 2}
    rows = load_dataset(str(made.out), cache_dir=str(tmp_path / "cache"))
    assert [(len(r["pos"]), len(r["neg"])) for r in rows["train"]] == [(1, 2), (2, 2)]
    assert len(rows["test"]) == 1
    left_out = read_table(made.out / "left_out.parquet")
    assert left_out["reason"].to_pylist().count("incomplete_row") == 2
    assert "left_out.parquet" not in publishable(made.out)
    card = (made.out / "README.md").read_text("utf-8")
    assert "5 pairs may not be passed on and are left out." in card
    assert "| data_cards.ruhnp | 16 | 11 | 5 | not_redistributable 3, incomplete_row 2 |" in card
    with opened_set(str(made.out)) as found:
        assert [f for f in verify(found) if f.severity == "fault"] == []


def test_an_anchor_below_the_minimum_of_the_run_goes_as_a_whole(tmp_path: Path) -> None:
    pairs = [*anchor(0), *anchor(1, ((1, 0),))]
    made = cards.ruhnp_context(tmp_path, pairs, least=2, only_redistributable=True)
    assert made.facts["rows"]["default"] == {"train": 0, "validation": 0, "test": 1}
    assert made.facts["left_out"] == {"incomplete_row": 3, "not_redistributable": 1}


def test_a_large_set_is_not_held_and_becomes_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_cards.shards._ROWS_A_FILE", 500)
    monkeypatch.setattr("rupairs.store._BUFFER", 100)
    pairs = [p for number in range(2_000) for p in anchor(number)]
    reader = cards.ruhnp_inputs(tmp_path, pairs)
    tracemalloc.start()
    made = cards.ruhnp_of(tmp_path, reader)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    names = sorted(name for name in publishable(made.out) if name.endswith(".parquet"))
    assert names == ["test.parquet", *(f"train-{n:05d}.parquet" for n in range(4))]
    rows = load_dataset(str(made.out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(found) for split, found in rows.items()} == {"train": 1_999, "test": 1}
    # As dictionaries these 8,000 pairs take some 14 MB.
    assert peak < 9e6, f"{peak / 1e6:.1f} MB"
