import copy
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.export import read_export
from annotation.votes import VOTE_SCHEMA, read_votes
from rupairs.errors import RupairsError

TASKS = {
    f"{n:032x}": {
        "task": f"{n:032x}",
        "kind": "item",
        "pair_id": f"{n + 16:032x}",
        "premise": f"Поезд пришёл в {n} часов.",
        "hypothesis": "Поезд уже на станции.",
    }
    for n in range(3)
}


def two_of_each(native: Any) -> list[dict[str, Any]]:
    return [
        native.entry(task, *(native.annotation(task, "neutral", by) for by in (1, {"id": 2})))
        for task in TASKS.values()
    ]


def test_an_export_is_read_with_keys_we_do_not_know(
    native: Any, write: Callable[[Any], Path]
) -> None:
    entries = two_of_each(native)
    for entry in entries:
        entry["from_a_later_version"] = {"anything": [1, None]}
        entry["annotations"][0]["result"].append({"type": "relation", "from_id": "a", "to_id": "b"})
    read = list(read_export(write(entries)))
    assert [e.data.task for e in read] == list(TASKS)
    assert [a.user for e in read for a in e.annotations] == ["1", "2"] * 3
    assert len(read_votes(read, TASKS)) == 6


def test_a_byte_order_mark_does_no_harm(native: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(two_of_each(native)), encoding="utf-8-sig")
    assert len(list(read_export(path))) == 3


def put(entries: Any, *where: Any, value: Any) -> Any:
    at = entries
    for key in where[:-1]:
        at = at[key]
    if value is KeyError:
        del at[where[-1]]
    else:
        at[where[-1]] = value
    return entries


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        ((1, "data", "task"), KeyError, "entry 1: data.task: Field required"),
        ((2, "data"), KeyError, "entry 2: data: Field required"),
        ((0, "annotations"), KeyError, "entry 0: annotations: Field required"),
        ((1,), "text", "entry 1: the entry:"),
        ((1, "annotations", 1, "result"), KeyError, "entry 1: annotations.1.result"),
        ((1, "annotations", 0, "result", 0, "value", "choices"), [4], "entry 1: .*choices.0"),
        ((1, "annotations", 0, "result", 0, "value", "choices"), "neutral", "entry 1: .*choices"),
        ((1, "annotations", 0, "was_cancelled"), "false", "entry 1: annotations.0.was_cancelled"),
        ((1, "annotations", 0, "lead_time"), "12", "entry 1: annotations.0.lead_time"),
        ((1, "annotations", 0, "lead_time"), float("nan"), "entry 1: annotations.0.lead_time"),
        ((1, "annotations", 0, "lead_time"), 10**400, "entry 1: annotations.0.lead_time"),
        ((1, "annotations", 0, "completed_by"), {"email": "a@b.ru"}, "entry 1: .*completed_by"),
        ((1, "annotations", 0, "created_at"), None, "entry 1: annotations.0.created_at"),
        ((1, "data", "task"), "\ud800", "entry 1: data.task"),
        ((1, "annotations", 0, "completed_by"), "\udfff", "entry 1: .*completed_by"),
        ((1, "annotations", 0, "result", 1, "value", "text"), ["я\ud83d"], "entry 1: .*lone surr"),
    ],
)
def test_what_is_no_export_is_named_by_file_and_entry(
    native: Any, tmp_path: Path, where: tuple[Any, ...], value: Any, said: str
) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(put(two_of_each(native), *where, value=value)), encoding="utf-8")
    with pytest.raises(RupairsError, match=said) as failure:
        list(read_export(path))
    assert str(failure.value).startswith(f"{path}: ")
    assert "a@b.ru" not in str(failure.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON list"),
        ("pair_id,label\n1,neutral\n", "no JSON list"),
        ('{"data": {}}', "no JSON list"),
        ("[", "entry 0: not valid JSON"),
        ("[{]", "entry 0: not valid JSON"),
        ("[" + "[" * 100_000, "entry 0: not valid JSON"),
        ("[" + "9" * 5_000 + "]", "entry 0: not valid JSON"),
        ('[{"data": {"task": "a"}, "annotations": []}', "entry 0 is followed by the end"),
        ('[{"data": {"task": "a"}, "annotations": []} {}]', "entry 0 is followed by something"),
        ('[{"data": {"task": "a"}, "annotations": []}]]', "text after the end"),
        ('[{"data": {"task": "a"}, "annotations": []},]', "entry 1: not valid JSON"),
    ],
)
def test_bad_json_is_named_by_file_and_entry(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RupairsError, match=said) as failure:
        list(read_export(path))
    assert str(failure.value).startswith(f"{path}: ")


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes('[{"data": "привет"}]'.encode("cp1251"))
    with pytest.raises(RupairsError, match="not UTF-8 at byte 11"):
        list(read_export(path))


