"""Splits as a function of the group, so that siblings never stand on both sides."""

from collections.abc import Iterable

from rupairs.errors import RupairsError
from rupairs.text import share


def split_by_rank(groups: Iterable[str], sizes: dict[str, int], seed: int) -> dict[str, str]:
    """Return group id → split: groups ordered by hash fill `sizes` in turn, the rest is `train`.

    Raises `RupairsError` if the sizes leave nothing to train on.
    """
    ordered = sorted(set(groups), key=lambda g: (share(g, seed, "split"), g))
    held_out = sum(sizes.values())
    if ordered and held_out >= len(ordered):
        raise RupairsError(
            f"{len(ordered)} groups cannot give {held_out} to {' and '.join(sizes)} and leave "
            "some to train on; make more rows or ask for smaller splits"
        )
    splits = dict.fromkeys(ordered, "train")
    start = 0
    for name, size in sizes.items():
        splits |= dict.fromkeys(ordered[start : start + size], name)
        start += size
    return splits


def split_of(group: str, seed: int, validation: float, test: float) -> str:
    """Return the split of a group by shares: a larger held-out part only adds to a smaller one."""
    position = share(group, seed, "split")
    if position < test:
        return "test"
    return "validation" if position < test + validation else "train"
