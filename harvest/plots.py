"""The plots of a report: the same figures give the same bytes, whatever a person's settings."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harvest.survey import Lengths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Tallies = Mapping[str, Mapping[str, Any]]
Matrix = Mapping[str, Mapping[str, int]]
Panels = Sequence[tuple[str, Mapping[str, Lengths]]]

# Blue, green and violet say yes, red and orange say no, grey leaves it open.
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
    "neutral": "#969696",
}
_MANY = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf"),
    *("#bcbd22", "#aec7e8", "#ffbb78", "#98df8a"),
)
_KEPT, _OTHER, _NATIVE, _EXPECTED = "#e3e3e3", "#555555", "#c6dbef", "#d94801"
_SIDES = ("#1f77b4", "#e6550d")
_BINS_PER_DECADE = 8
_MOST_COLUMNS = 40
_LABEL = 30


def draw_sources(tallies: Tallies, path: Path) -> None:
    """Draw native and kept rows of every source, and the relations of the kept ones."""
    names = list(tallies)
    relations = _most(tallies, "relations")
    places = np.arange(len(names))
    native, kept = (np.array([tallies[n][what] for n in names]) for what in ("native", "kept"))
    expected = np.array([tallies[n]["expected"] or np.nan for n in names])
    ends = np.fmax(np.fmax(native, expected), 1.0)
    with _figure(path, 9.5, _height(len(names), 3 + len(relations))) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        left.barh(places, native, 0.8, color=_NATIVE, label="native rows")
        left.barh(places, kept, 0.5, color=_SIDES[0], label="kept pairs")
        left.plot(expected, places, "D", color=_EXPECTED, ms=4, label="positive pairs of USER-base")
        left.set_xscale("log")
        left.set_xlim(0.8, max(10.0, float(ends.max())) * 12)
        for place, name in enumerate(names):
            left.text(ends[place] * 1.4, place, f"{tallies[name]['kept']:,}", va="center")
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
    with _figure(path, 9.5, _height(len(names), len(parts))) as figure:
        axis = figure.subplots()
        _stack(axis, parts, native, [_KEPT, *_MANY[: len(named)], _OTHER])
        for place, name in enumerate(names):
            gone = sum(tallies[name]["dropped"].values())
            axis.text(1.01, place, f"{gone:,} of {native[place]:,}", va="center")
        axis.set_title("Share of the native rows, and the number dropped", loc="left")
        _name_rows(axis, names)
        figure.legend(loc="outside lower center", ncols=5)


def draw_lengths(panels: Panels, path: Path) -> None:
    """Draw a histogram of lengths in characters for every panel, with the medians marked."""
    longest = max(lengths.longest for _, sides in panels for lengths in sides.values())
    decades = np.log10(longest + 1)
    edges = np.logspace(0, decades, max(2, int(np.ceil(decades * _BINS_PER_DECADE)) + 1))
    columns = min(4, len(panels))
    rows = -(-len(panels) // columns)
    with _figure(path, max(6.5, 2.5 * columns), 0.7 + (1.35 if columns > 1 else 2.4) * rows) as f:
        axes = f.subplots(rows, columns, sharex=True, squeeze=False).ravel()
        for axis, (title, sides) in zip(axes, panels, strict=False):
            for colour, (side, lengths) in zip(_SIDES, sides.items(), strict=False):
                _histogram(axis, lengths, edges, colour, side if axis is axes[0] else "")
            medians = " and ".join(f"{lengths.quartiles[1]:,}" for lengths in sides.values())
            axis.set_title(f"{title}\nmedian {medians}", loc="left")
            axis.set_yticks([])
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        for axis in axes[max(0, len(panels) - columns) : len(panels)]:
            axis.tick_params(labelbottom=True)
        f.supxlabel("characters, logarithmic; height: share of the texts", fontsize=8)
        f.legend(loc="outside upper right", ncols=2)


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
    with _figure(path, max(6.0, width), height) as figure:
        axis = figure.subplots()
        axis.imshow(np.log10(cells + 1), cmap="OrRd", aspect="auto", vmin=0, vmax=6)
        for (row, column), count in np.ndenumerate(cells):
            if count:
                colour = "white" if count > 30_000 else "black"
                axis.text(column, row, _short(count), ha="center", va="center", color=colour)
        axis.set_xticks(range(len(columns)), [_label(c) for c in columns], rotation=60, ha="right")
        axis.tick_params(axis="x", rotation_mode="anchor")
        axis.set_yticks(range(len(rows)), [_label(row) for row in rows])
        few = f" (the {_MOST_COLUMNS} columns with most)" if len(totals) > _MOST_COLUMNS else ""
        axis.set_title(titles[0] + few, loc="left")
        axis.set_ylabel(titles[1])
        axis.set_xlabel(titles[2])


@contextmanager
def _figure(path: Path, width: float, height: float) -> Iterator["Figure"]:
    """Yield a figure of so many inches that is written when the block is left."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes = dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize", "legend.fontsize"), 8)
    plain = {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    with style.context(["default", {**sizes, **plain}]):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        # Without the library's name and version the same figures give the same bytes.
        figure.savefig(path, dpi=110, metadata={"Software": None})


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
    axis.set_yticks(range(len(names)), [_label(name) for name in names])
    axis.set_ylim(len(names) - 0.4, -0.6)


def _histogram(
    axis: "Axes", lengths: Lengths, edges: npt.NDArray[np.float64], colour: str, label: str
) -> None:
    texts = np.histogram(np.arange(len(lengths.counts)), edges, weights=lengths.counts)[0]
    share = texts / max(1, lengths.total)
    axis.stairs(share, edges, fill=True, alpha=0.35, color=colour)
    axis.stairs(share, edges, color=colour, label=label or None)
    axis.axvline(max(1, lengths.quartiles[1]), color=colour, linestyle=":", linewidth=1.2)
    axis.set_xscale("log")


def _label(name: str) -> str:
    return name if len(name) <= _LABEL else "…" + name[1 - _LABEL :]


def _short(count: float) -> str:
    if count < 10_000:
        return f"{count:.0f}"
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1e6:.1f}M"
