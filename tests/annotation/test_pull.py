import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rupairs.errors import RupairsError, UsageError
from rupairs.store import StageReader, read_table

Make = Callable[..., Any]
Rows = list[dict[str, Any]]
Write = Callable[[Any], Path]


def people(native: Any, candidates: Rows, label: str = "neutral") -> Rows:
    return [
        native.entry(c, *(native.annotation(c, label, by) for by in (1, 2))) for c in candidates
    ]


@pytest.mark.parametrize("given", [None, "nowhere.json"])
def test_without_an_export_one_error_says_what_to_do(
    make_run: Make, candidates: Rows, given: str | None
) -> None:
    run = make_run(candidates)
    with pytest.raises(RupairsError) as failure:
        run.run("pull", pull={} if given is None else {"export": given})
    assert not isinstance(failure.value, UsageError)
    said = str(failure.value)
    assert "\n" not in said
    pushed = run.path / "annotation" / "push"
    for part in (f"{pushed / 'tasks'}", f"{pushed / 'config.xml'}", "annotation.pull.export"):
        assert part in said
    assert ("is not set" in said) == (given is None)
    assert "docs/annotation.md" in said
    assert not (run.path / "annotation" / "pull").exists()
    left = [p for p in run.path.joinpath("annotation").rglob("*.parquet") if "pull" in str(p)]
    assert left == []


def test_a_persons_export_is_not_marked_simulated(
    make_run: Make, candidates: Rows, native: Any, write: Write
) -> None:
    run = make_run(candidates)
    out = run.run("decisions", pull={"export": str(write(people(native, candidates)))})
    pulled = StageReader(run.path / "annotation" / "pull")
    assert not pulled.manifest.simulated
    assert not out.manifest.simulated
    assert not any(row["simulated"] for row in [*pulled.rows(), *StageReader(out.directory).rows()])
    assert pulled.manifest.facts["annotators"] == 2
    assert pulled.manifest.counts.rows_in == pulled.manifest.counts.rows_out == 2 * len(candidates)


def test_a_simulated_export_given_as_a_persons_stays_marked(
    make_run: Make, candidates: Rows
) -> None:
    made = make_run(candidates, "a").run("simulated", reviewers="simulated")
    path = made.directory / "export.json"
    out = make_run(candidates, "b").run("decisions", pull={"export": str(path)})
    assert out.manifest.simulated
    assert all(row["simulated"] for row in StageReader(out.directory).rows())


def test_dropped_votes_are_accounted_for_and_name_nobody(
    make_run: Make, candidates: Rows, native: Any, write: Write
) -> None:
    entries = people(native, candidates[:3])
    mail = "olga@example.com"
    skipped = native.annotation(candidates[0], "neutral", by=mail, was_cancelled=True)
    entries[0]["annotations"].append(skipped)
    stranger = candidates[0] | {"pair_id": "f" * 32}
    entries.append(native.entry(stranger, native.annotation(stranger, "neutral", by=mail)))
    out = make_run(candidates).run("pull", pull={"export": str(write(entries))})
    counts = out.manifest.counts
    assert (counts.rows_in, counts.rows_out) == (8, 6)
    assert counts.dropped_by_reason == {"cancelled": 1, "unknown_task": 1}
    for path in out.directory.iterdir():
        assert mail.encode() not in path.read_bytes()


def test_another_export_under_the_same_name_is_read_again(
    make_run: Make, candidates: Rows, native: Any, write: Write
) -> None:
    run = make_run(candidates)
    path = write(people(native, candidates))
    setting = {"export": str(path)}
    first = run.run("pull", pull=setting)
    assert run.run("pull", pull=setting).state == "kept"
    moved = path.rename(path.with_name("moved.json"))
    assert run.run("pull", pull={"export": str(moved)}).state == "kept"
    write(people(native, candidates, "contradiction"))
    other = run.run("pull", pull=setting)
    assert other.state == "made"
    assert other.manifest.content != first.manifest.content
    assert os.fspath(path) not in other.manifest.model_dump_json()


