"""The plots of a report: the same figures give the same bytes, whatever a person's settings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harvest.reporting.canvas import brief, canvas, decades, logs, shortened
from harvest.reporting.survey import Lengths

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Tallies = Mapping[str, Mapping[str, Any]]
Matrix = Mapping[str, Mapping[str, int]]
Panels = Sequence[tuple[str, Mapping[str, Lengths]]]

# Blue, green and violet say yes, red and orange say no, sand leaves it open.
_RELATIONS = {
    "title_text": "#1f77b4",
    "title_summary": "#6baed6",
    "summary_text": "#08519c",
    "keywords_text": "#9ecae1",
    "question_answer": "#31a354",
    "instruction_answer": "#a1d99b",
    "relevant_passage": "#006d2c",
    "entailment": "#756bb1",
    "paraphrase": "#bcbddc",
    "detoxified": "#e377c2",
    "translation": "#17becf",
    "irrelevant_passage": "#a63603",
    "contradiction": "#de2d26",
    "non_paraphrase": "#fb6a4a",
    "not_entailment": "#fdae6b",
    "neutral": "#d9c27a",
}
_MANY = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf"),
    *("#bcbd22", "#aec7e8", "#ffbb78", "#98df8a"),
)
_LIGHT, _DARK, _EXPECTED = "#dddddd", "#555555", "#d94801"
_REPORTED = "positive pairs, USER-base"
_SIDES = ("#1f77b4", "#e6550d")
_BINS_PER_DECADE = 8
# An axis of logarithms starts below 1, so that a single row has a bar.
_START = -0.3
_MOST_COLUMNS = 40


def draw_sources(tallies: Tallies, path: Path) -> None:
    """Draw native and kept rows of every source, and the relations of the kept ones."""
    names = list(tallies)
    relations = _most(tallies, "relations")
    places = np.arange(len(names))
    native, kept = (np.array([tallies[n][what] for n in names]) for what in ("native", "kept"))
    expected = np.array([tallies[n]["expected"] or np.nan for n in names])
    with canvas(path, 9.5, _height(len(names), 3 + len(relations))) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for counts, height, colour, label in (
            (native, 0.8, _LIGHT, "native rows"),
            (kept, 0.5, _DARK, "kept pairs"),
        ):
            ends = np.where(counts, logs(counts) - _START, 0)
            left.barh(places, ends, height, left=_START, color=colour, label=label)
        left.plot(logs(expected), places, "D", color=_EXPECTED, ms=4, label=_REPORTED)
        ends = logs(np.fmax(native, expected))
        for place, end in enumerate(ends):
            left.text(end + 0.15, place, f"{kept[place]:,}", va="center")
        left.set_xlim(_START, float(ends.max()) + 1.1)
        decades(left)
        left.set_title("Rows a source (logarithmic) and, in figures, the pairs kept", loc="left")
        shares = {r: [tallies[n]["relations"].get(r, 0) for n in names] for r in relations}
        colours = [_RELATIONS.get(r, _MANY[i % len(_MANY)]) for i, r in enumerate(relations)]
        _stack(right, shares, kept, colours)
        right.set_title("Relations of the kept pairs", loc="left")
        _name_rows(left, names)
        figure.legend(loc="outside lower center", ncols=5)


def draw_dropped(tallies: Tallies, path: Path) -> None:
    """Draw what share of every source's native rows was dropped, and why."""
    names = list(tallies)
    reasons = _most(tallies, "dropped")
    named, others = reasons[: len(_MANY)], reasons[len(_MANY) :]
    native = np.array([tallies[n]["native"] for n in names])
    parts = {"kept": [tallies[n]["kept"] for n in names]}
    parts |= {r: [tallies[n]["dropped"].get(r, 0) for n in names] for r in named}
    if others:
        rest = [sum(tallies[n]["dropped"].get(r, 0) for r in others) for n in names]
        parts[f"{len(others)} other reasons"] = rest
    with canvas(path, 9.5, _height(len(names), len(parts))) as figure:
        axis = figure.subplots()
        _stack(axis, parts, native, [_LIGHT, *_MANY[: len(named)], _DARK])
        for place, name in enumerate(names):
            gone = sum(tallies[name]["dropped"].values())
            axis.text(1.01, place, f"{gone:,} of {native[place]:,}", va="center")
        axis.set_title("Share of the native rows, and the number dropped", loc="left")
        _name_rows(axis, names)
        figure.legend(loc="outside lower center", ncols=5)