def test_a_file_of_many_blocks_is_read_as_of_one(
    native: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.json"
    path.write_text(
        json.dumps(two_of_each(native), ensure_ascii=False, indent=3), encoding="utf-8-sig"
    )
    whole = list(read_export(path))
    for block in (1, 2, 7, 100):
        monkeypatch.setattr("annotation.export._BLOCK", block)
        assert list(read_export(path)) == whole
    path.write_bytes(path.read_bytes()[:-40] + b"\xff")
    bad = path.stat().st_size - 1
    for block in (1, 7, 1 << 20):
        monkeypatch.setattr("annotation.export._BLOCK", block)
        with pytest.raises(RupairsError, match=f"not UTF-8 at byte {bad};"):
            list(read_export(path))


def test_of_a_large_file_a_little_is_in_memory(native: Any, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    one = json.dumps(two_of_each(native)[0], ensure_ascii=False)
    path.write_text(f"[{', '.join([one] * 4_000)}]", encoding="utf-8")
    tracemalloc.start()
    assert sum(1 for _ in read_export(path)) == 4_000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < path.stat().st_size


def test_an_empty_export_is_one(write: Callable[[Any], Path]) -> None:
    assert list(read_export(write([]))) == []


def account(path: Path) -> None:
    """Read a mangled export: an error a person can act on, or every annotation accounted for."""
    try:
        readings = list(read_votes(read_export(path), TASKS))
    except RupairsError as error:
        assert str(error).startswith(f"{path}: ")
        return
    entries = json.loads(path.read_text(encoding="utf-8-sig"))
    assert len(readings) == sum(len(entry["annotations"]) for entry in entries)
    kept = [reading.row for reading in readings if reading.reason is None]
    pa.Table.from_pylist(kept, schema=VOTE_SCHEMA).validate(full=True)
    for reading in readings:
        assert set(reading.row) == set(VOTE_SCHEMA.names)
        assert json.dumps(reading.row, ensure_ascii=False).encode()
        assert reading.evidence.encode() is not None
        if reading.reason is None:
            assert reading.row["label"] in ("entailment", "neutral", "contradiction", "discard")
            assert reading.row["task"] in TASKS


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mangled") / "export.json"


TEXTS = st.text(st.characters(), max_size=8)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner),
    max_leaves=5,
)
HURRIED = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def nodes(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, below in inner:
        found.append((*where, key))
        if isinstance(below, dict | list):
            found += nodes(below, (*where, key))
    return found


@HURRIED
@given(st.data())
def test_an_export_with_anything_changed_loses_no_vote(
    native: Any, place: Path, data: st.DataObject
) -> None:
    entries = copy.deepcopy(two_of_each(native))
    for _ in range(data.draw(st.integers(1, 3))):
        choices = nodes(entries)
        if not choices:
            break
        where = data.draw(st.sampled_from(choices))
        kind = data.draw(st.sampled_from(["junk", "gone", "copied"]))
        if kind == "copied":
            value = copy.deepcopy(entries[data.draw(st.integers(0, len(entries) - 1))])
        else:
            value = KeyError if kind == "gone" else data.draw(JUNK)
        put(entries, *where, value=value)
    place.write_text(json.dumps(entries), encoding="utf-8")
    account(place)


@HURRIED
@given(cut=st.floats(0, 1), length=st.integers(0, 40), new=st.binary(max_size=8))
def test_an_export_with_bytes_changed_loses_no_vote(
    native: Any, place: Path, cut: float, length: int, new: bytes
) -> None:
    whole = json.dumps(two_of_each(native), ensure_ascii=False).encode()
    at = int(cut * len(whole))
    place.write_bytes(whole[:at] + new + whole[at + length :])
    account(place)


@HURRIED
@given(cut=st.floats(0, 0.999))
def test_an_export_broken_off_is_always_an_error(native: Any, place: Path, cut: float) -> None:
    whole = json.dumps(two_of_each(native), ensure_ascii=False).encode()
    place.write_bytes(whole[: int(cut * len(whole))])
    with pytest.raises(RupairsError, match=r"export\.json"):
        list(read_export(place))
