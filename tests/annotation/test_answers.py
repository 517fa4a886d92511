"""The file of answers: nothing twice, nothing lost, whoever writes."""

import threading
import time
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
        answers.note("p", "2026", "here")
        answers.note("p", "2027", "here")
        answers.note("o", "2027", "there")
    with Answers(tmp_path / "answers.sqlite") as answers:
        assert (answers.read_until("p"), answers.read_until("q")) == ("2027", None)
        assert (answers.known("here"), answers.known("nowhere")) == ({"p"}, set())


def test_a_project_of_twenty_thousand_tasks_takes_seconds(tmp_path: Path) -> None:
    began = time.process_time()
    with Answers(tmp_path / "answers.sqlite") as answers:
        for start in range(0, 20_000, 200):
            with answers.together():
                for number in range(start, start + 200):
                    assert answers.add("p", number, f"t{number}", [annotation(number)]) == 1
                    there = answers.present("p", number)
                    answers.mark_deleted("p", there - {str(number)})
        assert answers.count("p") == 20_000
    assert time.process_time() - began < 10


def test_a_page_that_broke_off_leaves_nothing(tmp_path: Path) -> None:
    with Answers(tmp_path / "answers.sqlite") as answers:
        answers.add("p", 1, "t", [annotation(1)])
        with pytest.raises(KeyError), answers.together():
            answers.add("p", 2, "t", [annotation(2)])
            answers.mark_deleted("p", ["1"])
            raise KeyError
        assert answers.present("p") == {"1"}


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
