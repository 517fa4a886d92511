import json
from pathlib import Path

import pyarrow as pa
import pytest

from rupairs.errors import RupairsError
from rupairs.manifest import Counts, FileFacts, Manifest, read_manifest, sha256
from rupairs.store import DROPPED, StageReader, StageWriter, column, gather, read_table

SCHEMA = pa.schema([pa.field("text", pa.string()), pa.field("n", pa.int32())])


def write(directory: Path, rows: int = 10, rows_per_part: int = 4) -> Counts:
    directory.mkdir(exist_ok=True)
    with StageWriter(directory, SCHEMA, rows_per_part=rows_per_part) as writer:
        for n in writer.each(range(rows)):
            row = {"text": f"строка {n}", "n": n}
            if n % 5 == 0:
                writer.drop(row, "fifth", str(n))
            else:
                writer.keep(row)
    return writer.counts()


def finish(directory: Path, counts: Counts) -> None:
    files = {
        p.name: FileFacts(bytes=p.stat().st_size, sha256=sha256(p)) for p in directory.iterdir()
    }
    Manifest(
        step="s.t",
        step_version=1,
        fingerprint="f",
        seed=0,
        config={},
        inputs={},
        counts=counts,
        files=files,
    ).write(directory)


def test_rows_come_back_in_order_over_parts(tmp_path: Path) -> None:
    counts = write(tmp_path / "s")
    finish(tmp_path / "s", counts)
    reader = StageReader(tmp_path / "s")
    assert [r["n"] for r in reader.rows()] == [1, 2, 3, 4, 6, 7, 8, 9]
    assert len(reader.parts()) == 2
    assert (counts.rows_in, counts.rows_out, counts.rows_dropped) == (10, 8, 2)
    assert counts.dropped_by_reason == {"fifth": 2}
    dropped = read_table(tmp_path / "s" / "dropped.parquet").to_pylist()
    assert dropped[1] == {"reason": "fifth", "evidence": "5", "row": '{"text": "строка 5", "n": 5}'}


def test_a_row_neither_kept_nor_dropped_is_an_error(tmp_path: Path) -> None:
    def lose_rows() -> None:
        with StageWriter(tmp_path, SCHEMA) as writer:
            for n in writer.each(range(3)):
                if n != 1:
                    writer.keep({"text": "", "n": n})

    with pytest.raises(RuntimeError, match="1 unaccounted for"):
        lose_rows()


def numbers(*values: int) -> pa.Table:
    return pa.Table.from_pylist([{"text": str(n), "n": n} for n in values], schema=SCHEMA)


def test_rows_and_tables_of_rows_keep_their_order_over_parts(tmp_path: Path) -> None:
    with StageWriter(tmp_path, SCHEMA, rows_per_part=4) as writer:
        writer.take_in(8)
        writer.keep({"text": "0", "n": 0})
        writer.keep_table(numbers(1, 2))
        writer.keep_table(numbers())
        writer.keep({"text": "3", "n": 3})
        writer.keep_table(numbers(4, 5, 6))
        writer.drop({"n": 7}, "seventh")
    counts = writer.counts()
    assert (counts.rows_in, counts.rows_out, counts.rows_dropped) == (8, 7, 1)
    finish(tmp_path, counts)
    reader = StageReader(tmp_path)
    assert [r["n"] for r in reader.rows()] == list(range(7))
    assert [read_table(part).num_rows for part in reader.parts()] == [4, 3]


def test_a_table_of_which_a_row_is_lost_is_an_error(tmp_path: Path) -> None:
    def lose_a_row() -> None:
        with StageWriter(tmp_path, SCHEMA) as writer:
            writer.take_in(3)
            writer.keep_table(numbers(1, 2))

    with pytest.raises(RuntimeError, match="3 rows in, 2 out, 0 dropped: 1 unaccounted for"):
        lose_a_row()


