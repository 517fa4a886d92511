"""What the pages show: commands in blocks and in the text, and blocks of TOML and Python."""

import re
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_STARTS = ("rupairs ", "make ", "python ", "pip ", "export ", "pre-commit ")
_OWN_PYTHON = re.compile(r"^\.venv(-\w+)?/bin/")
# Words that are only a name: `rupairs COMMAND --help` shows a form, no command.
_FORMS = ("rupairs COMMAND",)


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in a language; `sh` has those without a language too."""
    wanted = ("", "sh") if language == "sh" else (language,)
    return [text for name, text in _BLOCK.findall(page.read_text("utf-8")) if name in wanted]


def block_lines(page: Path) -> Iterator[str]:
    """Yield the lines of a page's shell blocks without comments; a picture in text has none."""
    for block in blocks(page, "sh"):
        lines = [_bare(line) for line in block.splitlines() if line.strip()]
        if any(_is_command(line) for line in lines):
            yield from filter(None, lines)


def commands(start: str) -> list[str]:
    """Return all commands that begin so, from blocks and from the text, each once."""
    found = set()
    for page in PAGES:
        text = _BLOCK.sub("", page.read_text("utf-8"))
        inline = [code for code in _INLINE.findall(text) if _is_command(_plain(code))]
        found |= {_plain(line) for line in (*block_lines(page), *inline)}
    return sorted(c for c in found if c.startswith(f"{start} ") and not c.startswith(_FORMS))


def _bare(line: str) -> str:
    """Return a line without what is said about it: after two spaces, or a number sign."""
    return line.partition("  ")[0].partition(" #")[0].strip()


def _plain(command: str) -> str:
    return _OWN_PYTHON.sub("", command)


def _is_command(line: str) -> bool:
    return _plain(line).startswith(_STARTS)