def test_files_that_overlap_double_no_vote_and_show_its_versions(
    make_run: Make, candidates: Rows, native: Any, tmp_path: Path
) -> None:
    first = people(native, candidates[:3])
    second = json.loads(json.dumps(first))
    changed = second[0]["annotations"][0]
    changed["updated_at"] = "2026-03-05T10:00:00.000000Z"
    changed["result"][0]["value"]["choices"] = ["entailment"]
    second += people(native, candidates[3:5])
    paths = [tmp_path / "early.json", tmp_path / "late.json"]
    for path, entries in zip(paths, (first, second), strict=True):
        path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
    run = make_run(candidates)
    out = run.run("pull", pull={"export": [str(p) for p in paths]})
    assert out.manifest.counts.dropped_by_reason == {"duplicate": 5}
    votes = list(StageReader(out.directory).rows())
    assert len(votes) == 2 * 5 + 1
    versions = {v["vote_id"]: v for v in votes if v["vote_id"].partition(".")[0] == "1"}
    assert [(v["label"], v["latest"]) for v in versions.values()] == [
        ("neutral", False),
        ("entailment", True),
    ]
    assert set(versions) == {"1", "1.2"}
    assert out.manifest.facts["latest"] == 10


def test_a_damaged_export_leaves_the_finished_votes_alone(
    make_run: Make, candidates: Rows, native: Any, write: Write, tmp_path: Path
) -> None:
    run = make_run(candidates)
    first = run.run("pull", pull={"export": str(write(people(native, candidates)))})
    broken = tmp_path / "broken.json"
    broken.write_text("[{", encoding="utf-8")
    with pytest.raises(RupairsError, match=r"broken\.json: entry 0"):
        run.run("pull", pull={"export": str(broken)})
    assert StageReader(first.directory).manifest.fingerprint == first.manifest.fingerprint


def test_simulated_reviewers_and_an_export_exclude_each_other(
    make_run: Make, candidates: Rows
) -> None:
    with pytest.raises(UsageError, match=r"annotation: .*pull\.export needs reviewers"):
        make_run(candidates).recipe(reviewers="simulated", pull={"export": "x.json"})


def test_how_often_one_pulls_decides_nothing(
    make_run: Make, candidates: Rows, native: Any, tmp_path: Path
) -> None:
    push = {"overlap": 1, "repeats": 1.0}
    pushed = make_run(candidates[:2], "tasks").run("push", push=push)
    tasks = list(StageReader(pushed.directory).rows())
    first = []
    for task in sorted(tasks, key=lambda row: row["kind"]):
        label = "neutral" if task["kind"] == "item" else "entailment"
        given = native.annotation(task, label, updated_at="2026-03-01T09:30:00.000000Z")
        first.append(native.entry(task, given))
    later = json.loads(json.dumps(first))
    for entry in later:
        if entry["annotations"][0]["result"][0]["value"]["choices"] == ["neutral"]:
            entry["annotations"][0]["updated_at"] = "2026-03-02T09:00:00.000000Z"
            entry["annotations"][0]["result"][0]["value"]["choices"] = ["contradiction"]
    found = []
    for name, readings in (("often", [first, later]), ("once", [later])):
        paths = [tmp_path / f"{name}-{n}.json" for n in range(len(readings))]
        for path, entries in zip(paths, readings, strict=True):
            path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
        run = make_run(candidates[:2], name)
        out = run.run("decisions", push=push, pull={"export": [str(p) for p in paths]})
        workers = read_table(run.path / "annotation/quality/workers.parquet").to_pylist()
        found.append((list(StageReader(out.directory).rows()), workers))
    assert found[0] == found[1]
    assert {row["label"] for row in found[0][0]} == {"contradiction"}


def test_projects_of_several_people_and_items_of_too_many_are_told_of(
    make_run: Make, candidates: Rows, native: Any, write: Write
) -> None:
    entries = [
        native.entry(c, *(native.annotation(c, "neutral", by) for by in people)) | {"project": n}
        for n, (c, people) in enumerate(
            zip(candidates[:3], ((1, 2, 3), (1, 2), (1,)), strict=True), 7
        )
    ]
    setting = {"export": str(write(entries))}
    out = make_run(candidates[:3]).run("pull", push={"overlap": 2}, pull=setting)
    facts = out.manifest.facts
    assert {p: list(n.values()) for p, n in facts["shared_projects"].items()} == {
        "7": [1, 1, 1],
        "8": [1, 1],
    }
    assert facts["above_overlap"] == {"items": 1, "first": [candidates[0]["pair_id"]]}
    said = (out.directory / "report.md").read_text(encoding="utf-8")
    assert "project 7 was answered by 3 people" in said
    assert f"1 items have votes of more people than the overlap: {candidates[0]['pair_id']}" in said
    named = make_run(candidates[:3], "named").run(
        "pull", push={"overlap": 2}, pull=setting | {"annotators": ["1", "2"]}
    )
    assert named.manifest.counts.dropped_by_reason == {"unknown_annotator": 1}
    assert named.manifest.facts["above_overlap"]["items"] == 0
