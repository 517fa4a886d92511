"""Parallel text: two files in which lines of the same number translate each other."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa

from harvest.reading.drafts import draft_table, row_numbers
from harvest.reading.lines import text_lines
from rupairs.errors import RupairsError

_LINES = 8_192


def aligned_pairs(query: Path, passage: Path, relation: str) -> Iterator[pa.Table]:
    """Yield the pairs of lines, named by their numbers from 1; an empty line is an empty text.

    Raises `RupairsError` naming both files and how many lines they have when these differ: nobody
    can say from which line on the two are apart.
    """
    sides = text_lines(query), text_lines(passage)
    start = 0
    while True:
        taken = [_texts(islice(side, _LINES)) for side in sides]
        if len(taken[0]) != len(taken[1]):
            counts = [
                start + len(texts) + sum(1 for _ in side)
                for texts, side in zip(taken, sides, strict=True)
            ]
            raise RupairsError(
                f"{query} has {counts[0]} lines and {passage} has {counts[1]}: they do not belong "
                "together; take both from the same release"
            )
        if not taken[0]:
            return
        left, right = (pa.array(texts, pa.string()) for texts in taken)
        yield draft_table(row_numbers(start, len(left)), left, right, relation)
        start += len(left)


def _texts(lines: Iterator[tuple[int, str]]) -> list[str]:
    return [line.rstrip("\r\n") for _, line in lines]
