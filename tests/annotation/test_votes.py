import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from annotation.export import Annotation, Data, Entry, Result, Value, read_export
from annotation.people import opaque
from annotation.stage import PullSection
from annotation.votes import VOTE_SCHEMA, Reading, read_votes

TASK = {
    "task": "c" * 32,
    "kind": "item",
    "pair_id": "a" * 32,
    "premise": "Анна купила билет.",
    "hypothesis": "У Анны есть билет",
}

Write = Callable[[Any], Path]


@pytest.fixture
def read(native: Any, write: Write) -> Callable[..., list[Reading]]:
    def votes(*annotations: dict[str, Any]) -> list[Reading]:
        path = write([native.entry(TASK, *annotations)])
        return list(read_votes(read_export(path), {TASK["task"]: TASK}))

    return votes


def test_a_vote_is_a_row_of_the_schema(native: Any, read: Callable[..., list[Reading]]) -> None:
    (vote,) = read(native.annotation(TASK, "entailment", by=17))
    assert vote.reason is None
    assert pa.Table.from_pylist([vote.row], schema=VOTE_SCHEMA).to_pylist() == [
        {
            "pair_id": TASK["pair_id"],
            "task": TASK["task"],
            "kind": "item",
            "vote_id": "1",
            "annotator": vote.row["annotator"],
            "label": "entailment",
            "premise_revised": None,
            "hypothesis_revised": None,
            "seconds": 7.5,
            "created_at": "2026-03-01T09:00:01.250000Z",
            "changed_at": "2026-03-01T10:00:00.000000Z",
            "latest": True,
            "simulated": False,
        }
    ]


def test_users_are_opaque_and_the_same_however_they_are_spelled(
    native: Any, read: Callable[..., list[Reading]]
) -> None:
    user = {"id": 17, "email": "anna@example.com", "first_name": "Анна"}
    plain, spelled, mail = read(
        native.annotation(TASK, "neutral", by=17),
        native.annotation(TASK, "neutral", by=user),
        native.annotation(TASK, "neutral", by="anna@example.com"),
    )
    assert plain.row["annotator"] == spelled.row["annotator"] != mail.row["annotator"]
    for vote in (plain, spelled, mail):
        assert "@" not in repr(vote)
        assert vote.row["annotator"] != "17"
        assert len(vote.row["annotator"]) == 16


def test_votes_that_do_not_count_say_why(
    native: Any, read: Callable[..., list[Reading]], write: Write
) -> None:
    several = native.annotation(TASK, "neutral", by=4)
    several["result"][0]["value"]["choices"] = ["neutral", "contradiction"]
    found = read(
        native.annotation(TASK, "neutral", by=1, was_cancelled=True),
        native.annotation(TASK, None, by=2),
        native.annotation(TASK, "Нейтрально", by=3),
        several,
        native.annotation(TASK, "neutral", by=None),
        native.annotation(TASK, "discard", by=5, lead_time=None),
    )
    assert [(v.reason, v.evidence) for v in found] == [
        ("cancelled", "2"),
        ("no_label", "3"),
        ("unknown_label", "Нейтрально"),
        ("several_labels", "neutral, contradiction"),
        ("no_annotator", "5"),
        (None, ""),
    ]
    assert found[-1].row["seconds"] is None
    other = TASK | {"task": "b" * 32}
    path = write([native.entry(other, native.annotation(other, "neutral"))])
    assert [v.reason for v in read_votes(read_export(path), {TASK["task"]: TASK})] == [
        "unknown_task"
    ]


def test_the_latest_of_one_persons_answers_stands(
    native: Any, read: Callable[..., list[Reading]]
) -> None:
    late, later = "2026-03-02T09:00:00.000000Z", "2026-03-03T09:00:00.000000Z"
    late = native.annotation(TASK, "neutral", by=1, created_at=late, updated_at=late)
    skipped = native.annotation(
        TASK, "neutral", by=1, was_cancelled=True, created_at=later, updated_at=later
    )
    early = native.annotation(TASK, "entailment", by=1)
    other = native.annotation(TASK, "entailment", by=2)
    found = read(late, skipped, early, other)
    assert [v.reason for v in found] == [None, "cancelled", None, None]
    assert [v.row["latest"] for v in found] == [True, False, False, True]