def stage_of(folder: Path, *tables: pa.Table, dropped: int = 0) -> Path:
    folder.mkdir()
    with StageWriter(folder, SCHEMA, rows_per_part=2) as writer:
        for table in tables:
            writer.take_in(table.num_rows)
            writer.keep_table(table)
        for n in writer.each(range(dropped)):
            writer.drop({"n": n}, "because", folder.name)
    return folder


@pytest.mark.parametrize("links", [True, False])
def test_stages_are_gathered_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:

        def refuse(self: Path, target: Path) -> None:
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    stages = [
        stage_of(tmp_path / "b", numbers(1, 2), numbers(3), dropped=2),
        stage_of(tmp_path / "empty", dropped=1),
        stage_of(tmp_path / "a", numbers(4)),
    ]
    whole = tmp_path / "whole"
    whole.mkdir()
    gather(stages, whole, SCHEMA)
    parts = sorted(whole.glob("part-*.parquet"))
    assert [p.name for p in parts] == [f"part-{n:05d}.parquet" for n in range(3)]
    assert [n for part in parts for n in read_table(part)["n"].to_pylist()] == [1, 2, 3, 4]
    assert read_table(whole / DROPPED)["evidence"].to_pylist() == ["b", "b", "empty"]
    assert parts[0].samefile(stages[0] / "part-00000.parquet") == links


def test_stages_without_rows_give_one_table_without_rows(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    gather([stage_of(tmp_path / "empty")], whole, SCHEMA)
    (part,) = whole.glob("part-*.parquet")
    assert read_table(part) == SCHEMA.empty_table()
    assert read_table(whole / DROPPED).num_rows == 0


def test_half_of_a_character_is_no_text(tmp_path: Path) -> None:
    """JSON can spell a lone surrogate, as where an emoji was cut in two."""
    assert column(["лес \ud83d", "да"], pa.string()).to_pylist() == ["лес ", "да"]
    assert column([1, -1], pa.int8()).to_pylist() == [1, -1]
    with StageWriter(tmp_path, SCHEMA) as writer:
        for row in writer.each([{"text": "лес \ud83d"}]):
            writer.drop(row, "cut")
    (row,) = read_table(tmp_path / DROPPED)["row"].to_pylist()
    assert json.loads(row) == {"text": "лес \ud83d"}


def test_same_rows_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_truncated_part_is_named(tmp_path: Path) -> None:
    finish(tmp_path / "s", write(tmp_path / "s"))
    part = tmp_path / "s" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(RupairsError, match=r"part-00000\.parquet: has \d+ bytes instead of"):
        StageReader(tmp_path / "s")
    with pytest.raises(RupairsError, match=r"part-00000\.parquet: not a readable Parquet"):
        read_table(part)


def test_a_flipped_byte_is_found(tmp_path: Path) -> None:
    finish(tmp_path / "s", write(tmp_path / "s", rows=2000, rows_per_part=10_000))
    part = tmp_path / "s" / "part-00000.parquet"
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 4] ^= 0xFF
    part.write_bytes(bytes(raw))
    with pytest.raises(RupairsError, match=r"part-00000\.parquet"):
        list(StageReader(tmp_path / "s").rows())


def test_a_flipped_byte_of_any_other_file_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    writer = write(folder)
    (folder / "model.bin").write_bytes(bytes(1000))
    finish(folder, writer)
    assert StageReader(folder).whole() == folder
    (folder / "model.bin").write_bytes(bytes(999) + b"\1")
    with pytest.raises(RupairsError, match=r"model\.bin: is not what the stage wrote"):
        StageReader(folder).whole()


@pytest.mark.parametrize("damage", ["", "{", '{"step": 1}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, damage: str) -> None:
    finish(tmp_path / "s", write(tmp_path / "s"))
    (tmp_path / "s" / "manifest.json").write_text(damage)
    with pytest.raises(RupairsError, match=r"manifest\.json: not a manifest"):
        read_manifest(tmp_path / "s")


def test_no_manifest_means_not_finished(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match="has not finished"):
        StageReader(tmp_path)
