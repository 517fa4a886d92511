"""The data map: variability against confidence, where ambiguous, easy and hard rows lie apart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ruwanli.dynamics import Dynamics

PLOT = "datamap.png"
_POINTS = 25_000  # more hide each other
_BINS = 50
_QUANTILES = (0.25, 0.5, 0.75, 0.9)


def draw_map(found: Dynamics, epochs: int, path: Path) -> None:
    """Write the map as a PNG: points coloured by correctness, histograms of all rows beside."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = len(found.confidence)
    # One in so many, evenly over the rows: their order has nothing to do with the measures.
    shown = np.linspace(0, rows - 1, min(rows, _POINTS)).astype(np.int64)
    figure = Figure(figsize=(9.0, 6.0), layout="constrained")
    FigureCanvasAgg(figure)
    (axis, *sides) = figure.subplot_mosaic(
        [["map", "confidence"], ["map", "variability"], ["map", "correctness"]],
        width_ratios=(2.4, 1),
    ).values()
    colours = _colours(epochs)
    points = axis.scatter(
        found.variability[shown],
        found.confidence[shown],
        c=found.correctness[shown] / epochs,
        cmap=colours,
        vmin=-0.5 / epochs,
        vmax=1 + 0.5 / epochs,
        s=max(2.0, min(14.0, 30_000 / len(shown))),
        alpha=0.7,
        linewidths=0,
    )
    axis.set(xlabel="variability", ylabel="confidence", ylim=(-0.02, 1.02))
    axis.set_xlim(left=0)
    of = f"all {rows:,}" if rows == len(shown) else f"{len(shown):,} of {rows:,}"
    axis.set_title(f"Data map, {of} rows", loc="left")
    ticks = [n / epochs for n in range(epochs + 1)]
    bar = figure.colorbar(points, ax=axis, ticks=ticks, location="bottom", aspect=40)
    bar.set_label("correctness")
    bar.ax.set_xticklabels([f"{tick:.2g}" for tick in ticks])
    for side, name in zip(sides, ("confidence", "variability"), strict=False):
        side.hist(getattr(found, name), bins=_BINS, color="#5b7fa6")
        side.set_title(name, loc="left", fontsize=10)
    counts = np.bincount(found.correctness, minlength=epochs + 1)
    sides[2].bar(range(epochs + 1), counts, color=[colours(n) for n in range(epochs + 1)])
    sides[2].set_xticks(range(epochs + 1))
    sides[2].set_title(f"right in so many of {epochs} epochs", loc="left", fontsize=10)
    for side in sides:
        side.set_ylabel("rows")
        side.ticklabel_format(axis="y", style="plain")
    # Without the library's name and version the same numbers give the same bytes.
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _colours(epochs: int) -> Any:
    """Return a colour for each correctness, none of them pale: never right is orange."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    return ListedColormap(matplotlib.colormaps["plasma"](np.linspace(0.85, 0.0, epochs + 1)))


def notes(found: Dynamics, facts: Mapping[str, Any]) -> str:
    """Return the page's head: what was trained, how it went, and what the map shows."""
    epochs, rows = facts["epochs"], facts["rows"]
    lines = [
        f"A classifier of {len(facts['labels'])} labels ({', '.join(facts['labels'])}), "
        f"{epochs} epochs over {rows} rows; {facts['rows_heldout']} rows were held out.",
        "",
        f"![Data map]({PLOT})",
        "",
        "| epoch | loss | accuracy | held-out accuracy |",
        "|--:|--:|--:|--:|",
    ]
    measured = zip(facts["loss"], facts["accuracy"], facts["accuracy_heldout"], strict=True)
    for number, (loss, right, heldout) in enumerate(measured, 1):
        out = "" if heldout is None else f"{heldout:.3f}"
        lines.append(f"| {number} | {loss:.4f} | {right:.3f} | {out} |")
    lines += ["", "| right in epochs | rows | share | mean variability |", "|--:|--:|--:|--:|"]
    for number in range(epochs + 1):
        those = found.correctness == number
        mean = f"{found.variability[those].mean():.4f}" if those.any() else ""
        lines.append(f"| {number} | {those.sum()} | {those.mean():.1%} | {mean} |")
    lines += ["", "| measure | " + " | ".join(f"q{q * 100:.0f}" for q in _QUANTILES) + " |"]
    lines.append("|---|" + "--:|" * len(_QUANTILES))
    for name in ("confidence", "variability", "max_variability"):
        values = np.quantile(getattr(found, name), _QUANTILES)
        lines.append(f"| {name} | " + " | ".join(f"{v:.4f}" for v in values) + " |")
    if facts["two_way_sources"]:
        lines += [
            "",
            f"Sources with two labels: {', '.join(facts['two_way_sources'])}; their rows are "
            "measured over entailment and not_entailment.",
        ]
    return "\n".join(lines) + "\n"