def test_versions_of_an_answer_are_votes_of_which_the_last_stands(
    native: Any, read: Callable[..., list[Reading]]
) -> None:
    moments = [f"2026-03-0{day}T09:00:00.000000Z" for day in (4, 5, 6)]
    first = native.annotation(TASK, "neutral", updated_at=moments[0])
    second = first | {"updated_at": moments[1], "result": []}
    third = native.annotation(TASK, "discard", id=first["id"], created_at=first["created_at"])
    third["updated_at"] = moments[2]
    found = read(third, first, second, dict(first))
    assert [v.reason for v in found] == [None, None, "no_label", "duplicate"]
    assert [v.row["vote_id"] for v in found] == ["1.3", "1", "1.2", "1"]
    assert [v.row["latest"] for v in found] == [True, False, False, False]
    assert {v.row["created_at"] for v in found} == {first["created_at"]}
    assert [v.row["changed_at"] for v in found] == [moments[n] for n in (2, 0, 1, 0)]


def test_an_answer_whose_label_was_taken_away_does_not_stand(
    native: Any, read: Callable[..., list[Reading]]
) -> None:
    first = native.annotation(TASK, "neutral")
    emptied = first | {"updated_at": "2026-03-09T10:00:00.000000Z", "result": []}
    found = read(first, emptied, native.annotation(TASK, "discard", by=2))
    assert [v.row["latest"] for v in found] == [False, False, True]


@pytest.mark.parametrize(
    ("texts", "revised"),
    [
        ([TASK["hypothesis"]], None),
        ([TASK["hypothesis"] + " \u00a0"], None),
        (["У Анны\u00a0есть би\u00adлет"], None),
        ([TASK["hypothesis"] + "."], "У Анны есть билет."),
        (["у Анны есть билет"], "у Анны есть билет"),
        (["  У Анны  два билета. "], "У Анны два билета."),
        (["У Анны два билета.", TASK["hypothesis"]], "У Анны два билета."),
        (["", " "], None),
        ([], None),
        ("У Анны два билета.", "У Анны два билета."),
    ],
)
def test_only_another_text_is_a_revision(
    native: Any, read: Callable[..., list[Reading]], texts: Any, revised: str | None
) -> None:
    annotation = native.annotation(TASK, "neutral")
    annotation["result"][2]["value"]["text"] = texts
    (vote,) = read(annotation)
    assert vote.row["hypothesis_revised"] == revised
    assert vote.row["premise_revised"] is None


def test_a_programs_votes_keep_their_mark_and_name(
    native: Any, read: Callable[..., list[Reading]]
) -> None:
    by = {"id": "simulated-2"}
    made_up, real = read(
        native.annotation(TASK, "neutral", by=by, simulated=True),
        native.annotation(TASK, "neutral", by=2),
    )
    assert made_up.row["simulated"] and made_up.row["annotator"] == "simulated-2"
    assert not real.row["simulated"]


def test_where_people_are_named_nobody_else_has_a_vote(native: Any, write: Write) -> None:
    path = write([native.entry(TASK, *(native.annotation(TASK, "neutral", by) for by in (1, 2)))])
    known = PullSection(annotators=("1",)).annotators
    assert PullSection(annotators=known).annotators == known == (opaque("1"),)
    found = list(read_votes(read_export(path), {TASK["task"]: TASK}, known))
    assert [(v.reason, v.evidence) for v in found] == [
        (None, ""),
        ("unknown_annotator", opaque("2")),
    ]


def test_many_votes_take_little_memory() -> None:
    tasks = {f"{n:032x}": TASK | {"task": f"{n:032x}"} for n in range(2_000)}

    def entries() -> Iterator[Entry]:
        for n, task in enumerate(list(tasks) * 10):
            answer = Annotation(
                id=n, completed_by=n % 7, result=[Result(from_name="nli", value=NEUTRAL)], **AT
            )
            yield Entry(data=Data(task=task), annotations=[answer])

    gc.collect()
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    readings = read_votes(entries(), tasks)
    left, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    a_vote = (left + pa.total_allocated_bytes() - before) / len(readings)
    assert len(readings) == 20_000
    assert a_vote < 600


NEUTRAL = Value(choices=["neutral"])
AT: dict[str, Any] = {"created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:00:00Z"}
