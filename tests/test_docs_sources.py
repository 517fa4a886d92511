"""The page on adding a source: its example is built, registered, tested and fuzzed as it says."""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import harvest.sources
from harvest.source import Source
from tests.fuzz.native import Rows, json_lines
from tests.fuzz.reading import read as read_fuzzed
from tests.harvest import test_sources as registry
from tests.harvest.conftest import put, read  # noqa: F401 (fixtures)
from tests.shown import REPOSITORY, blocks

PAGE = REPOSITORY / "docs/sources.md"


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the blocks of the page define, its source being registered."""
    found: dict[str, Any] = {}
    for number, block in enumerate(blocks(PAGE, "python")):
        path = tmp_path / f"block{number}.py"
        path.write_text(block, encoding="utf-8")
        found |= runpy.run_path(str(path))
    known = (*harvest.sources.SOURCES, found["SOURCE"])
    monkeypatch.setattr(harvest.sources, "SOURCES", known)
    return found


def test_the_example_passes_what_every_source_must(shown: dict[str, Any]) -> None:
    source: Source = shown["SOURCE"]
    assert source.gives == "pairs"
    assert set(source.relations) <= {r for s in harvest.sources.SOURCES[:-1] for r in s.relations}
    registry.test_a_source_says_where_it_is_from_and_under_which_terms(source)
    registry.test_what_is_fetched_has_names_that_are_read(source)


def test_the_example_of_a_test_passes(
    shown: dict[str, Any],
    put: Callable[..., Any],  # noqa: F811
    read: Callable[..., Any],  # noqa: F811
) -> None:
    tests = [name for name in shown if name.startswith("test_")]
    assert tests == ["test_a_letter_is_the_query_and_its_reply_the_passage"]
    shown[tests[0]](put, read)


def test_the_line_for_the_fuzzing_is_whole(shown: dict[str, Any], tmp_path: Path) -> None:
    line = next(b for b in blocks(PAGE, "python") if "Rows(" in b).splitlines()[-1]
    case: Rows = eval(line, {"Rows": Rows})
    came = read_fuzzed(case.source, tmp_path, {case.file: json_lines(case.rows)})
    assert came == case.gives(case.rows)


def test_the_lines_of_the_registry_are_like_those_that_are_there() -> None:
    there = (REPOSITORY / "harvest/sources/__init__.py").read_text(encoding="utf-8")
    added = [line for line in blocks(PAGE, "diff")[0].splitlines() if line.strip()]
    for line in added:
        like = line[1:].replace("letters", "lenta")
        assert like in there, line
    assert sum(line.startswith("+") for line in added) == 2
