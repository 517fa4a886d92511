import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from annotation.page import PARAPHRASE, read_page
from annotation.triples import FIELDS, count_answers, write_triples
from rupairs.errors import RupairsError
from rupairs.store import write_table
from rupairs.views import ANCHOR_SCHEMA
from tests.annotation.conftest import result
from tests.annotation.studio import House


@pytest.fixture
def release(tmp_path: Path) -> Path:
    rows = [
        {
            "query": f"Автобус номер {n} идёт до вокзала.",
            "pos": [f"До вокзала идёт автобус {n}.", f"{n}-й автобус едет на вокзал."],
            "neg": [f"Автобус номер {n} не идёт до вокзала.", f"Трамвай {n} идёт до вокзала."],
        }
        for n in range(20)
    ]
    folder = tmp_path / "release"
    folder.mkdir()
    write_table(pa.Table.from_pylist(rows, schema=ANCHOR_SCHEMA), folder / "test.parquet")
    return folder


def written(folder: Path) -> list[dict[str, Any]]:
    return [e["data"] for e in json.loads((folder / "tasks.json").read_text(encoding="utf-8"))]


def test_nobody_sees_which_is_the_positive(release: Path, tmp_path: Path) -> None:
    assert write_triples(release, tmp_path / "out", None, 0) == 40
    tasks = written(tmp_path / "out")
    assert all(list(task) == FIELDS for task in tasks)
    first = sum("не идёт" in t["first"] or "Трамвай" in t["first"] for t in tasks)
    assert 8 <= first <= 32
    assert write_triples(release, tmp_path / "few", 7, 0) == 7
    assert written(tmp_path / "few") == tasks[:7]


def test_answers_are_counted_by_side(release: Path, tmp_path: Path, native: Any) -> None:
    write_triples(release, tmp_path / "out", 10, 0)
    entries = []
    for task in written(tmp_path / "out"):
        said = {
            side: "different" if "не идёт" in task[side] or "Трамвай" in task[side] else "same"
            for side in ("first", "second")
        }
        answer = native.annotation({"premise": "", "hypothesis": ""}, None)
        answer["result"] = [
            result(f"{side}_meaning", side, "choices", {"choices": [meaning]})
            for side, meaning in said.items()
        ]
        entries.append({"data": task, "annotations": [answer]})
    half = entries[0]["annotations"][0]
    half["result"] = half["result"][:1]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    counts = count_answers(release, [path, path], 0)
    assert counts == {
        "positive": {"same": 9},
        "negative": {"different": 9},
        "unread": {"answers": 1},
    }


def test_a_folder_without_triples_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RupairsError, match="query, pos, neg"):
        write_triples(tmp_path, tmp_path / "out", None, 0)


def test_the_server_accepts_the_page_of_triples(house: House) -> None:
    client = house.client
    project = client.projects.create(title="Triples", label_config=read_page(FIELDS, PARAPHRASE))
    data = {"task": "1", "query": "а", "first": "б", "second": "в"}
    client.projects.import_tasks(project.id, request=[{"data": data}])
    assert client.projects.get(id=project.id).task_number == 1


def test_the_order_of_files_decides_nothing_and_a_wrong_seed_is_an_error(
    release: Path, tmp_path: Path, native: Any
) -> None:
    write_triples(release, tmp_path / "out", 1, 0)
    (task,) = written(tmp_path / "out")
    answer = native.annotation({"premise": "", "hypothesis": ""}, None)
    paths = []
    for day, meaning in ((1, "same"), (2, "different")):
        answer["updated_at"] = f"2026-04-0{day}T10:00:00.000000Z"
        answer["result"] = [
            result(f"{side}_meaning", side, "choices", {"choices": [meaning]})
            for side in ("first", "second")
        ]
        paths.append(tmp_path / f"{day}.json")
        paths[-1].write_text(json.dumps([{"data": task, "annotations": [answer]}]), "utf-8")
    expected = {"positive": {"different": 1}, "negative": {"different": 1}, "unread": {}}
    assert count_answers(release, paths, 0) == count_answers(release, paths[::-1], 0) == expected
    with pytest.raises(RupairsError, match=r"none of the 1 answers .* --seed 5"):
        count_answers(release, paths, 5)
