"""The report as one HTML page that loads nothing (`rupairs.page`), with plots of the votes."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annotation.page import LABELS
from rupairs.page import png_address
from rupairs.page import render as render_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATE = Path(__file__).parent / "pages" / "report.html"
_COLOURS = dict(zip(LABELS, ("#2b6cb0", "#c9b458", "#c0392b", "#888888"), strict=True))

Row = dict[str, Any]


def render(figures: Row) -> str:
    """Return the page."""
    return render_page(TEMPLATE, **figures, percent=percent, pictures=pictures(figures))


def percent(value: float | None) -> str:
    """Return a share for people; nothing where it is not known."""
    return "" if value is None else f"{value:.0%}"


def pictures(figures: Row) -> dict[str, str]:
    """Return the plots by name as data addresses of PNG files; none without votes."""
    if not figures["days"]:
        return {}
    from matplotlib.figure import Figure

    votes, shares = Figure((7, 2.6), layout="tight"), Figure((7, 2.6), layout="tight")
    days = [d["day"] for d in figures["days"]]
    totals = [sum(d["labels"].values()) for d in figures["days"]]
    places = range(len(days))
    axes = votes.subplots()
    axes.bar(places, totals, color=_COLOURS["entailment"])
    _days(axes, days, "votes on items a day")
    axes, under = shares.subplots(), [0.0] * len(days)
    for label in LABELS:
        parts = [
            d["labels"].get(label, 0) / t for d, t in zip(figures["days"], totals, strict=True)
        ]
        axes.bar(places, parts, bottom=under, color=_COLOURS[label], label=label)
        under = [a + b for a, b in zip(under, parts, strict=True)]
    _days(axes, days, "labels a day")
    axes.legend(ncols=len(LABELS), loc="lower center", fontsize=8)
    return {"votes": _address(votes), "labels": _address(shares)}


def _days(axes: Any, days: list[str], title: str) -> None:
    step = -(-len(days) // 10)
    axes.set_xticks(range(0, len(days), step), days[::step], fontsize=7)
    axes.set_title(title, fontsize=10)


def _address(figure: "Figure") -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return png_address(stream.getvalue())
