"""Votes, controls and crowd files: a vote is kept, dropped with its reason, or its file is named.

`tests/annotation/test_export.py` changes the bytes and the values of an export; here are the pages
that somebody changed, what a server says, and the other files that people hand in.
"""

import csv
import io
import json
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annotation.controls import read_controls
from annotation.crowd import Pool, read_pool
from annotation.export import Annotation, read_export
from annotation.page import LABELS
from annotation.refresh import _Reading
from annotation.votes import VOTE_SCHEMA, read_votes
from ruhnp.meaning_votes import read_votes as read_meanings
from rupairs.errors import RupairsError
from tests.fuzz.damage import DEEP, FUZZED, JUNK, damaged, promptly, spelled, twisted

TASK = {"task": "a" * 32, "kind": "item", "pair_id": "b" * 32, "premise": "Да.", "hypothesis": "Ж."}
ODD_LABELS = st.sampled_from([*LABELS, "Neutral", "", "contradiction ", "нейтрально", "same"])
ODD_NAMES = st.sampled_from(["nli", "hypothesis_revised", "premise_revised", "", "other"])
TEXT = st.text(max_size=6) | st.just("Иное.")
RESULTS = st.fixed_dictionaries(
    {"value": st.fixed_dictionaries({}, optional={"choices": st.lists(ODD_LABELS, max_size=3)})}
    | {"from_name": ODD_NAMES}
) | st.fixed_dictionaries({"from_name": ODD_NAMES, "value": st.fixed_dictionaries({"text": TEXT})})
GIVEN = st.fixed_dictionaries(
    {"id": st.integers(0, 2), "result": st.lists(RESULTS, max_size=3)}
    | {"completed_by": st.none() | st.integers(0, 1) | st.just({"id": "x@y.ru"})}
    | {"created_at": st.sampled_from(["2026-03-01T09:00:00Z", "2026-03-01T10:00:00Z", ""])},
    optional={"was_cancelled": st.booleans(), "updated_at": st.none() | st.just("2026-04-01")},
)


@FUZZED
@given(st.lists(st.tuples(st.sampled_from([TASK["task"], "unknown"]), st.lists(GIVEN, max_size=4))))
def test_votes_of_a_changed_page_are_all_accounted_for(given_votes: list[Any]) -> None:
    entries = [{"data": {"task": t}, "annotations": votes} for t, votes in given_votes]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        path.write_text(json.dumps(entries), encoding="utf-8")
        readings = read_votes(read_export(path), {TASK["task"]: TASK})
    assert len(readings) == sum(len(votes) for _, votes in given_votes)
    kept = [reading.row for reading in readings if reading.reason is None]
    pa.Table.from_pylist(kept, schema=VOTE_SCHEMA).validate(full=True)
    assert all(row["label"] in LABELS and row["task"] == TASK["task"] for row in kept)
    # One vote of each person stands.
    people = [row["annotator"] for row in kept if row["latest"]]
    assert sorted(people) == sorted({row["annotator"] for row in kept})


ANSWER = {
    "id": 3,
    "completed_by": 1,
    "result": [{"from_name": "nli", "type": "choices", "value": {"choices": ["neutral"]}}],
    "was_cancelled": False,
    "created_at": "2026-03-01T09:00:00.250000Z",
    "updated_at": "2026-03-01T10:00:00.000000Z",
    "lead_time": 7.5,
}


def served(said: dict[str, Any]) -> Annotation | None:
    """Read an annotation as a server gives it; None if it was refused by the number of its task.

    The server is made up: a real one never says such things.
    """
    server: Any = SimpleNamespace(url="http://studio")
    answers: Any = None
    try:
        return _Reading(server, answers, 1, "1 2026")._annotation({"id": 7}, said)
    except RupairsError as error:
        assert str(error).startswith("http://studio: task 7, annotation ")
        return None


@FUZZED
@example({"created_at": "вчера"})
@example({"created_at": 5})
@example({"updated_at": "0001-01-01T00:00:00+23:59"})
@given(st.dictionaries(st.sampled_from(sorted(Annotation.model_fields)), JUNK, max_size=3))
def test_answers_of_a_server_are_read_or_refused(changed: dict[str, Any]) -> None:
    read = served(ANSWER | changed)
    if read is not None:
        # So it is kept until the votes are made of it.
        assert Annotation.model_validate_json(read.model_dump_json()) == read


def test_the_answer_of_a_server_is_whole_to_begin_with() -> None:
    assert served(ANSWER)


