"""The report as one HTML page that loads nothing (`rupairs.page`), plots inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rupairs.page import png_address, render
from training.evaluation import published
from training.evaluation.encodechka.scores import TASKS, means

_TEMPLATE = Path(__file__).with_name("page.html.jinja")
_GROUPS = ("Mean S", "Mean S+W")

Scores = Mapping[Any, Mapping[str, Any]]
"""Task of Encodechka → its scores by the way of scoring."""


@dataclass(frozen=True)
class Page:
    """What the page says: (measure, before, after), remarks, models, plots.

    `encoders` are those whose scores on Encodechka were measured here, the page's own first;
    `mteb` is encoder → mean over the Russian benchmark in percent. `plots` is title → PNG file.
    Scores of a `sample` of the rows stand beside no published ones.
    """

    title: str
    rows: Sequence[tuple[str, float, float]]
    encoders: Mapping[str, Scores]
    remarks: Sequence[str]
    models: Sequence[str]
    plots: Mapping[str, Path]
    mteb: Mapping[str, float] = field(default_factory=dict)
    simulated: bool = False
    sample: bool = False


def write_page(page: Page, path: Path) -> None:
    """Write the page."""
    text = render(
        _TEMPLATE,
        page=page,
        plots={title: png_address(plot.read_bytes()) for title, plot in page.plots.items()},
        tasks=[*TASKS, *_GROUPS],
        encodechka=comparison(page.encoders, alone=page.sample),
        mteb=mteb_comparison(page.mteb),
        sources={name: published.source(name) for name in ("encodechka", "mteb")},
    )
    path.write_text(text, encoding="utf-8")


def comparison(encoders: Mapping[str, Scores], *, alone: bool = False) -> list[dict[str, Any]]:
    """Return rows of Encodechka, measured and published, the best mean first.

    `delta` is task → what the first encoder has over the row, by the way of scoring of the row.
    """
    rows: list[dict[str, Any]] = []
    first: dict[str, dict[Any, float]] = {}
    for name, scores in encoders.items():
        for way in ("official", "fixed"):
            own = {task: entry[way] for task, entry in scores.items() if entry[way] is not None}
            if own:
                found = own | means(scores, way)
                base = first.setdefault(way, found)
                row = {"name": f"{name}, {way}", "published": False, "scores": found}
                rows.append(row | {"delta": {} if base is found else _delta(base, found)})
    if not rows:
        return []
    # Published scores are of the way `official`, if this encoder has it.
    base = first.get("official") or first["fixed"]
    for entry in () if alone else published.encodechka():
        whole = dict(entry.scores)
        whole["Mean S"] = entry.mean
        if len(entry.scores) == len(TASKS):
            whole["Mean S+W"] = sum(entry.scores.values()) / len(TASKS)
        row = {"name": entry.model, "published": True, "scores": whole}
        rows.append(row | {"delta": _delta(base, whole)})
    # Without all eight tasks this encoder has no mean to be ranked by: it stands on top.
    return sorted(rows, key=lambda row: -row["scores"].get("Mean S", 1.0))


def _delta(base: Mapping[Any, float], other: Mapping[Any, float]) -> dict[Any, float]:
    return {task: base[task] - score for task, score in other.items() if task in base}


def mteb_comparison(measured: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return (name, published, mean in percent) of encoders on the Russian benchmark of MTEB."""
    if not measured:
        return []
    entries = [(n, False, m) for n, m in measured.items()]
    entries += [(n, True, m) for n, m in published.mteb().items()]
    rows = [{"name": n, "published": known, "mean": m} for n, known, m in entries]
    return sorted(rows, key=lambda row: -row["mean"])
