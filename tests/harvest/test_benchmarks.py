"""Texts of benchmark files of every kind, and what is said of those that cannot be read."""

import bz2
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

from harvest.benchmarks import Benchmarks, benchmark_files, benchmark_inputs, read_benchmarks
from harvest.stage import HarvestSection
from rupairs.errors import RupairsError, UsageError
from rupairs.store import write_table

ONE = "Кошка спит на тёплой печке"
TWO = "На улице второй день идёт снег"
THREE = "Дети лепят во дворе снеговика"
KEYS = {
    ONE: "кошка спит на теплой печке",
    TWO: "на улице второй день идет снег",
    THREE: "дети лепят во дворе снеговика",
}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def names(found: Benchmarks) -> dict[str, str]:
    return dict(zip(found.keys.to_pylist(), found.names, strict=True))


def read_one(folder: Path, name: str, content: str | bytes) -> set[str]:
    """Return the keys of a folder of one file."""
    write(folder, name, content)
    found = read_benchmarks(folder)
    (label,) = found.files
    assert set(found.names) <= {label}
    return set(found.keys.to_pylist())


ALL = set(KEYS.values())
NESTED = {
    "version": 2,
    "data": [{"context": ONE, "qas": [{"question": TWO, "answers": [[THREE, 5, None, True]]}]}],
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", f"{ONE}\r\n{TWO}\n\n{THREE}"),
        ("a.csv", f'id,text,pair\n1,{ONE},"{TWO}"\n2,"{THREE}",\n'),
        ("a.tsv", f"{ONE}\t{TWO}\n{THREE}\t5\n"),
        ("a.json", json.dumps(NESTED)),
        ("a.json", json.dumps(NESTED, ensure_ascii=False, indent=2)),
        ("a.json", json.dumps([ONE, TWO, THREE])),
        ("a.jsonl", "\n".join(json.dumps({"a": x, "b": 1}) for x in (ONE, TWO, THREE)) + "\n\n"),
        ("a.CSV", f"{ONE},{TWO},{THREE}"),
        ("a.txt.gz", gzip.compress(f"{ONE}\n{TWO}\n{THREE}".encode(), mtime=0)),
        ("a.jsonl.gz", gzip.compress(json.dumps(NESTED).encode(), mtime=0)),
        ("a.csv.bz2", bz2.compress(f"{ONE},{TWO}\n{THREE}\n".encode())),
        ("a.txt", f"\ufeff{ONE}\n{TWO}\n{THREE}\n"),
    ],
)
def test_kinds(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert read_one(tmp_path, name, content) == ALL


def test_parquet(tmp_path: Path) -> None:
    columns = {"text": [ONE, None], "score": [1.5, 2.0], "many": [[{"of": TWO}], [{"of": THREE}]]}
    write_table(pa.table(columns), tmp_path / "dev-00000.parquet")
    found = read_benchmarks(tmp_path)
    assert set(found.keys.to_pylist()) == ALL
    assert found.files == {"dev-00000": 3}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons.csv", f"a;b;n\n{ONE};{TWO};1\n{THREE};;2\n"),
        ("semicolons.tsv", f"a;b;n\r\n{ONE};{TWO};1\r\n{THREE};;2\r\n"),
        ("tabs.csv", f"a\tb\n{ONE}\t{TWO}\n{THREE}\t\n"),
        ("commas.tsv", f"a,b\n{ONE},{TWO}\n{THREE},\n"),
        ("stray_quote.tsv", f'a\tb\n"Да, — сказал он\t{ONE}\n{TWO}\t1\n{THREE}\t0\n'),
        ("stray_quote.csv", f'a,b\n1,"{ONE}\n2,"{TWO}"\n3,{THREE}\n'),
        ("quote_inside.csv", f'a\n{ONE}\n"{TWO}" да,{THREE}\n{TWO}\n'),
        ("carriage_return.csv", f"a,b\n{ONE}\r,{TWO}\r1\n{TWO},{THREE}\n"),
        ("uneven.csv", f"a\n{ONE},{TWO},,,\n\n,{THREE}\n"),
        ("nul.csv", f"a\n{ONE},\x00\n{TWO}\n{THREE}\n"),
    ],
)
def test_tables_that_are_not_valid(tmp_path: Path, name: str, content: str) -> None:
    assert read_one(tmp_path, name, content) >= ALL


def test_a_cell_of_several_lines_is_a_text_and_so_is_each_line(tmp_path: Path) -> None:
    keys = read_one(tmp_path, "a.csv", f'text\n"{ONE}\n{TWO}, да, да, да"\n')
    assert f"{KEYS[ONE]} {KEYS[TWO]} да да да" in keys
    assert {KEYS[ONE], KEYS[TWO]} <= keys


def test_one_column_is_not_split_at_its_semicolons(tmp_path: Path) -> None:
    keys = read_one(tmp_path, "a.csv", f"text\n{ONE}; {TWO}\n")
    assert keys == {f"{KEYS[ONE]} {KEYS[TWO]}"}


