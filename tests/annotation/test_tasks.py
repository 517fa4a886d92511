"""What annotators are given: tasks that tell nothing, dealt evenly, the same every time."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.batches import Dealing
from annotation.page import faults
from annotation.tasks import task_id, write_list
from rupairs.errors import RupairsError, UsageError
from rupairs.store import StageReader
from tests.annotation.conftest import candidate

Rows = list[dict[str, Any]]
Make = Callable[..., Any]
CONTROLS = """premise,hypothesis,label,explanation
"Ольга полила цветы, все до одного.",Цветы сухие,contradiction,Политое не сухое
Ребёнок уснул в шесть.,Ребёнок спит,entailment,Уснувший спит
Аптека на углу закрыта.,В аптеке ремонт,neutral,Причина не названа
"""


def sheets(out: Any) -> dict[str, Rows]:
    """Return the data of every sheet by the name of its file."""
    found = {}
    for path in sorted((out.directory / "tasks").iterdir()):
        entries = json.loads(path.read_text(encoding="utf-8"))
        assert all(list(entry) == ["data"] for entry in entries)
        found[path.stem] = [entry["data"] for entry in entries]
    return found


def rows(out: Any) -> dict[str, Any]:
    return {row["task"]: row for row in StageReader(out.directory).rows()}


def test_tasks_hold_an_opaque_id_and_the_texts(make_run: Make, candidates: Rows) -> None:
    out = make_run(candidates).run("push")
    expected = {(c["premise"], c["hypothesis"]) for c in candidates}
    for data in sheets(out).values():
        assert {(d["premise"], d["hypothesis"]) for d in data} == expected
        assert all(list(d) == ["task", "premise", "hypothesis"] for d in data)
        assert not {d["task"] for d in data} & {c["pair_id"] for c in candidates}
    for path in out.directory.rglob("*.json"):
        if path.name != "manifest.json":
            assert b"intended" not in path.read_bytes(), path.name
            assert b"entailment" not in path.read_bytes(), path.name
    assert {r["kind"] for r in rows(out).values()} == {"item"}
    assert out.manifest.counts.rows_in == out.manifest.counts.rows_out == len(candidates)
    assert not out.manifest.simulated


def test_the_page_beside_the_tasks_fits_each_of_them(make_run: Make, candidates: Rows) -> None:
    out = make_run(candidates).run("push", push={"overlap": 2})
    page = (out.directory / "config.xml").read_text(encoding="utf-8")
    assert all(faults(page, data) == [] for sheet in sheets(out).values() for data in sheet)
    assert out.manifest.facts["overlap"] == 2
    assert "2 different annotators" in (out.directory / "report.md").read_text(encoding="utf-8")


@given(
    items=st.integers(0, 60),
    overlap=st.integers(1, 5),
    more=st.integers(0, 6),
    seed=st.integers(0, 99),
)
def test_each_item_has_its_number_of_different_people_and_loads_are_even(
    items: int, overlap: int, more: int, seed: int
) -> None:
    dealing = Dealing(seed, overlap, overlap + more, None, 0)
    assigned = list(dealing.assigned(items))
    assert len(assigned) == items
    assert all(len(set(people)) == overlap for people in assigned)
    load = Counter(a for people in assigned for a in people)
    loads = [load[a] for a in range(1, dealing.annotators + 1)]
    assert max(loads) - min(loads) <= 1


def test_everybody_works_beside_everybody() -> None:
    beside = {frozenset(people) for people in Dealing(0, 2, 6, None, 0).assigned(600)}
    assert len(beside) == 15


def test_items_are_dealt_into_batches(make_run: Make, candidates: Rows) -> None:
    out = make_run(candidates).run("push", push={"overlap": 2, "annotators": 3, "batch_size": 25})
    found = sheets(out)
    assert set(found) == {f"{a:02d}-{b:04d}" for a in (1, 2, 3) for b in (1, 2, 3)}
    batch = {task: row["batch"] for task, row in rows(out).items()}
    seen: Counter[str] = Counter()
    for name, data in found.items():
        assert {batch[d["task"]] for d in data} == {int(name[3:])}
        seen.update(d["task"] for d in data)
    assert set(seen.values()) == {2}
    assert Counter(batch.values()) == {1: 25, 2: 25, 3: 10}
    assert out.manifest.facts["batches"] == 3


def test_annotators_have_orders_of_their_own(make_run: Make, candidates: Rows) -> None:
    first, second, third = sheets(make_run(candidates).run("push")).values()
    orders = [[d["task"] for d in sheet] for sheet in (first, second, third)]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2])
    assert all(a != b for a, b in pairwise([*orders, orders[0]]))


def test_controls_and_repeats_are_mixed_in_blind(
    make_run: Make, candidates: Rows, tmp_path: Path
) -> None:
    path = tmp_path / "controls.csv"
    path.write_text(CONTROLS, encoding="utf-8")
    settings = {"controls": str(path), "repeats": 0.2, "overlap": 2, "annotators": 3}
    out = make_run(candidates).run("push", push=settings)
    tasks = rows(out)
    kinds = Counter(r["kind"] for r in tasks.values())
    assert kinds["item"] == len(candidates)
    assert kinds["control"] == 3
    assert 8 <= kinds["repeat"] <= 40
    assert out.manifest.facts["kinds"] == dict(sorted(kinds.items()))
    assert {r["gold"] for r in tasks.values() if r["kind"] != "control"} == {None}
    places = []
    for sheet in sheets(out).values():
        names = [d["task"] for d in sheet]
        assert len(set(names)) == len(names)
        mine = [tasks[n] for n in names]
        places.append([n for n, row in enumerate(mine) if row["kind"] == "control"])
        assert len(places[-1]) == 3
        items = {row["pair_id"]: n for n, row in enumerate(mine) if row["kind"] == "item"}
        again = [(row, n) for n, row in enumerate(mine) if row["kind"] == "repeat"]
        assert again
        for row, n in again:
            assert items[row["pair_id"]] < n
            original = next(r for r in mine if r["pair_id"] == row["pair_id"])
            assert original["premise"] == row["premise"]
    assert len({tuple(p) for p in places}) == 3
    texts = [path.read_text(encoding="utf-8") for path in (out.directory / "tasks").iterdir()]
    assert not any(word in text for text in texts for word in ("gold", "repeat", "control"))
    repeats = [{r["task"] for r in tasks.values() if r["kind"] == "repeat"}]
    assert all(len(group) == kinds["repeat"] for group in repeats)


def test_a_control_with_the_texts_of_a_candidate_is_dropped(
    make_run: Make, candidates: Rows, tmp_path: Path
) -> None:
    path = tmp_path / "controls.jsonl"
    one = candidates[7]
    row = {k: one[k].upper() for k in ("premise", "hypothesis")} | {"label": "neutral"}
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    out = make_run(candidates).run("push", push={"controls": str(path)})
    assert out.manifest.counts.dropped_by_reason == {"control_is_candidate": 1}
    assert {r["kind"] for r in rows(out).values()} == {"item"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("c.csv", "premise,hypothesis\nа,б\n", "line 2: no label"),
        ("c.csv", "premise,hypothesis,label\nа,,neutral\n", "line 2: no hypothesis"),
        ("c.csv", "premise,hypothesis,label\nа,б,maybe\n", "line 2: label 'maybe'"),
        ("c.csv", 'premise,hypothesis,label\n"а,б,neutral\n', "not CSV"),
        ("c.jsonl", '{"premise": "а"}\n', "line 1: no hypothesis and no label"),
        ("c.jsonl", "\n[1]\n", "line 2: not a JSON object"),
        ("c.jsonl", "{\n", "line 1: not JSON"),
        ("c.csv", "premise,hypothesis,label\nЁж,б,neutral\nеж,Б,neutral\n", "line 3: the same"),
    ],
)
def test_a_bad_file_of_controls_is_named_by_line(
    make_run: Make, candidates: Rows, tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RupairsError, match=said) as failure:
        make_run(candidates).run("push", push={"controls": str(path)})
    assert str(failure.value).startswith(f"{path}: ")


def test_other_controls_under_the_same_name_are_pushed_again(
    make_run: Make, candidates: Rows, tmp_path: Path
) -> None:
    run = make_run(candidates)
    path = tmp_path / "controls.csv"
    path.write_text(CONTROLS, encoding="utf-8")
    setting = {"controls": str(path)}
    run.run("push", push=setting)
    assert run.run("push", push=setting).state == "kept"
    path.write_text(CONTROLS.replace("neutral", "entailment"), encoding="utf-8")
    assert run.run("push", push=setting).state == "made"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"overlap": 3, "annotators": 2}, "2 annotators are fewer than the overlap 3"),
        ({"overlap": 2, "names": ["Анна", "Анна"]}, "give 2 different ones"),
        ({"annotators": 4, "names": ["Анна", "Иван", "Олег"]}, "give 4 different ones"),
        ({"annotators": 3, "left": [4]}, "no annotator 4 of 3"),
        ({"annotators": 3, "left": [1]}, "2 annotators stay, fewer than the overlap 3"),
    ],
)
def test_too_few_people_are_an_error(
    make_run: Make, candidates: Rows, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        make_run(candidates).recipe(push=settings)


def test_tasks_are_the_same_each_time_and_others_with_another_seed(
    make_run: Make, candidates: Rows
) -> None:
    setting = {"repeats": 0.3, "annotators": 4}
    first = make_run(candidates, "a").run("push", push=setting)
    again = make_run(candidates[::-1], "b").run("push", push=setting)
    other = make_run(candidates, "c").run("push", seed=1, push=setting)
    assert first.manifest.files == again.manifest.files
    assert not rows(first).keys() & rows(other).keys()
    assert {r["pair_id"] for r in rows(first).values()} == {c["pair_id"] for c in candidates}


def test_a_pair_that_is_there_twice_is_an_error(make_run: Make, candidates: Rows) -> None:
    with pytest.raises(RupairsError, match=f"the pair {candidates[3]['pair_id']}"):
        make_run([*candidates, candidates[3]]).run("push")


def test_no_candidates_are_no_tasks(make_run: Make) -> None:
    out = make_run([]).run("push")
    assert out.manifest.counts.rows_out == 0
    assert sheets(out) == {}


def test_an_id_depends_on_kind_occurrence_and_seed() -> None:
    ids = {
        task_id("a", kind, n, seed)
        for kind in ("item", "repeat")
        for n in (0, 1)
        for seed in (0, 1)
    }
    assert len(ids) == 8


def test_a_list_is_written_an_entry_a_line(tmp_path: Any) -> None:
    write_list(tmp_path / "list.json", iter([{"ё": 1}, {"ё": 2}]))
    text = (tmp_path / "list.json").read_text(encoding="utf-8")
    assert text == '[\n{"ё": 1},\n{"ё": 2}\n]\n'


def files(out: Any) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out.directory / "tasks").iterdir()}


def test_new_candidates_go_into_new_batches_and_move_nothing(
    make_run: Make, candidates: Rows, tmp_path: Path
) -> None:
    path = tmp_path / "controls.csv"
    path.write_text(CONTROLS, encoding="utf-8")
    push = {"overlap": 2, "annotators": 3, "batch_size": 25, "repeats": 0.2, "controls": str(path)}
    before = make_run(candidates).run("push", push=push)
    old, dealt = files(before), {r["task"]: r["batch"] for r in rows(before).values()}
    more = [*candidates, *(candidate(n) for n in range(60, 160))]
    more_controls = "Хлеб испекли к обеду.,Хлеб к обеду готов,entailment,Испекли к обеду\n"
    path.write_text(CONTROLS + more_controls, encoding="utf-8")
    after = make_run(more[::-1]).run("push", push=push, redo=True)
    new = files(after)
    assert old.items() <= new.items()
    assert set(new) - set(old) == {f"{a:02d}-{b:04d}.json" for a in (1, 2, 3) for b in range(4, 8)}
    assert dealt.items() <= {r["task"]: r["batch"] for r in rows(after).values()}.items()
    seen: Counter[str] = Counter()
    for data in sheets(after).values():
        seen.update(d["task"] for d in data)
    kinds = {task: row["kind"] for task, row in rows(after).items()}
    assert {n for task, n in seen.items() if kinds[task] == "item"} == {2}
    assert {n for task, n in seen.items() if kinds[task] == "control"} == {3}
    assert sum(n == "control" for n in kinds.values()) == 4
    assert after.manifest.facts["dealt_before"] == 60
    again = make_run(more).run("push", push=push, redo=True)
    assert files(again) == new


def test_the_items_of_somebody_who_left_are_dealt_to_others(
    make_run: Make, candidates: Rows
) -> None:
    push = {"overlap": 2, "annotators": 4, "batch_size": 20}
    run = make_run(candidates)
    before = run.run("push", push=push)
    old = files(before)
    theirs = {d["task"] for name, data in sheets(before).items() if name[:2] == "02" for d in data}
    after = run.run("push", push=push | {"left": [2]})
    new = files(after)
    assert old.items() <= new.items()
    added = [name for name in new if name not in old]
    assert added and not [name for name in added if name.startswith("02")]
    dealt: Counter[str] = Counter()
    for name, data in sheets(after).items():
        if name[:2] != "02":
            assert len({d["task"] for d in data}) == len(data)
            dealt.update(d["task"] for d in data)
    assert set(dealt.values()) == {2} and len(dealt) == 60
    loads = Counter(name[:2] for name in added for _ in json.loads(new[name]))
    assert sum(loads.values()) == len(theirs) and max(loads.values()) - min(loads.values()) <= 4
    assert files(run.run("push", push=push | {"left": [2]}, redo=True)) == new
