"""Hand-written word lists: one entry a line, `#` starts a comment."""

from functools import cache
from pathlib import Path


@cache
def lines(name: str) -> tuple[str, ...]:
    """Return the entries of a list in this folder."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    bare = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in bare if line)
