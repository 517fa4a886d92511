"""Which texts of an anchor stay when it has more than its row takes.

Each kind of change once before any twice. Between kinds, a hash decides, weighed by how often the
kind occurs in all the anchors: what is rare there stays oftener, so the whole set is balanced too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ruhnp.balance import evenly
from rupairs.text import digest, share

Row = dict[str, Any]


def choose(rows: Sequence[Row], most: int, counts: Mapping[str, int], seed: int) -> list[Row]:
    """Return `most` of the texts of one side of an anchor.

    `counts` says how often each kind of change occurs. Texts whose change is not known, as free
    paraphrases, differ as much among themselves as others do: each counts as a kind of its own.
    """

    def kind(row: Row) -> str:
        return row["change"] or digest(("free", row["text"]))

    def place(row: Row) -> tuple[float, str]:
        drawn = share(f"{row['group_id']} {row['text']}", seed, "release")
        return drawn * counts.get(f"{row['kind']}:{row['change']}", 1), row["text"]

    return evenly(rows, kind, place)[:most]
