"""The pictures of a card, drawn from figures that a manifest has."""

from collections.abc import Mapping
from pathlib import Path

from data_cards.card import names_of

_COLOURS = ("#0072b2", "#d55e00")


def draw_counts(counts: Mapping[str, Mapping[str, int]], path: Path) -> None:
    """Draw how often each name occurs, a bar a column, the most frequent on top."""
    from matplotlib.figure import Figure

    names = names_of(counts)
    figure = Figure(figsize=(8, 0.42 * max(len(names), 2) + 0.9), layout="constrained")
    axes = figure.subplots()
    begun = [0] * len(names)
    for colour, (column, found) in zip(_COLOURS, counts.items(), strict=False):
        sizes = [found.get(name, 0) for name in names]
        axes.barh(names, sizes, left=begun, color=colour, height=0.7, label=column)
        begun = [a + b for a, b in zip(begun, sizes, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("texts")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    # Without the library's version in it, the file is the same wherever the picture is.
    figure.savefig(path, dpi=120, metadata={"Software": None})
