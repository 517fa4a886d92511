"""The release of the pair table: opened by `datasets`, licensed by its rows."""

from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from data_cards.opening import opened_set
from data_cards.pairs import release_pairs
from data_cards.readme import read_readme
from data_cards.remote import publishable
from data_cards.stage import STAGE, CardSection, DataCardsSection
from data_cards.verify import verify
from rupairs.errors import RupairsError
from rupairs.manifest import Counts, Manifest, describe_files
from rupairs.pairs import PAIR_SCHEMA, Pair
from rupairs.progress import Progress
from rupairs.recipe import Recipe, RunSection
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter, read_table

ROWS = [
    ("Пришла весна.", "Весна наступила.", "tapaco", "CC-BY-2.0", "train"),
    ("Дети играют.", "Ребята играют.", "tapaco", "CC-BY-2.0", "train"),
    ("Суд отложил дело.", "Заседание перенесли.", "pravo", "unknown", "train"),
    ("Поезд ушёл.", "Поезд уехал.", "tapaco", "CC-BY-2.0", "test"),
]


def source(name: str, license_id: str) -> dict[str, Any]:
    facts = {"source": name, "title": name.title(), "license": license_id, "native": 9}
    return facts | {"url": f"https://example.org/{name}", "citation": f"Автор, {name}."}


def release(folder: Path, rows: list[tuple[str, ...]] = ROWS, **card: Any) -> Context:
    directory = folder / "harvest" / "pairs"
    directory.mkdir(parents=True)
    for name in card.pop("pictures", ()):
        (directory / name).write_bytes(b"a picture")
    with StageWriter(directory, PAIR_SCHEMA) as writer:
        for query, passage, name, license_id, split in writer.each(rows):
            pair = Pair(
                query=query,
                passage=passage,
                relation="paraphrase",
                polarity=1,
                symmetric=True,
                group_id=query,
                source=name,
                source_revision="r",
                source_row=str(rows.index((query, passage, name, license_id, split))),
                license=license_id,
                split=split,
            )
            writer.keep(pair.row())
    Manifest(
        step="harvest.pairs",
        step_version=1,
        fingerprint="f",
        seed=0,
        config={},
        inputs={},
        counts=Counts(rows_in=len(rows), rows_out=len(rows)),
        files=describe_files(directory),
        facts={"sources": {n: source(n, i) for _, _, n, i, _ in rows}},
    ).write(directory)
    step = next(s for s in STAGE.steps if s.name == "data_cards.pairs")
    section = DataCardsSection(pairs=CardSection(**card))
    out = folder / "release"
    out.mkdir()
    context = Context(
        step=step,
        run=folder,
        out=out,
        recipe=Recipe(Path("x.toml"), {"run": RunSection(name="x")}),
        stage=section,
        progress=Progress(),
        inputs={"harvest.pairs": StageReader(directory)},
    )
    release_pairs(context)
    return context


def test_rows_of_unknown_terms_forbid_the_release(tmp_path: Path) -> None:
    context = release(tmp_path)
    (refusal,) = context.facts["refusals"]
    assert refusal.startswith("1 rows under unknown")
    assert refusal.endswith(": pravo#2")
    assert not (context.out / "left_out.parquet").exists()
    card = read_readme((context.out / "README.md").read_text("utf-8"), "README.md")
    assert card.front["license"] == "unknown"


def test_a_refusal_names_three_rows_of_each_license(tmp_path: Path) -> None:
    rows = [
        (f"Вышел номер {n}.", f"Номер {n} вышел.", "lenta" if n % 2 else "pravo", "", "train")
        for n in range(100)
    ]
    (refusal,) = release(tmp_path, rows).facts["refusals"]
    assert refusal.startswith("100 rows under no license (unknown:")
    assert refusal.endswith(": pravo#0, lenta#1, pravo#2, …")


def test_the_part_that_may_be_passed_on_is_whole_without_the_rest(tmp_path: Path) -> None:
    prose = tmp_path / "prose.md"
    prose.write_text("Собрано для «проверки».\n", "utf-8")
    context = release(tmp_path, only_redistributable=True, prose=prose)
    assert context.facts["refusals"] == []
    left_out = read_table(context.out / "left_out.parquet")
    assert left_out["source"].to_pylist() == ["pravo"]
    assert left_out["reason"].to_pylist() == ["not_redistributable"]
    assert sorted(publishable(context.out)) == [
        "README.md",
        "README.ru.md",
        "croissant.json",
        "data/test-00000.parquet",
        "data/train-00000.parquet",
    ]
    loaded = load_dataset(str(context.out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 2, "test": 1}
    assert loaded["train"].column_names == PAIR_SCHEMA.names
    card = read_readme((context.out / "README.md").read_text("utf-8"), "README.md")
    assert card.before == "Собрано для «проверки»."
    assert card.front["license"] == "cc-by-2.0"
    assert "1 pair may not be passed on and is left out" in card.made
    with opened_set(str(context.out)) as found:
        assert [f for f in verify(found) if f.severity == "fault"] == []


def test_a_table_that_is_all_closed_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match="no pair may be passed on"):
        release(tmp_path, [ROWS[2]], only_redistributable=True)


def test_large_splits_become_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_cards.shards._ROWS_A_FILE", 1)
    monkeypatch.setattr("rupairs.store._BUFFER", 1)
    context = release(tmp_path, [ROWS[0], ROWS[1], ROWS[3]])
    names = sorted(path.name for path in (context.out / "data").iterdir())
    assert names == ["test-00000.parquet", "train-00000.parquet", "train-00001.parquet"]
    loaded = load_dataset(str(context.out), cache_dir=str(tmp_path / "cache"))
    assert len(loaded["train"]) == 2


def test_the_card_shows_the_pictures_of_the_harvest(tmp_path: Path) -> None:
    context = release(tmp_path, pictures=["sources.png", "dropped.png"])
    for name in ("README.md", "README.ru.md"):
        card = (context.out / name).read_text("utf-8")
        assert "](sources.png)" in card and "lengths.png" not in card
        assert "@misc{russian-sentence-pairs," in card
    names = publishable(context.out)
    assert "sources.png" in names and "dropped.png" not in names
