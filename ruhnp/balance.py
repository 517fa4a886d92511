"""Even orders: whatever is cut off at the end, the kinds of what is left are as even as can be."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


def evenly(items: Iterable[T], kind: Callable[[T], Hashable], place: Callable[[T], Any]) -> list[T]:
    """Return items so that every beginning holds each kind equally often, as far as it goes.

    Within a kind, and between kinds that are as often there, `place` decides; it must tell any
    two items apart.
    """
    kinds: dict[Hashable, list[T]] = defaultdict(list)
    for item in sorted(items, key=place):
        kinds[kind(item)].append(item)
    ranked = [(n, place(item), item) for same in kinds.values() for n, item in enumerate(same)]
    return [item for _, _, item in sorted(ranked, key=lambda r: (r[0], r[1]))]
