"""The file of answers: nothing twice, nothing lost, whoever writes."""

import threading
from pathlib import Path

import pytest

from annotation.answers import Answers
from annotation.export import Annotation
from rupairs.errors import RupairsError


def annotation(number: int, second: int = 0) -> Annotation:
    return Annotation(
        id=number,
        completed_by=1,
        result=[],
        created_at="2026-03-01T09:00:00.000000Z",
        updated_at=f"2026-03-01T09:00:{second:02d}.000000Z",
    )


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    with Answers(path) as answers:
        for number in range(99):
            answers.add("p", number, "t", [annotation(number)])
    path.write_bytes(b"\xff" * 5 + path.read_bytes()[5:])
    with pytest.raises(RupairsError, match=r"answers.sqlite: not a usable store of answers .*copy"):
        Answers(path)
    path.write_bytes(b"SQLit" + path.read_bytes()[5:4_096] + b"\xff" * 40_000)
    with (
        pytest.raises(RupairsError, match=r"answers.sqlite: not a usable store of answers .*copy"),
        Answers(path) as answers,
    ):
        list(answers.entries())


def test_a_version_is_kept_once_and_each_version_stays(tmp_path: Path) -> None:
    with Answers(tmp_path / "answers.sqlite") as answers:
        assert answers.add("p", 1, "t", [annotation(1), annotation(2)]) == 2
        assert answers.add("p", 1, "t", [annotation(1), annotation(2, 5)]) == 1
        assert answers.add("other", 1, "t", [annotation(1)]) == 1
        assert answers.present("p") == {"1", "2"}
        assert answers.present("p", 2) == set()
    with Answers(tmp_path / "answers.sqlite") as answers:
        found = [
            (e.data.task, a.id, a.moment[17:19]) for e in answers.entries() for a in e.annotations
        ]
    assert found == [("t", 1, "00"), ("t", 1, "00"), ("t", 2, "00"), ("t", 2, "05")]


def test_what_vanished_stays_marked_until_it_is_seen_again(tmp_path: Path) -> None:
    with Answers(tmp_path / "answers.sqlite") as answers:
        answers.add("p", 1, "t", [annotation(1), annotation(2)])
        answers.mark_deleted("p", ["2"])
        assert answers.present("p") == {"1"}
        assert [a.deleted for e in answers.entries() for a in e.annotations] == [False, True]
        assert answers.add("p", 1, "t", [annotation(2)]) == 0
        assert answers.present("p", 1) == {"1", "2"}


def test_how_far_a_project_was_read_is_remembered(tmp_path: Path) -> None:
    with Answers(tmp_path / "answers.sqlite") as answers:
        assert answers.read_until("p") is None
        answers.note("p", "2026")
        answers.note("p", "2027")
    with Answers(tmp_path / "answers.sqlite") as answers:
        assert (answers.read_until("p"), answers.read_until("q")) == ("2027", None)


def test_several_writers_add_everything_once(tmp_path: Path) -> None:
    def write() -> None:
        with Answers(tmp_path / "answers.sqlite") as answers:
            for number in range(40):
                answers.add("p", number, "t", [annotation(number)])

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Answers(tmp_path / "answers.sqlite") as answers:
        assert len(list(answers.entries())) == 40
