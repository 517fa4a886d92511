"""Verification of data sets that anybody may have published."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import load_dataset
from datasets.exceptions import UnexpectedSplitsError
from typer.testing import CliRunner

from data_cards.opening import opened_set
from data_cards.readme import Readme
from data_cards.verify import Finding, _keyed, verify
from rupairs.cli import app
from rupairs.errors import RupairsError, UsageError
from rupairs.store import write_table
from tests.data_cards.test_publish import release

FRONT = {
    "license": "mit",
    "language": ["ru"],
    "configs": [
        {
            "config_name": "default",
            "data_files": [
                {"split": "train", "path": "train.parquet"},
                {"split": "test", "path": "test.parquet"},
            ],
        }
    ],
}
GOOD = {
    "train": [
        ("Лодка стоит у причала.", ["У причала стоит лодка."], ["Лодка ушла от причала."]),
        ("Брат купил две книги.", ["Две книги купил брат."], ["Брат купил три книги."]),
    ],
    "test": [("Снег выпал ночью.", ["Ночью выпал снег."], ["Снег растаял ночью."])],
}


def folder_of(
    folder: Path, splits: Mapping[str, list[tuple[str, list[str], list[str]]]], **front: Any
) -> Path:
    folder.mkdir()
    for split, rows in splits.items():
        columns = dict(
            zip(("query", "pos", "neg"), map(list, zip(*rows, strict=True)), strict=True)
        )
        write_table(pa.table(columns), folder / f"{split}.parquet")
    (folder / "README.md").write_text(Readme(FRONT | front, "# Набор").text(), "utf-8")
    return folder


def findings(folder: Path, benchmarks: Path | None = None) -> list[Finding]:
    with opened_set(str(folder)) as found:
        return verify(found, benchmarks)


def faults(folder: Path, benchmarks: Path | None = None) -> dict[str, tuple[str, ...]]:
    found = [f for f in findings(folder, benchmarks) if f.severity == "fault"]
    return {f"{f.check} {f.where}": f.examples for f in found}


def test_a_good_set_has_no_faults_and_says_what_was_looked_at(tmp_path: Path) -> None:
    found = findings(folder_of(tmp_path / "set", GOOD))
    assert {f.severity for f in found} == {"ok", "note"}
    checks = {f.check for f in found}
    assert checks == {"checksums", "card", "empty texts", "repeats", "siblings", "language"}


def test_repeats_and_siblings_are_seen_through_case_and_punctuation(tmp_path: Path) -> None:
    rows = {
        "train": [*GOOD["train"], ("лодка  стоит у причала", *GOOD["train"][0][1:])],
        "test": [*GOOD["test"], ("Брат купил две книги!", ["Он купил их."], ["Не купил."])],
    }
    found = faults(folder_of(tmp_path / "set", rows))
    assert found["repeats default/train"] == ("лодка стоит у причала",)
    assert found["siblings default/train and test"] == ("брат купил две книги",)
    assert "repeats default/train and test" not in found


def test_lists_of_other_lengths_are_other_rows(tmp_path: Path) -> None:
    one, two = ("Дом стоит.", ["а", "б"], ["в"]), ("Дом стоит.", ["а"], ["б", "в"])
    assert faults(folder_of(tmp_path / "set", {"train": [one, two], "test": GOOD["test"]})) == {}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("\u00a0", ["Точки."], ["Тире."]), "empty texts default/train"),
        (("Вечером он читал.", [], ["Он спал."]), "empty texts default/train"),
        (("The cat sleeps on the mat.", ["Кот спит."], ["Кот ест."]), "language default"),
    ],
)
def test_rows_that_are_no_texts_or_not_russian(tmp_path: Path, row: Any, fault: str) -> None:
    rows = {"train": [*GOOD["train"], row], "test": GOOD["test"]}
    assert fault in faults(folder_of(tmp_path / "set", rows))


def pairs_of(folder: Path, rows: list[tuple[str, str, bool]], license_id: str, said: str) -> Path:
    folder.mkdir()
    names = ("query", "passage", "symmetric")
    columns: dict[str, Any] = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    write_table(pa.table(columns | {"license": [license_id] * len(rows)}), folder / "train.parquet")
    files = [{"split": "train", "path": "train.parquet"}]
    configs = [{"config_name": "default", "data_files": files}]
    front = {"license": said, "language": ["ru"], "configs": configs}
    (folder / "README.md").write_text(Readme(front, "# Набор").text(), "utf-8")
    return folder


def test_a_symmetric_pair_is_there_once_whichever_side_comes_first(tmp_path: Path) -> None:
    one, two = "Лодка стоит у причала.", "Причал пуст с утра."
    swapped = [(one, two, True), (two, one, True)]
    found = faults(pairs_of(tmp_path / "a", swapped, "MIT", "mit"))
    assert list(found) == ["repeats default/train"]
    ordered = [(one, two, False), (two, one, False)]
    assert faults(pairs_of(tmp_path / "b", ordered, "MIT", "mit")) == {}


def test_the_license_of_the_card_is_that_of_its_rows(tmp_path: Path) -> None:
    rows = [("Лодка стоит у причала.", "У причала стоит лодка.", True)]
    right = findings(pairs_of(tmp_path / "a", rows, "CC-BY-SA-4.0", "cc-by-sa-4.0"))
    assert {f.check: f.severity for f in right if f.check in ("terms", "license")} == {
        "terms": "ok",
        "license": "ok",
    }
    wrong = faults(pairs_of(tmp_path / "b", rows, "CC-BY-SA-4.0", "mit"))
    assert wrong == {"license default": ("the card says mit, the rows come to cc-by-sa-4.0",)}
    closed = faults(pairs_of(tmp_path / "c", rows, "LicenseRef-A-Credentialed-1.0", "mit"))
    assert set(closed) == {"license default", "terms default"}


def test_a_model_is_none_of_its_business(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text("[]", "utf-8")
    with pytest.raises(UsageError, match="a model; verify is for data sets"):
        findings(tmp_path)


def test_texts_are_read_in_pieces_that_no_offset_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two gibibytes in one column are too many for an array of strings."""
    monkeypatch.setattr("data_cards.verify._PIECE", 2)
    rows = {"train": [*GOOD["train"], *GOOD["test"], *GOOD["train"]], "test": GOOD["test"]}
    found = faults(folder_of(tmp_path / "set", rows))
    assert len(found["repeats default/train"]) == 2
    assert found["repeats default/train and test"] == ("снег выпал ночью",)
    keys = _keyed(pa.table({"query": ["Да.", "Нет.", "Да."], "pos": [["а"], [], ["а", "б"]]}))
    assert keys.rows.type == pa.large_string() and keys.rows.num_chunks == 2
    assert keys.texts["pos"].to_pylist() == ["а", "а", "б"]
    odd = {"query": ["Да."], "passage": ["Нет."], "symmetric": ["возможно"]}
    assert _keyed(pa.table(odd)).rows.to_pylist() == ["да\x1eнет"]