CONTROLS = [
    {"premise": "Снег выпал.", "hypothesis": "Выпал снег.", "label": "entailment"},
    {"premise": "Снег выпал.", "hypothesis": "Снега не было.", "label": "contradiction"},
]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def controlled(name: str, content: bytes) -> pa.Table | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with promptly():
            try:
                table = read_controls(path)
            except RupairsError as error:
                assert str(error).startswith(f"{path}: ")
                return None
    table.validate(full=True)
    return table


@FUZZED
@example([{**CONTROLS[0], "premise": "\ud83d"}])
@example([{**CONTROLS[0], "explanation": DEEP}])
@given(twisted(CONTROLS))
def test_controls_as_json_lines_are_all_read_or_refused(rows: Any) -> None:
    lines = "".join(spelled(row) + "\n" for row in rows)
    found = controlled("controls.jsonl", lines.encode())
    assert found is None or found.num_rows == len(rows)


@FUZZED
@given(st.sampled_from(["controls.jsonl", "controls.csv"]), st.data())
def test_controls_with_bytes_changed_are_read_or_refused(name: str, data: st.DataObject) -> None:
    whole = "".join(json.dumps(row) + "\n" for row in CONTROLS).encode()
    controlled(name, data.draw(damaged(whole if name.endswith("l") else as_csv(CONTROLS))))


def test_a_cell_may_hold_a_line_separator_of_unicode() -> None:
    rows = [
        {**row, "premise": f"Первая строка.\u2028\x0bВторая {n}."} for n, row in enumerate(CONTROLS)
    ]
    found = controlled("controls.csv", as_csv(rows))
    assert found is not None and found["premise"][0].as_py() == "Первая строка. Вторая 0."


PAIRS = "premise;hypothesis;result;worker_id\nДа.;Нет.;entailment6;w1\nДа.;Нет.;neutral;w2\n"
TOLOKA = (
    "INPUT:a\tOUTPUT:x\tGOLDEN:x\tASSIGNMENT:task_id\tASSIGNMENT:assignment_id\t"
    "ASSIGNMENT:worker_id\tASSIGNMENT:started\tASSIGNMENT:submitted\n"
    "да\ttrue\ttrue\tt1\ta1\tw1\t2022-01-01T10:00:00\t2022-01-01T10:01:00\n"
    "да\tfalse\t\tt2\ta1\tw1\t2022-01-01T10:00:00\t2022-01-01T10:01:00\n"
)


def pooled(content: bytes, folder: Path) -> Pool | None:
    path = folder / "pool.tsv"
    path.write_bytes(content)
    with promptly():
        try:
            return read_pool(path)
        except RupairsError as error:
            assert str(error).startswith(f"{path}: ")
            return None


@FUZZED
@given(st.sampled_from([PAIRS, TOLOKA]).flatmap(lambda text: damaged(text.encode())))
def test_crowd_files_with_bytes_changed_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pool = pooled(content, Path(folder))
    if pool is not None:
        assert not pool.ballots[["task", "worker", "label"]].isna().any().any()
        assert pool.gold.index.is_unique


@pytest.mark.parametrize(
    "content",
    [
        PAIRS.encode("cp1251"),
        TOLOKA.replace("ASSIGNMENT:task_id", "ASSIGNMENT:id").encode(),
        TOLOKA.replace("2022-01-01T10:00:00", "позавчера").encode(),
    ],
)
def test_crowd_files_that_lack_something_are_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "pool.tsv").write_bytes(content)
    with pytest.raises(RupairsError, match=r"pool\.tsv: not a whole table"):
        read_pool(tmp_path / "pool.tsv")


def test_crowd_files_are_whole_to_begin_with(tmp_path: Path) -> None:
    for content in (PAIRS, TOLOKA):
        pool = pooled(content.encode(), tmp_path)
        assert pool is not None and len(pool.ballots) == 2


MEANINGS = [
    {
        "data": {"pair_id": "p1"},
        "annotations": [
            {
                "completed_by": 1,
                "created_at": "2026-03-01",
                "result": [{"from_name": "meaning", "value": {"choices": ["same"]}}],
            }
        ],
    }
]


@FUZZED
@example(spelled([DEEP]).encode())
@given(twisted(MEANINGS).map(lambda v: spelled(v).encode()) | damaged(spelled(MEANINGS).encode()))
def test_votes_on_meaning_are_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        path.write_bytes(content)
        with promptly():
            try:
                votes = read_meanings(path, ["p1"])
            except RupairsError as error:
                assert str(error).startswith(f"{path}: ")
                return
    assert set(votes.labels) == {"p1"}
