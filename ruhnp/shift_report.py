"""The shift as files and on the screen: a plot, a table, and the figures for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ruhnp.contrast import PairSet, read_sets, release_set
from ruhnp.notes import table
from ruhnp.shift import (
    BINS,
    Similarities,
    bins,
    figures,
    mean_of,
    separation,
    shares,
    similarities,
)
from ruhnp.shift_encoders import Used, opened, prompts_of
from rupairs.encoder import SentenceEncoder
from rupairs.errors import UsageError
from rupairs.progress import Progress
from rupairs.silence import silence

PLOT, TABLE, FIGURES = "shift.png", "shift.md", "shift.json"
_HASH = 16
_COLUMNS = ("auc", "overlap", "mean_positive", "mean_negative", "gap")
_SIDES = (("positive", "says the same", "#0072b2"), ("negative", "does not", "#d55e00"))

Group = Sequence[Sequence[Similarities]]


def write_shift(
    run: Path,
    models: Mapping[str, Sequence[str]],
    files: Sequence[Path],
    prompts: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Write plot, table and figures into `ruhnp/shift` of a run; returns the figures.

    `models` has the encoders "before" and "after", in the same order; `prompts` one for all, one
    for each, or none: then each has its own.
    """
    if not models["before"] or len(models["before"]) != len(models["after"]):
        counts = f"{len(models['before'])} before and {len(models['after'])} after"
        raise UsageError(f"{counts}: name every encoder once before and once after its training")
    size = len(models["before"])
    if len(prompts) not in (0, 1, size):
        raise UsageError(
            f"{len(prompts)} prompts for {size} encoders: give one for all or for each"
        )
    each = list(prompts) * size if len(prompts) == 1 else list(prompts)
    given: list[str | None] = [*each] or [None] * size
    pairs = [release_set(run), *(found for path in files for found in read_sets(path))]
    found, encoders = measured(models, pairs, given)
    rows = figures(pairs, encoders, found)
    folder = run / "ruhnp" / "shift"
    folder.mkdir(exist_ok=True)
    plot(pairs, found, folder / PLOT)
    (folder / TABLE).write_text(page(rows, encoders), encoding="utf-8")
    named = {when: [asdict(used) for used in group] for when, group in encoders.items()}
    facts = {"encoders": named, "figures": rows}
    text = json.dumps(facts, ensure_ascii=False, indent=1) + "\n"
    (folder / FIGURES).write_text(text, encoding="utf-8")
    return rows


def measured(
    models: Mapping[str, Sequence[str]], pairs: Sequence[PairSet], given: Sequence[str | None]
) -> tuple[dict[str, list[list[Similarities]]], dict[str, list[Used]]]:
    """Return the cosines of every set under each encoder, before and after, and what each is.

    One encoder is open at a time, as it was and as it is trained.
    """
    found: dict[str, list[list[Similarities]]] = {when: [] for when in models}
    encoders: dict[str, list[Used]] = {when: [] for when in models}
    with Progress().bar("encoders", sum(map(len, models.values()))) as advance:
        for before, after, prompt in zip(models["before"], models["after"], given, strict=True):
            both = {"before": opened(before), "after": opened(after)}
            asked = prompts_of(both["before"], both["after"], prompt)
            for (when, one), said in zip(both.items(), asked, strict=True):
                encoder = SentenceEncoder(one.model, one.section.batch_size, said)
                with silence():
                    found[when].append(similarities(encoder, pairs))
                encoders[when].append(one.used(said))
                advance(1, encoders[when][-1].id)
    return found, encoders


def show_shift(
    run: Path,
    models: Mapping[str, Sequence[str]],
    files: Sequence[Path],
    prompts: Sequence[str],
    as_json: bool,
) -> None:
    """Measure the shift and print the means of the group."""
    from rich.console import Console
    from rich.table import Table

    from rupairs.options import print_json

    rows = write_shift(run, models, files, prompts)
    if as_json:
        print_json(rows)
        return
    # A name of two words may break, where a narrow terminal would cut it.
    columns = [name.replace("_", " ") for name in _COLUMNS]
    shown = Table("set", "when", *columns, title=f"{run / 'ruhnp' / 'shift'}")
    for row in _means(rows):
        shown.add_row(row["set"], row["when"], *_numbers(row))
    Console().print(shown)


def page(rows: Sequence[Mapping[str, Any]], encoders: Mapping[str, Sequence[Used]]) -> str:
    """Return the figures as Markdown: the group first, then every encoder."""
    parts = [
        "# Cosines before and after training\n\n",
        "AUC: how often a pair that says the same has a higher cosine than one that does not. "
        f"Overlap: the shared area of the two histograms, of {BINS} bins or, where a side has few "
        "pairs, of the root of their number; of a few dozen pairs it tells little. Figures are "
        "means over the encoders of the group.\n\n",
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
        "\n",
        table(
            ("encoder", "when", "revision or SHA-256 of the weights", "prompt"),
            (
                (f"{number}: {used.id}", when, _told(used), f"`{used.prompt}`")
                for when, group in encoders.items()
                for number, used in enumerate(group, 1)
            ),
        ),
    ]
    return "".join(parts)


def _told(used: Used) -> str:
    return used.revision or ", ".join(v[:_HASH] for v in used.weights.values()) or "unknown"


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
    """Write a PNG: a row a set, before and after side by side on one axis of cosines.

    Dashed lines are the means of the sides.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 2.6 * len(pairs) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(pairs), len(found), sharex="row", sharey="row", squeeze=False)
    for number, chosen in enumerate(pairs):
        each = [of_model[number] for group in found.values() for of_model in group]
        everything = np.concatenate([cosines.both() for cosines in each])
        edges = np.histogram_bin_edges(everything, bins=2 * bins(each[0]))
        for axis, (when, group) in zip(axes[number], found.items(), strict=True):
            of_set = [of_model[number] for of_model in group]
            _panel(axis, chosen, of_set, edges)
            apart = mean_of([separation(cosines) for cosines in of_set])
            told = f"AUC {apart.auc:.3f}, overlap {apart.overlap:.2f}"
            axis.set_title(f"{chosen.name}, {when}: {told}", loc="left", fontsize=10)
        axes[number][0].set_ylabel("share of pairs")
    for axis in axes[-1]:
        axis.set_xlabel("cosine of the two texts")
    encoders = len(next(iter(found.values())))
    mean = f", mean of {encoders} encoders" if encoders > 1 else ""
    figure.suptitle(f"Cosines before and after training{mean}")
    # Without the library's name and version the same numbers give the same bytes.
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _panel(
    axis: Any, chosen: PairSet, of_set: Sequence[Similarities], edges: npt.NDArray[Any]
) -> None:
    for side, label, colour in _SIDES:
        cosines = [getattr(of_model, side) for of_model in of_set]
        mean = np.mean([shares(c, edges) for c in cosines], axis=0)
        said = f"{label} ({len(getattr(chosen, side))})"
        axis.stairs(mean, edges, fill=True, alpha=0.55, color=colour, label=said)
        middle = float(np.mean([c.mean() for c in cosines]))
        axis.axvline(middle, color=colour, linestyle="--", linewidth=1)
    axis.legend(fontsize=8, loc="upper left")
