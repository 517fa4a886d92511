"""The README of a repository on the Hub: ours between two marks, other people's around them.

1. What is made from manifests stands between two comments; a new version replaces it alone.
2. Text before and after stays as it is on the Hub, unless the release has prose of its own.
3. In the front matter our fields win, fields that we do not set stay, and tags are joined. What an
   earlier release said of its license and its reviewers goes where this one does not say it.
4. The made part remembers the prose of its release, so that a later one may replace that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from rupairs.errors import RupairsError
from rupairs.text import digest

BEGIN = "<!-- Made from manifests and replaced by every release; write above or below it. -->"
END = "<!-- End of what is made from manifests. -->"
# What hangs on `license`, and the tag that only some of our releases have.
_OF_LICENSE = ("license_name", "license_link")
_OURS_ALONE = {"simulated-annotation"}
_PROSE = "<!-- prose {} -->"
_FRONT = re.compile(r"\A\ufeff?\s*---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
# PyYAML leaves to Python what it says of 2024-99-99, of `0x_`, or of a thousand brackets.
_NO_YAML = (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError)


@dataclass(frozen=True)
class Readme:
    """A README's front matter, the part made from manifests, and the text around it."""

    front: Mapping[str, Any] = field(default_factory=dict)
    made: str = ""
    before: str = ""
    after: str = ""

    def text(self) -> str:
        """Return the file."""
        matter = yaml.safe_dump(dict(self.front), allow_unicode=True, sort_keys=False)
        made = f"{BEGIN}\n{self.made.strip()}\n{END}" if self.made.strip() else ""
        parts = [part for part in (self.before.strip(), made, self.after.strip()) if part]
        return f"---\n{matter}---\n\n" + "\n\n".join(parts) + "\n"


def readme_text(path: Path, name: str) -> str:
    """Return the text of a README; `RupairsError` names one that is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RupairsError(f"{name}: byte {error.start} is not UTF-8; mend it") from None


def read_readme(text: str, name: str) -> Readme:
    """Return the parts of a README; `RupairsError` names one whose front matter is no YAML."""
    text = text.replace("\r\n", "\n")
    front: Any = {}
    if found := _FRONT.match(text):
        try:
            front = yaml.safe_load(found[1]) or {}
        except _NO_YAML as error:
            where = getattr(error, "problem_mark", None)
            line = f" at line {where.line + 2}" if where else ""
            raise RupairsError(f"{name}: its front matter is not YAML{line}; mend it") from None
        if not isinstance(front, dict):
            raise RupairsError(f"{name}: its front matter is no mapping; mend it")
        text = text[found.end() :]
    before, begin, rest = text.partition(BEGIN)
    made, end, after = rest.partition(END)
    if begin and not end:
        raise RupairsError(f"{name}: the mark «{END}» is gone; put it back below what is made")
    return Readme(front, made.strip(), before.strip(), after.strip())


def merged(ours: Readme, theirs: Readme) -> Readme:
    """Return the README to publish over theirs."""
    mine = _tags(ours.front)
    tags = [*(tag for tag in _tags(theirs.front) if tag not in _OURS_ALONE - {*mine}), *mine]
    gone = _OF_LICENSE if "license" in ours.front else ()
    kept = {k: v for k, v in theirs.front.items() if k not in ours.front and k not in gone}
    front = {n: v for n, v in {**ours.front, **kept}.items() if n != "tags"}
    if tags:
        front["tags"] = list(dict.fromkeys(tags))
    return Readme(
        front=front,
        made=ours.made,
        before=ours.before or theirs.before,
        after=ours.after or theirs.after,
    )


def _tags(front: Mapping[str, Any]) -> list[str]:
    """Return the tags, of which other people's cards have none, one, or a list."""
    found = front.get("tags") or []
    return [str(tag) for tag in (found if isinstance(found, list) else [found])]


def displaced(ours: Readme, theirs: Readme) -> list[str]:
    """Return the texts on the Hub that our prose would replace, but prose of our own."""
    pairs = ((ours.before, theirs.before), (ours.after, theirs.after))
    lost = [there for here, there in pairs if here and there and here != there]
    return [text for text in lost if _remembered(text) not in theirs.made]


def with_prose(readme: Readme) -> Readme:
    """Return a README whose made part remembers the prose above it."""
    if not readme.before.strip():
        return readme
    return replace(readme, made=f"{readme.made.strip()}\n\n{_remembered(readme.before)}")


def _remembered(prose: str) -> str:
    return _PROSE.format(digest((prose.strip(),)))
