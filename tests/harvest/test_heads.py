from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from harvest.heads import Heads

NUMBERS = np.array([2, 5, 6, 40, 41])
SYMMETRIC = [False, True, True, False, True]


def heads(folder: Path, characters: int = 100) -> Heads:
    columns: dict[str, Any] = {
        "query": [f"вопрос {n} 🙂" for n in range(5)],
        "passage": ["", *(f"ответ {n}" for n in range(1, 5))],
        "symmetric": SYMMETRIC,
    }
    batches = pa.table(columns).to_batches(max_chunksize=2)
    return Heads.write(folder, NUMBERS, batches, characters)


@pytest.mark.parametrize("block", [1, 2, 65_536])
def test_the_texts_stand_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("harvest.heads._BLOCK", block)
    earlier, later = np.array([5, 2, 6, 2, 5]), np.array([6, 40, 41, 5, 41])
    tables = list(heads(tmp_path).beside(earlier, later, batch=2))
    assert all(table.num_rows <= 2 for table in tables)
    rows = pa.concat_tables(tables).to_pylist()
    place = {number: n for n, number in enumerate(NUMBERS.tolist())}
    found = {(row["earlier"], row["later"]): row for row in rows}
    assert sorted(found) == sorted(zip(earlier.tolist(), later.tolist(), strict=True))
    for (one, other), row in found.items():
        a, b = place[one], place[other]
        assert row["query_a"] == f"вопрос {a} 🙂"
        assert row["query_b"] == f"вопрос {b} 🙂"
        assert row["passage_a"] == (f"ответ {a}" if a else "")
        assert row["passage_b"] == f"ответ {b}"
        assert row["symmetric"] == (SYMMETRIC[a] and SYMMETRIC[b])


def test_only_the_beginning_is_kept(tmp_path: Path) -> None:
    (row, *_) = heads(tmp_path, characters=7).block(0).to_pylist()
    assert row == {"query": "вопрос ", "passage": "", "symmetric": False}


def test_no_candidates(tmp_path: Path) -> None:
    none = np.zeros(0, np.int64)
    empty = Heads.write(tmp_path, none, [], 100)
    assert list(empty.beside(none, none)) == []
