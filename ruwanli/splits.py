"""Splits in rows: what shares a seed or a premise stays together, sizes are met to the row."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rupairs.errors import RupairsError
from rupairs.text import share


def families(groups: Sequence[str], premises: Sequence[str]) -> dict[str, str]:
    """Return group → family, where groups that hold the same premise are one family.

    `groups[i]` and `premises[i]` are those of row i. A family is called by its least group.
    """
    parent = {group: group for group in groups}

    def root(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    holder: dict[str, str] = {}
    for group, premise in zip(groups, premises, strict=True):
        ours, theirs = root(group), root(holder.setdefault(premise, group))
        parent[max(ours, theirs)] = min(ours, theirs)
    return {group: root(group) for group in parent}


def split_by_rows(rows: Sequence[str], sizes: Mapping[str, int], seed: int) -> dict[str, str]:
    """Return family → split, given the family of each row; what `sizes` leaves is `train`.

    Families come in the order of a hash. One that would overfill a split is passed over there, so
    a split has exactly its size as long as small families remain.

    Raises `RupairsError` if the sizes leave nothing to train on.
    """
    counts = Counter(rows)
    if rows and sum(sizes.values()) >= len(rows):
        raise RupairsError(
            f"ruwanli.release: {len(rows)} rows cannot give {sum(sizes.values())} to "
            f"{' and '.join(sizes)} and leave some to train on; make more rows or ask for smaller "
            "splits"
        )
    remaining = sorted(counts, key=lambda f: (share(f, seed, "split"), f))
    splits = dict.fromkeys(remaining, "train")
    for name, size in sizes.items():
        left = size
        for family in remaining:
            if counts[family] <= left:
                splits[family] = name
                left -= counts[family]
        remaining = [family for family in remaining if splits[family] == "train"]
    return splits