def test_a_very_long_cell(tmp_path: Path) -> None:
    text = "слово " * 300_000
    assert read_one(tmp_path, "a.csv", f'"{text}",{ONE}\n') == {text.strip(), KEYS[ONE]}


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("cut.json", '[{"text": "Кошка', "cut.json"),
        ("lines.jsonl", '{"a": 1}\n\n{"a": \n', "lines.jsonl: line 3"),
        ("latin.txt", "Кошка спит\n".encode("cp1251"), "latin.txt: line 1"),
        ("short.csv.gz", gzip.compress(b"1,2\n" * 9_999, mtime=0)[:40], "short.csv.gz"),
        ("empty.txt", "", "empty.txt"),
        ("empty.csv", "", "empty.csv"),
        ("torn.parquet", b"PAR1 and no more", "torn.parquet"),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: str | bytes, place: str
) -> None:
    write(tmp_path, "good.txt", ONE)
    write(tmp_path, name, content)
    with pytest.raises(RupairsError) as error:
        read_benchmarks(tmp_path)
    assert str(tmp_path / place) in str(error.value)


def test_no_folder_and_no_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        benchmark_files(tmp_path / "none")
    write(tmp_path, "sub/notes.md", ONE)
    with pytest.raises(UsageError, match=r"no file of benchmark texts \(\.csv .*\.parquet\)"):
        read_benchmarks(tmp_path)


def test_names_and_a_text_in_several_benchmarks(tmp_path: Path) -> None:
    write(tmp_path, "encodechka/stsb.dev.v1.csv", f"{ONE},{TWO}\n")
    write(tmp_path, "encodechka/stsb.dev.v2.csv", f"{ONE.upper()}!\n")
    write(tmp_path, "b.jsonl.gz", gzip.compress(json.dumps([ONE, THREE]).encode()))
    found = read_benchmarks(tmp_path)
    assert names(found) == {
        KEYS[ONE]: "b, encodechka/stsb.dev.v1, encodechka/stsb.dev.v2",
        KEYS[THREE]: "b",
        KEYS[TWO]: "encodechka/stsb.dev.v1",
    }
    assert found.files == {"b": 2, "encodechka/stsb.dev.v1": 2, "encodechka/stsb.dev.v2": 1}


def test_files_of_one_name_are_one_benchmark(tmp_path: Path) -> None:
    write(tmp_path, "dev.csv", ONE)
    write(tmp_path, "dev.json", json.dumps([ONE, TWO]))
    found = read_benchmarks(tmp_path)
    assert found.files == {"dev": 3}
    assert names(found) == {KEYS[ONE]: "dev", KEYS[TWO]: "dev"}


def test_under_three_words_is_no_text(tmp_path: Path) -> None:
    lines = ["Кошка спит", "да - нет", "a b c", "  Кошка  —  спит  ", "Раз, два, три", "25"]
    assert read_one(tmp_path, "a.txt", "\n".join(lines)) == {"a b c", "раз два три"}


def test_other_kinds_are_said(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", ONE)
    for name in ("sub/README.md", "LICENSE", "model.bin.gz", ".DS_Store", "data.csv.zip"):
        write(tmp_path, name, TWO)
    found = read_benchmarks(tmp_path)
    assert found.skipped == [
        ".DS_Store",
        "LICENSE",
        "data.csv.zip",
        "model.bin.gz",
        "sub/README.md",
    ]
    assert found.files == {"a": 1}


def test_order_of_the_texts_is_that_of_the_names_and_rows(tmp_path: Path) -> None:
    write(tmp_path, "b.txt", f"{THREE}\n{ONE}")
    write(tmp_path, "a.txt", TWO)
    assert read_benchmarks(tmp_path).keys.to_pylist() == [KEYS[TWO], KEYS[THREE], KEYS[ONE]]


def test_inputs_change_with_the_content(tmp_path: Path) -> None:
    assert benchmark_inputs(HarvestSection()) == {}
    section = HarvestSection.model_validate({"pairs": {"benchmarks": tmp_path}})
    write(tmp_path, "sub/a.txt", ONE)
    write(tmp_path, "notes.md", ONE)
    first = benchmark_inputs(section)
    assert first.keys() == {"benchmarks/sub/a.txt"}
    write(tmp_path, "sub/a.txt", TWO)
    assert benchmark_inputs(section) != first


def test_encodechka(realdata: Path) -> None:
    if not (realdata / "encodechka").is_dir():
        pytest.skip("no encodechka in the real data at hand")
    found = read_benchmarks(realdata / "encodechka")
    assert len(found.files) >= 14
    assert min(found.files.values()) >= 250
    assert found.skipped == ["LICENSE"]
    assert len(found.keys) == len(set(found.keys.to_pylist())) == len(found.names) > 30_000
    assert all(key.count(" ") >= 2 for key in found.keys.to_pylist())
