"""Quality against speed and size: encoders timed side by side, on one machine in one run.

Speeds that others published come from other machines and are never drawn. Scores that others
published are drawn hollow: they were not measured here.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from training.evaluation import published

_ROUNDS = 3
_WARM_UP = 8


@dataclass(frozen=True)
class Speed:
    """How fast an encoder is here: in batches and one text at a time; its weights in MiB."""

    texts_per_second: float
    milliseconds: float
    megabytes: float


@dataclass(frozen=True)
class Point:
    """An encoder on the plot; `speed` is None for one that was not timed here."""

    model: str
    quality: float
    published: bool
    megabytes: float
    speed: Speed | None = None


def measure(
    models: Mapping[str, Any], texts: Sequence[str], prompts: Mapping[str, str], batch_size: int
) -> dict[str, Speed]:
    """Time encoders in turns, so that a busy machine is busy for all; medians of three rounds."""
    batched: dict[str, list[float]] = {name: [] for name in models}
    alone: dict[str, list[float]] = {name: [] for name in models}
    few = list(texts[: max(1, len(texts) // 4)])
    for turn in range(_ROUNDS + 1):
        for name, model in models.items():
            given = texts if turn else texts[:_WARM_UP]
            whole = _seconds(model, list(given), prompts[name], batch_size)
            single = _seconds(model, few if turn else few[:1], prompts[name], 1)
            if turn:
                batched[name].append(len(texts) / whole)
                alone[name].append(1000 * single / len(few))
    return {
        name: Speed(median(batched[name]), median(alone[name]), megabytes(model))
        for name, model in models.items()
    }


def megabytes(model: Any) -> float:
    """Return the size of an encoder's weights in MiB as float32."""
    return float(sum(p.numel() for p in model.parameters()) * 4 / (1 << 20))


def _seconds(model: Any, texts: list[str], prompt: str, batch_size: int) -> float:
    started = time.perf_counter()
    if batch_size == 1:
        for text in texts:
            model.encode(text, prompt=prompt, show_progress_bar=False)
    else:
        model.encode(texts, prompt=prompt, batch_size=batch_size, show_progress_bar=False)
    return time.perf_counter() - started


def front(points: Sequence[tuple[float, float]], *, low: bool) -> list[int]:
    """Return the numbers of points (cost or speed, quality) that no other beats in both.

    With `low`, less of the first is better; else more is. Sorted by the first.
    """
    sign = -1 if low else 1
    order = sorted(range(len(points)), key=lambda i: (-sign * points[i][0], -points[i][1]))
    best: list[int] = []
    for i in order:
        if not best or points[i][1] > points[best[-1]][1]:
            best.append(i)
    return sorted(best, key=lambda i: points[i][0])


def points(speeds: Mapping[str, Speed], scores: Mapping[str, float | None]) -> list[Point]:
    """Return encoders timed here, and published ones for comparison of size.

    The quality is what was measured here, or else the published mean on Encodechka; an encoder
    with neither is left out.
    """
    known = {entry.model: entry for entry in published.encodechka()}
    found = []
    for name, speed in speeds.items():
        score, entry = scores.get(name), known.pop(name, None)
        if score is not None:
            found.append(Point(name, score, False, speed.megabytes, speed))
        elif entry is not None:
            found.append(Point(name, entry.mean, True, speed.megabytes, speed))
    others = [Point(e.model, e.mean, True, e.megabytes) for e in known.values()]
    return [*found, *others]


def plot(points: Sequence[Point], quality: str, path: Path) -> None:
    """Write a PNG of two panels, quality against speed and against size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    speed, size = figure.subplots(1, 2, sharey=True)
    timed = [(p, p.speed.texts_per_second) for p in points if p.speed]
    _panel(speed, timed, "texts a second, timed here side by side", low=False)
    _panel(size, [(p, p.megabytes) for p in points], "MiB of weights, float32", low=True)
    speed.set_ylabel(quality)
    figure.suptitle(
        "filled: measured here; hollow: score as published; line: beaten by none in both"
    )
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _panel(axis: Any, points: Sequence[tuple[Point, float]], label: str, *, low: bool) -> None:
    axis.set_xscale("log")
    axis.margins(x=0.25)
    axis.set_xlabel(label)
    axis.grid(alpha=0.3)
    for point, x in points:
        fill = "none" if point.published else "#0072b2"
        axis.scatter([x], [point.quality], s=45, facecolors=fill, edgecolors="#0072b2", zorder=3)
        name = point.model.rpartition("/")[2]
        axis.annotate(
            name, (x, point.quality), fontsize=7, xytext=(4, 3), textcoords="offset points"
        )
    where = [(x, point.quality) for point, x in points]
    edge = front(where, low=low)
    axis.plot([where[i][0] for i in edge], [where[i][1] for i in edge], color="#999999", lw=1)
