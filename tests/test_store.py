from pathlib import Path

import pyarrow as pa
import pytest

from rupairs.errors import RupairsError
from rupairs.manifest import Counts, FileFacts, Manifest, read_manifest, sha256
from rupairs.store import StageReader, StageWriter, read_table

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


@pytest.mark.parametrize("damage", ["", "{", '{"step": 1}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, damage: str) -> None:
    finish(tmp_path / "s", write(tmp_path / "s"))
    (tmp_path / "s" / "manifest.json").write_text(damage)
    with pytest.raises(RupairsError, match=r"manifest\.json: not a manifest"):
        read_manifest(tmp_path / "s")


def test_no_manifest_means_not_finished(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match="has not finished"):
        StageReader(tmp_path)
