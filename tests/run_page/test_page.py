"""The page of a run: what it says of whole, half-finished and damaged runs."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from rupairs.errors import UsageError
from rupairs.manifest import NAME, Counts, Manifest
from rupairs.page import shown
from rupairs.run_page.facts import Bar, Losses, bars, chart, differences, reasons, shaped
from rupairs.run_page.page import write_page
from rupairs.run_page.samples import sample
from rupairs.run_page.states import state_of_run
from rupairs.store import write_table
from tests.run_page.written import TEXTS, WrittenRun, whole


class Read(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw = path.read_text(encoding="utf-8")
        self.feed(self.raw)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[str]:
        return [str(given[name]) for _, given in self.tags if name in given]


def manifest(**given: Any) -> Manifest:
    values = {"step": "a.b", "step_version": 1, "fingerprint": "f", "seed": 0, "config": {}}
    return Manifest.model_validate(values | {"inputs": {}, "counts": Counts(), "files": {}} | given)


def test_a_whole_run_from_raw_to_released(tmp_path: Path) -> None:
    run = whole(tmp_path)
    page = Read(write_page(run.path))
    text = " ".join(page.text.split())
    for said in (
        "Seed 3, rupairs 0.1.0",
        "Simulated: votes were made by a program, not by people",
        "Embedded language model: texts were written by gemma-3-270m-q4_k_m (Gemma). Пишет плохо.",
        "8 3 5 duplicate 5 1.5",
        "License: cc0-1.0. simulated votes",
        "default train 1 test 2",
        "data/test.parquet",
        "0.5000 at step 30",
        "0.7500",
        "cosine · RuHNP · auc 0.5000 0.7500 +0.2500",
        "ruhnp.anchors not made yet",
    ):
        assert said in text, said
    assert "positives" not in text, "counts are no scores"
    for link in page.all("href"):
        assert link.startswith("#") or (run.path / link).is_file(), link
    assert {"harvest/pairs/report.md", "training/evaluation/report.html"} <= set(page.all("href"))
    assert page.raw.count("data:image/png;base64,") == 2, "the copied plot stands there once"


def test_texts_are_texts(tmp_path: Path) -> None:
    page = Read(write_page(whole(tmp_path).path))
    assert "script" not in {tag for tag, _ in page.tags}
    assert not page.all("onerror")
    assert page.all("src") and all(s.startswith("data:image/png;base64,") for s in page.all("src"))
    for text in TEXTS:
        assert shown(text) in page.text
    assert "[U+202E]" in page.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page.raw)


def test_the_same_run_gives_the_same_page_without_paths_of_the_machine(tmp_path: Path) -> None:
    run = whole(tmp_path)
    (run.path / "ruwanli/generate/part-00000.parquet").unlink()
    first = write_page(run.path).read_bytes()
    assert write_page(run.path).read_bytes() == first
    assert str(tmp_path).encode() not in first
    assert not list(run.path.glob(".report*"))


def test_a_run_that_has_only_begun_says_what_is_absent(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    (run.path / "harvest/.pairs.partial").mkdir(parents=True)
    text = " ".join(Read(write_page(run.path)).text.split())
    assert re.search(r" 0 of \d+ steps are done", text)
    assert "harvest.pairs begun and not finished" in text
    assert "Seed not known" in text and "Nothing yet." in text and "No losses are there." in text


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (b"{", "not a manifest"),
        (b"\xff\xfe", "not a manifest"),
        (b'{"step": "harvest.pairs"}', "not a manifest"),
        (b"", "not a manifest"),
        (manifest(step="harvest.texts").model_dump_json().encode(), "is that of harvest.texts"),
    ],
)
def test_a_damaged_manifest_is_told(tmp_path: Path, damage: bytes, said: str) -> None:
    run = whole(tmp_path)
    (run.path / "harvest/pairs" / NAME).write_bytes(damage)
    text = " ".join(Read(write_page(run.path)).text.split())
    assert re.search(f"harvest.pairs damaged [^.]*{NAME}:? {said}", text)
    assert "cosine · RuHNP · auc" in text, "the rest is there"


def test_a_damaged_table_a_lost_plot_and_odd_facts_are_told(tmp_path: Path) -> None:
    run = whole(tmp_path)
    table = run.path / "release/ruwanli/data/test.parquet"
    table.write_bytes(b"\0" * table.stat().st_size)
    encoder = run.path / "training/encoder" / NAME
    facts = json.loads(encoder.read_text("utf-8"))
    facts["facts"] = {"loss_curve": "нет", "held_out_losses": 7}
    encoder.write_text(json.dumps(facts), "utf-8")
    text = " ".join(Read(write_page(run.path)).text.split())
    assert "data/test.parquet: cannot be read" in text
    assert "No losses are there." in text


def test_without_a_readable_recipe_what_is_there_is_shown(tmp_path: Path) -> None:
    run = whole(tmp_path)
    (run.path / "recipe.json").write_text('{"harvest": {"colour": 1}}', "utf-8")
    text = " ".join(Read(write_page(run.path)).text.split())
    assert "The recipe cannot be read: recipe.json: harvest.colour" in text
    assert "6 of 6 steps are done" in text


def test_steps_beside_the_recipe_are_shown_too(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    recipe = run.path / "recipe.json"
    left = {
        k: v for k, v in json.loads(recipe.read_text("utf-8")).items() if k in ("run", "harvest")
    }
    recipe.write_text(json.dumps(left), "utf-8")
    run.rows("ruhnp.verify", [{"query": "Кот спит."}])
    found = state_of_run(run.path)
    assert not found.recipe_fault
    assert [s.step.name for s in found.steps if s.word == "done"] == ["ruhnp.verify"]
    assert {s.step.stage for s in found.steps} == {"harvest", "ruhnp"}


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run directory"):
        write_page(tmp_path)
    assert not list(tmp_path.iterdir())


def test_bars_are_as_wide_as_their_rows(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    row = {"query": "Кот спит."}
    run.rows("ruhnp.generate", [row] * 6, [(row, "copy")] * 2)
    run.rows("ruhnp.verify", [row] * 2, [(row, "copy")] * 4)
    run.rows("harvest.pairs", [row])
    assert bars(state_of_run(run.path).steps) == {
        "ruhnp.generate": Bar(750, 250),
        "ruhnp.verify": Bar(250, 500),
        "harvest.pairs": Bar(1000, 0),
    }


def test_the_biggest_reasons_come_first() -> None:
    dropped = {"a": 1, "b": 3, "c": 2, "d": 9, "e": 1, "f": 1_000, "g": 1}
    counts = Counts(rows_in=1_017, rows_dropped=1_017, dropped_by_reason=dropped)
    assert reasons(manifest(counts=counts)) == "f 1,000, d 9, b 3, c 2, a 1, 2 other reasons 2"
    assert reasons(manifest()) == ""


def test_a_loss_that_is_no_number_breaks_no_curve() -> None:
    written = manifest(facts={"loss_curve": [[1, 4.0], [2, float("nan")], [4, 1.0]]})
    again = Manifest.model_validate_json(written.model_dump_json())
    drawn = chart(shaped(Losses, again))
    assert drawn is not None
    assert drawn.points == "160.0,0.0 640.0,150.0"
    assert (drawn.first, drawn.last, drawn.most) == ((1, 4.0), (4, 1.0), 4.0)
    assert chart(Losses(loss_curve=[(1, None), (2, 0.5)])) is None
    flat = chart(Losses(loss_curve=[(1, 0.0), (2, 0.0)]))
    assert flat is not None and flat.points == "320.0,200.0 640.0,200.0"


@pytest.mark.parametrize("scores", [None, 3, {"before": []}, {"before": {"a": 0.5}, "after": {}}])
def test_scores_of_another_shape_are_left_out(scores: Any) -> None:
    assert differences(manifest(facts={"scores": scores})) == []


def test_a_sample_comes_from_all_over_a_file(tmp_path: Path) -> None:
    rows = [{"n": n, "text": f"Строка {n}", "empty": None} for n in range(100)]
    table = pa.Table.from_pylist(rows)
    write_table(table, tmp_path / "one.parquet")
    found = sample(tmp_path, "one.parquet", 4)
    assert found.columns == ("text", "n")
    assert [row[1] for row in found.rows] == [("0",), ("25",), ("50",), ("75",)]
    assert sample(tmp_path, "one.parquet", 4, texts_first=False).columns == ("n", "text")
    pa.parquet.write_table(table, tmp_path / "groups.parquet", row_group_size=10)
    first, second = sample(tmp_path, "groups.parquet", 2).rows
    assert (first[1], second[1]) == (("0",), ("50",))
    write_table(table.slice(0, 0), tmp_path / "none.parquet")
    assert sample(tmp_path, "none.parquet", 3).rows == ()
    assert "No such file" in sample(tmp_path, "absent.parquet", 3).fault


def test_long_values_are_cut(tmp_path: Path) -> None:
    row = {"text": "я" * 900, "many": [f"номер {n}" for n in range(9)], "deep": [{"a": "б"}]}
    write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    found = sample(tmp_path, "a.parquet", 1)
    cells = dict(zip(found.columns, found.rows[0], strict=True))
    assert len(cells["text"][0]) == 300 and cells["text"][0].endswith("…")
    assert cells["many"][-1] == "… 3 more" and len(cells["many"]) == 7
    assert cells["deep"] == ('{"a": "б"}',)


def test_a_release_shows_its_rows_before_the_votes_on_them(tmp_path: Path) -> None:
    run = WrittenRun(tmp_path)
    rows = [{"premise": "Идёт дождь.", "hypothesis": "Мокро."}]
    run.files("data_cards.ruwanli", {f"{n}/train.parquet": rows for n in ("annotations", "data")})
    text = write_page(run.path).read_text(encoding="utf-8")
    assert text.index("data/train.parquet") < text.index("annotations/train.parquet")
