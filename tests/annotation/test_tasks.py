import json
from collections.abc import Callable
from typing import Any

import pytest

from annotation.page import faults
from annotation.tasks import write_list
from rupairs.errors import RupairsError
from rupairs.store import StageReader


def test_tasks_hold_the_texts_and_no_intended_label(
    make_run: Callable[..., Any], candidates: list[dict[str, Any]]
) -> None:
    out = make_run(candidates).run("push")
    tasks = json.loads((out.directory / "tasks.json").read_text(encoding="utf-8"))
    expected = [{k: c[k] for k in ("pair_id", "premise", "hypothesis")} for c in candidates]
    assert sorted((t["data"] for t in tasks), key=lambda d: d["pair_id"]) == expected
    assert all(list(t) == ["data"] for t in tasks)
    for path in out.directory.iterdir():
        assert b"intended" not in path.read_bytes(), path.name
        if path.name != "config.xml":
            assert b"entailment" not in path.read_bytes(), path.name
    assert out.manifest.counts.rows_in == out.manifest.counts.rows_out == len(candidates)
    assert not out.manifest.simulated


def test_the_page_beside_the_tasks_fits_each_of_them(
    make_run: Callable[..., Any], candidates: list[dict[str, Any]]
) -> None:
    out = make_run(candidates).run("push", push={"overlap": 2})
    page = (out.directory / "config.xml").read_text(encoding="utf-8")
    tasks = json.loads((out.directory / "tasks.json").read_text(encoding="utf-8"))
    assert all(faults(page, task["data"]) == [] for task in tasks)
    assert out.manifest.facts["overlap"] == 2
    assert "2 different people" in (out.directory / "report.md").read_text(encoding="utf-8")


def test_the_order_is_shuffled_by_the_seed_and_the_same_each_time(
    make_run: Callable[..., Any], candidates: list[dict[str, Any]]
) -> None:
    first = make_run(candidates, "a").run("push")
    again = make_run(candidates[::-1], "b").run("push")
    other = make_run(candidates, "c").run("push", seed=1)
    assert first.manifest.files == again.manifest.files
    ids = [row["pair_id"] for row in StageReader(first.directory).rows()]
    others = [row["pair_id"] for row in StageReader(other.directory).rows()]
    assert ids != sorted(ids)
    assert ids != others
    assert sorted(ids) == sorted(others)


def test_a_pair_that_is_there_twice_is_an_error(
    make_run: Callable[..., Any], candidates: list[dict[str, Any]]
) -> None:
    with pytest.raises(RupairsError, match=rf"filter: the pair {candidates[3]['pair_id']}"):
        make_run([*candidates, candidates[3]]).run("push")


def test_no_candidates_is_an_empty_list(make_run: Callable[..., Any]) -> None:
    out = make_run([]).run("push")
    assert json.loads((out.directory / "tasks.json").read_text(encoding="utf-8")) == []


def test_a_list_is_written_an_entry_a_line(tmp_path: Any) -> None:
    write_list(tmp_path / "list.json", iter([{"ё": 1}, {"ё": 2}]))
    text = (tmp_path / "list.json").read_text(encoding="utf-8")
    assert text == '[\n{"ё": 1},\n{"ё": 2}\n]\n'
