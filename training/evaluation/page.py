"""The report as one HTML page that loads nothing (`rupairs.page`), plots inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.page import png_address, render
from training.evaluation import published
from training.evaluation.encodechka.scores import TASKS, means

_TEMPLATE = Path(__file__).with_name("page.html.jinja")
_GROUPS = ("Mean S", "Mean S+W")


@dataclass(frozen=True)
class Page:
    """What the page says: (measure, before, after), Encodechka's scores, remarks, models, plots.

    `plots` is title → PNG file. Scores of a `sample` of the rows stand beside no published ones.
    """

    title: str
    rows: Sequence[tuple[str, float, float]]
    scores: Mapping[Any, Mapping[str, Any]]
    remarks: Sequence[str]
    models: Sequence[str]
    plots: Mapping[str, Path]
    simulated: bool = False
    sample: bool = False


def write_page(page: Page, path: Path) -> None:
    """Write the page."""
    text = render(
        _TEMPLATE,
        page=page,
        plots={title: png_address(plot.read_bytes()) for title, plot in page.plots.items()},
        tasks=[*TASKS, *_GROUPS],
        encoders=comparison(page.scores, alone=page.sample) if page.scores else [],
        source=published.source("encodechka"),
    )
    path.write_text(text, encoding="utf-8")


def comparison(
    scores: Mapping[Any, Mapping[str, Any]], *, alone: bool = False
) -> list[dict[str, Any]]:
    """Return this encoder's rows of Encodechka among the published ones, the best mean first."""
    rows: list[dict[str, Any]] = []
    for way in ("fixed", "official"):
        own = {task: entry[way] for task, entry in scores.items() if entry[way] is not None}
        if own:
            found = own | means(scores, way)
            rows.append({"name": f"this encoder, {way}", "published": False, "scores": found})
    for entry in () if alone else published.encodechka():
        whole = dict(entry.scores)
        whole["Mean S"] = entry.mean
        if len(entry.scores) == len(TASKS):
            whole["Mean S+W"] = sum(entry.scores.values()) / len(TASKS)
        rows.append({"name": entry.model, "published": True, "scores": whole})
    # Without all eight tasks this encoder has no mean to be ranked by: it stands on top.
    return sorted(rows, key=lambda row: -row["scores"].get("Mean S", 1.0))
