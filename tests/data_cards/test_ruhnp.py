"""The release of RuHNP: an anchor at a time, without what may not be passed on."""

import json
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


def test_the_card_has_figures_faults_and_how_to_cite(tmp_path: Path) -> None:
    made = cards.ruhnp_context(tmp_path, [*anchor(0), *anchor(1)])
    card = (made.out / "README.md").read_text("utf-8")
    for words in (
        "| query | 20 | 116.5 | 17 |",
        "| pos | 2.25 | 2 | 4 |",
        "| what was changed | pos | neg |",
        "| role swap | 0 | 9 |",
        "![What was changed in the texts](changes.png)",
        "- No person has checked these rows.",
        "- No model judged the meaning",
        "- Only these checks were made: `length`, `copy`.",
        "No benchmark texts were looked for in the sentences that became anchors",
        "@misc{ruhnp,",
    ):
        assert words in card, words
    assert "| смена" not in card and "role_swap" not in card
    assert "changes.png" in publishable(made.out)
    russian = (made.out / "README.ru.md").read_text("utf-8")
    assert "| роли участников | 0 | 9 |" in russian
    assert "- Люди эти строки не проверяли." in russian


RATE = {"population": 3, "pairs": 2, "same": 1, "different": 1, "unclear": 0}
AUDIT = {
    "voted": 2,
    "annotators": 3,
    "simulated": True,
    "kinds": {"role_swap": RATE | {"rate": 0.5, "low": 0.0945, "high": 0.9055}},
    "all": RATE | {"rate": 0.5, "low": 0.0945, "high": 0.9055},
}


def test_an_audit_of_this_release_is_on_the_card_and_no_other(tmp_path: Path) -> None:
    inputs = cards.ruhnp_inputs(tmp_path, [*anchor(0), *anchor(1)])
    folder = tmp_path / "ruhnp" / "audit"
    folder.mkdir(parents=True)
    (folder / "audit.json").write_text(json.dumps(AUDIT), "utf-8")
    said = []
    for number, release in enumerate((inputs["ruhnp.release"].manifest.content, "another")):
        (folder / "sample.json").write_text(json.dumps({"release": release}), "utf-8")
        made = cards.ruhnp_of(tmp_path, inputs, out=str(number))
        said.append((made.out / "README.md").read_text("utf-8"))
    assert "## Audit (simulated)" in said[0] and "No person has checked" not in said[0]
    assert "1 say the same: 50.0 % (95 %: 9.4–90.5)" in " ".join(said[0].split())
    assert "| role swap | 3 | 2 | 1 | 50.0 | 9.4–90.5 |" in said[0]
    assert "Audit" not in said[1] and "No person has checked these rows." in said[1]


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
