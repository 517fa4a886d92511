"""Docs that match: every command they show exists with its options, every file they name too."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def commands() -> list[str]:
    lines = {
        line.partition("  ")[0].partition("#")[0].strip()
        for page in PAGES
        for block in BLOCK.findall(page.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line.startswith("rupairs ")
    }
    return sorted(lines)


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize("command", commands())
def test_shown_commands_exist_with_their_options(command: str) -> None:
    words = shlex.split(command)[1:]
    verbs = [w for w in words if w.islower() and not w.startswith("-")]
    options = [w for w in words if w.startswith("--")]
    shown = ""
    for depth in (2, 1):
        done = subprocess.run(
            [sys.executable, "-m", "rupairs.cli", *verbs[:depth], "--help"],
            capture_output=True,
            text=True,
            check=False,
            env={"COLUMNS": "200", "PATH": ""},
        )
        if done.returncode == 0:
            shown = done.stdout
            break
    assert shown, f"no such verb: {command}"
    assert all(option in shown for option in options), command


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_named_files_exist(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
