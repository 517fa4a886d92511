"""The README of a repository on the Hub: ours between two marks, other people's around them.

1. What is made from manifests stands between two comments; a new version replaces it alone.
2. Text before and after stays as it is on the Hub, unless the release has prose of its own.
3. In the front matter our fields win, fields that we do not set stay, and tags are joined.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from rupairs.errors import RupairsError

BEGIN = "<!-- Made from manifests and replaced by every release; write above or below it. -->"
END = "<!-- End of what is made from manifests. -->"
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


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


def read_readme(text: str, name: str) -> Readme:
    """Return the parts of a README; `RupairsError` names one whose front matter is no YAML."""
    text = text.replace("\r\n", "\n")
    front: Any = {}
    if found := _FRONT.match(text):
        try:
            front = yaml.safe_load(found[1]) or {}
        except yaml.YAMLError as error:
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
    tags = [*theirs.front.get("tags", ()), *ours.front.get("tags", ())]
    front = {**ours.front, **{k: v for k, v in theirs.front.items() if k not in ours.front}}
    if tags:
        front["tags"] = list(dict.fromkeys(tags))
    return Readme(
        front=front,
        made=ours.made,
        before=ours.before or theirs.before,
        after=ours.after or theirs.after,
    )


def displaced(ours: Readme, theirs: Readme) -> list[str]:
    """Return the texts on the Hub that our prose would replace."""
    pairs = ((ours.before, theirs.before), (ours.after, theirs.after))
    return [there for here, there in pairs if here and there and here != there]
