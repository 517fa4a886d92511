"""The shift as files and on the screen: a plot, a table, and the figures for programs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ruhnp.contrast import PairSet, read_sets, release_set
from ruhnp.notes import table
from ruhnp.shift import BINS, Similarities, figures, measure_group, shares
from rupairs.errors import UsageError
from rupairs.progress import Progress

PLOT, TABLE, FIGURES = "shift.png", "shift.md", "shift.json"
_COLUMNS = ("auc", "overlap", "mean_positive", "mean_negative", "gap")
_SIDES = (("positive", "says the same", "#0072b2"), ("negative", "does not", "#d55e00"))

Group = Sequence[Sequence[Similarities]]


def write_shift(
    run: Path, models: Mapping[str, Sequence[str]], files: Sequence[Path], prompt: str
) -> list[dict[str, Any]]:
    """Write plot, table and figures into `ruhnp/shift` of a run; returns the figures.

    `models` has the encoders "before" and "after", in the same order.
    """
    if not models["before"] or len(models["before"]) != len(models["after"]):
        counts = f"{len(models['before'])} before and {len(models['after'])} after"
        raise UsageError(f"{counts}: name every encoder once before and once after its training")
    pairs = [release_set(run), *(found for path in files for found in read_sets(path))]
    found: dict[str, Group] = {}
    with Progress().bar("encoders", sum(map(len, models.values()))) as advance:
        for when, names in models.items():
            found[when] = measure_group(names, pairs, prompt, advance)
    rows = figures(pairs, models, found)
    folder = run / "ruhnp" / "shift"
    folder.mkdir(exist_ok=True)
    plot(pairs, found, folder / PLOT)
    (folder / TABLE).write_text(page(rows), encoding="utf-8")
    text = json.dumps({"prompt": prompt, "figures": rows}, ensure_ascii=False, indent=1) + "\n"
    (folder / FIGURES).write_text(text, encoding="utf-8")
    return rows


def show_shift(
    run: Path,
    models: Mapping[str, Sequence[str]],
    files: Sequence[Path],
    prompt: str,
    as_json: bool,
) -> None:
    """Measure the shift and print the means of the group."""
    from rich.console import Console
    from rich.table import Table

    from rupairs.options import print_json

    rows = write_shift(run, models, files, prompt)
    if as_json:
        print_json(rows)
        return
    shown = Table("set", "when", *_COLUMNS, title=f"{run / 'ruhnp' / 'shift'}")
    for row in _means(rows):
        shown.add_row(row["set"], row["when"], *_numbers(row))
    Console().print(shown)


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the figures as Markdown: the group first, then every encoder."""
    parts = [
        "# Cosines before and after training\n\n",
        "AUC: how often a pair that says the same has a higher cosine than one that does not. "
        f"Overlap: the shared area of the two histograms of {BINS} bins. Figures are means over "
        "the encoders of the group.\n\n",
        f"![Histograms of cosines]({PLOT})\n\n",
        table(("set", "when", "positives", "negatives", *_COLUMNS), map(_cells, _means(rows))),
        "\n## Change\n\n",
        table(("set", *_COLUMNS), _changes(rows)),
        "\n## Each encoder\n\n",
        table(
            ("set", "when", "encoder", *_COLUMNS),
            (
                [row["set"], row["when"], f"{row['encoder']}: {row['model']}", *_numbers(row)]
                for row in rows
                if row["encoder"] is not None
            ),
        ),
    ]
    return "".join(parts)


def _means(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["encoder"] is None]


def _cells(row: Mapping[str, Any]) -> list[object]:
    return [row["set"], row["when"], row["positives"], row["negatives"], *_numbers(row)]


def _numbers(row: Mapping[str, Any]) -> list[str]:
    return [f"{row[name]:.4f}" for name in _COLUMNS]


def _changes(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    means = {(row["set"], row["when"]): row for row in _means(rows)}
    changes = []
    for name in dict.fromkeys(row["set"] for row in rows):
        before, after = means[name, "before"], means[name, "after"]
        changes.append([name, *(f"{after[c] - before[c]:+.4f}" for c in _COLUMNS)])
    return changes


def plot(pairs: Sequence[PairSet], found: Mapping[str, Group], path: Path) -> None:
    """Write a PNG: a row a set, before and after side by side on one axis of cosines."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.6 * len(pairs) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(pairs), len(found), sharex="row", sharey="row", squeeze=False)
    for number, chosen in enumerate(pairs):
        everything = [of_model[number].both() for group in found.values() for of_model in group]
        edges = np.histogram_bin_edges(np.concatenate(everything), bins=2 * BINS)
        for axis, (when, group) in zip(axes[number], found.items(), strict=True):
            for side, label, colour in _SIDES:
                parts = [shares(getattr(of_model[number], side), edges) for of_model in group]
                mean = np.mean(parts, axis=0)
                said = f"{label} ({len(getattr(chosen, side))})"
                axis.stairs(mean, edges, fill=True, alpha=0.55, color=colour, label=said)
            axis.set_title(f"{chosen.name}, {when}", loc="left", fontsize=10)
            axis.legend(fontsize=8)
        axes[number][0].set_ylabel("share of pairs")
    for axis in axes[-1]:
        axis.set_xlabel("cosine of the two texts")
    encoders = len(next(iter(found.values())))
    figure.suptitle(f"Cosines before and after training, mean of {encoders} encoder(s)")
    # Without the library's name and version the same numbers give the same bytes.
    figure.savefig(path, dpi=120, metadata={"Software": None})