def test_a_benchmark_text_inside_is_found(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "sts.txt").write_text(
        "У причала стоит лодка\nЧужая строка тут\n", "utf-8"
    )
    found = faults(folder_of(tmp_path / "set", GOOD), tmp_path / "bench")
    assert found == {"leaks default": ("sts: у причала стоит лодка",)}


def test_the_card_must_say_what_is_there(tmp_path: Path) -> None:
    info = {"splits": [{"name": "train", "num_examples": 3}, {"name": "test", "num_examples": 1}]}
    folder = folder_of(tmp_path / "set", GOOD, license=None, dataset_info=info)
    assert faults(folder) == {"card front matter": ("license",), "card default/train": ()}


def test_a_split_that_the_card_leaves_out_keeps_everybody_from_loading_it(tmp_path: Path) -> None:
    info = {"splits": [{"name": "train", "num_examples": 2, "num_bytes": 1}]}
    folder = folder_of(tmp_path / "set", GOOD, dataset_info=info)
    assert faults(folder) == {"card default": ("test",)}
    with pytest.raises(UnexpectedSplitsError):
        load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))


def test_a_column_that_only_the_card_has_is_empty(tmp_path: Path) -> None:
    texts = [{"name": name, "list": "string"} for name in ("pos", "neg")]
    names = [{"name": name, "dtype": "string"} for name in ("query", "topic")]
    folder = folder_of(tmp_path / "set", GOOD, dataset_info={"features": names + texts})
    (note,) = [f for f in findings(folder) if f.check == "columns"]
    assert (note.where, note.severity) == ("default", "note")
    assert note.said.endswith(": topic")


def test_a_column_that_the_card_leaves_out_is_named(tmp_path: Path) -> None:
    info = {"features": [{"name": "query", "dtype": "string"}]}
    folder = folder_of(tmp_path / "set", GOOD, dataset_info=info)
    with pytest.raises(RupairsError, match="cannot open it: Couldn't cast query: string pos: list"):
        findings(folder)


def test_labels_are_those_of_nli(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", GOOD)
    rows = {"premise": ["Идёт дождь."], "hypothesis": ["На улице мокро."], "label": ["следует"]}
    for split in ("train", "test"):
        write_table(pa.table(rows), folder / f"{split}.parquet")
    assert faults(folder)["labels default/train"] == ("следует",)


def test_votes_may_say_the_same_of_one_pair(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", GOOD)
    votes = {"premise": ["Идёт дождь."] * 2, "hypothesis": ["На улице мокро."] * 2}
    more = {"label": ["entailment", "discard"], "annotator": ["annotator-001", "annotator-002"]}
    write_table(pa.table(votes | more), folder / "train.parquet")
    write_table(
        pa.table({n: [v[0]] for n, v in (votes | more).items()} | {"premise": ["Снег идёт."]}),
        folder / "test.parquet",
    )
    assert faults(folder) == {}


def test_a_file_changed_after_the_manifest_is_a_fault(tmp_path: Path) -> None:
    folder = release(tmp_path / "set", ["Лена поёт.", "Кот спит."])
    assert faults(folder) == {"card front matter": ("language",)}
    write_table(pa.table({"query": ["Лена ест.", "Кот ест."]}), folder / "train.parquet")
    assert any(name.startswith("checksums") for name in faults(folder))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", GOOD)
    (folder / "test.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(RupairsError, match=r"set: `datasets` cannot open it"):
        findings(folder)
    with pytest.raises(UsageError, match="no such folder, and no id"):
        findings(tmp_path / "elsewhere")


def test_the_verb_ends_with_1_for_faults(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "set", {**GOOD, "test": GOOD["train"]})
    import data_cards.cli

    if "verify" not in {command.name or "" for command in app.registered_commands}:
        data_cards.cli.register(app)
    result = CliRunner().invoke(app, ["verify", str(folder), "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["rows"] == {"default/train": 2, "default/test": 2}
    assert {f["check"] for f in told["findings"] if f["severity"] == "fault"} == {
        "repeats",
        "siblings",
    }
    shown = CliRunner().invoke(app, ["verify", str(folder)]).stdout
    assert "лодка стоит у причала" in shown