def draw_lengths(panels: Panels, path: Path) -> None:
    """Draw a histogram of lengths in characters for every panel, with the medians marked."""
    whole = Lengths.together(lengths for _, sides in panels for lengths in sides.values())
    low, high = np.log10(max(1, whole.shortest)), np.log10(whole.longest + 1)
    edges = np.linspace(low, high, max(2, round((high - low) * _BINS_PER_DECADE) + 1))
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    wide, tall = max(6.5, 2.5 * columns), 0.75 + (1.3 if columns > 1 else 2.4) * rows
    with canvas(path, wide, tall, layout=None) as figure:
        # Laying so many axes out by their texts takes longer than drawing them.
        space = {"hspace": 0.62 if columns > 1 else 0.3, "wspace": 0.1}
        figure.subplots_adjust(0.15 / wide, 0.5 / tall, 1 - 0.15 / wide, 1 - 0.7 / tall, **space)
        axes = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        for axis, (title, sides) in zip(axes, panels, strict=False):
            for colour, (side, lengths) in zip(_SIDES, sides.items(), strict=False):
                _histogram(axis, lengths, edges, colour, side if axis is axes[0] else "")
            medians = " and ".join(f"{lengths.quartiles[1]:,}" for lengths in sides.values())
            axis.set_title(f"{title}\nmedian {medians}", loc="left")
            axis.set_yticks([])
        axes[0].set_xlim(low, high)
        decades(axes[0])
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        for axis in axes[max(0, len(panels) - columns) : len(panels)]:
            axis.tick_params(labelbottom=True)
        said = "characters, logarithmic; height: share of the texts"
        figure.text(0.5, 0.08 / tall, said, ha="center")
        figure.legend(loc="upper right", ncols=2)


def draw_matrix(matrix: Matrix, titles: tuple[str, str, str], path: Path) -> None:
    """Draw a heat map with figures in its cells; `titles` are its own and those of its axes.

    Rows and columns that are zero throughout are not there; of many columns, those with most are.
    """
    totals: Counter[str] = Counter()
    for found in matrix.values():
        totals.update(found)
    shown = {name for name, _ in totals.most_common(_MOST_COLUMNS)}
    rows = [row for row, found in matrix.items() if any(found.values())]
    # A column that is also a row stands in the place it has there.
    columns = [n for n in (*matrix, *sorted(set(totals) - set(matrix))) if n in shown]
    cells = np.array([[matrix[row].get(name, 0) for name in columns] for row in rows], float)
    width, height = 2.4 + 0.42 * len(columns), 2.6 + 0.27 * len(rows)
    with canvas(path, max(6.0, width), height) as figure:
        axis = figure.subplots()
        shades = np.where(cells == 0, np.nan, np.log10(cells + 1))
        axis.imshow(shades, cmap="OrRd", aspect="auto", vmin=0, vmax=6)
        for (row, column), count in np.ndenumerate(cells):
            if count:
                colour = "white" if count > 30_000 else "black"
                axis.text(column, row, brief(count), ha="center", va="center", color=colour)
        axis.set_xticks(
            range(len(columns)), [shortened(c) for c in columns], rotation=60, ha="right"
        )
        axis.tick_params(axis="x", rotation_mode="anchor")
        axis.set_yticks(range(len(rows)), [shortened(row) for row in rows])
        few = f" (the {_MOST_COLUMNS} columns with most)" if len(totals) > _MOST_COLUMNS else ""
        axis.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
        axis.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
        axis.grid(which="minor", color="#eeeeee")
        axis.tick_params(which="minor", length=0)
        axis.set_title(titles[0] + few, loc="left")
        axis.set_ylabel(titles[1])
        axis.set_xlabel(titles[2])


def _height(rows: int, legend: int) -> float:
    return 1.0 + 0.24 * rows + 0.17 * -(-legend // 5)


def _most(tallies: Tallies, name: str) -> list[str]:
    """Return the keys of a table of counts, those with most rows first."""
    totals: Counter[str] = Counter()
    for tally in tallies.values():
        totals.update(tally[name])
    return sorted(totals, key=lambda key: (-totals[key], key))


def _stack(
    axis: "Axes",
    parts: Mapping[str, Sequence[int]],
    whole: npt.NDArray[np.int64],
    colours: Sequence[str],
) -> None:
    """Draw horizontal bars of what share each part has of the whole of its row."""
    places, start = np.arange(len(whole)), np.zeros(len(whole))
    for (name, counts), colour in zip(parts.items(), colours, strict=False):
        share = np.array(counts) / np.maximum(whole, 1)
        axis.barh(places, share, 0.8, left=start, color=colour, label=name)
        start += share
    axis.set_xlim(0, 1)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])


def _name_rows(axis: "Axes", names: Sequence[str]) -> None:
    axis.set_yticks(range(len(names)), [shortened(name) for name in names])
    axis.set_ylim(len(names) - 0.4, -0.6)


def _histogram(
    axis: "Axes", lengths: Lengths, edges: npt.NDArray[np.float64], colour: str, label: str
) -> None:
    places = logs(np.arange(len(lengths.counts)))
    share = np.histogram(places, edges, weights=lengths.counts)[0] / max(1, lengths.total)
    axis.stairs(share, edges, fill=True, alpha=0.35, color=colour)
    axis.stairs(share, edges, color=colour, label=label or None)
    axis.axvline(float(logs(lengths.quartiles[1])), color=colour, linestyle=":", linewidth=1.2)
