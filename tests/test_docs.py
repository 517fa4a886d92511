"""Docs that match: every command they show exists with its options, every file they name too.

The commands of `rupairs` are run in `test_docs_run.py`.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from rupairs.runs import open_recipe
from tests.shown import PAGES, REPOSITORY, block_lines, blocks, commands

LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
EXTRAS = re.compile(r"(?:rupairs|\.)\[([\w,]+)\]")
MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


@cache
def shown_help(*words: str) -> str:
    """Return the help of a module and its verb; empty if there is none."""
    done = subprocess.run(
        [sys.executable, "-m", *words, "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"COLUMNS": "200"},
    )
    return done.stdout if done.returncode == 0 else ""


def test_there_are_commands_to_check() -> None:
    assert len(commands("rupairs")) > 60
    assert "rupairs annotate adjudicate RUN" in commands("rupairs")  # stands in no block
    assert len(commands("make")) > 5
    assert len(commands("python")) > 10


@pytest.mark.parametrize("command", commands("rupairs"))
def test_shown_commands_exist_with_their_options(command: str) -> None:
    words = shlex.split(command)[1:]
    verbs = [w for w in words if w.islower() and not w.startswith("-")]
    shown = shown_help("rupairs.cli", *verbs[:2]) or shown_help("rupairs.cli", *verbs[:1])
    assert shown, f"no such verb: {command}"
    own = words[: words.index("--")] if "--" in words else words
    assert all(word in shown for word in own if word.startswith("--")), command


@pytest.mark.parametrize("command", commands("python"))
def test_shown_modules_answer(command: str) -> None:
    words = shlex.split(command)[1:]
    assert words[0] == "-m", command
    shown = shown_help(words[1])
    assert shown, f"does not answer --help: {command}"
    for word in words[2:]:
        assert word in shown or word.isdigit(), command


@pytest.mark.parametrize("command", commands("make"))
def test_shown_verbs_of_make_are_there(command: str) -> None:
    for word in shlex.split(command)[1:]:
        variable, given, _ = word.partition("=")
        wanted = rf"^{variable} \?=" if given else rf"^{word}:.*## "
        assert re.search(wanted, MAKEFILE, re.MULTILINE), command


def test_shown_extras_are_there() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shown = [command for command in commands("pip") if "rupairs" in command or "'." in command]
    assert shown
    for command in shown:
        for names in EXTRAS.findall(command):
            assert set(names.split(",")) <= set(project["optional-dependencies"]), command


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_no_shown_line_goes_unchecked(page: Path) -> None:
    known = re.compile(r"(\.venv(-\w+)?/bin/)?(rupairs|make|python|pip|export) ")
    for line in block_lines(page):
        assert known.match(line), line


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_named_files_exist(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


SETTINGS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "toml"))
]


@pytest.mark.parametrize("text", SETTINGS)
def test_shown_settings_are_part_of_a_recipe(text: str, tmp_path: Path) -> None:
    recipe = tmp_path / "shown.toml"
    (tmp_path / "FOLDER").mkdir()
    # What a block leaves out is that of the full recipe.
    recipe.write_text(f'extends = "full"\n{text}', encoding="utf-8")
    open_recipe(str(recipe), [])


def test_shown_python_works() -> None:
    shown = [(page, text) for page in PAGES for text in blocks(page, "python")]
    assert shown
    for page, text in shown:
        exec(compile(text, str(page), "exec"), {"__name__": page.stem})


def test_the_citation_is_of_this_version_and_of_what_it_rests_on() -> None:
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert f"## {cited['version']}, {cited['date-released']}\n" in changes
    titles = [reference["title"].partition(":")[0] for reference in cited["references"]]
    assert titles == ["WANLI", "USER", "LM-Cocktail"]
