"""The losses of the training steps, from their manifests, as a plot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PANEL_INCHES = (4.2, 3.4)


def training_curves(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return step → facts of those steps that trained a model; `facts` are those of manifests."""
    return {step: of for step, of in facts.items() if of.get("loss_curve")}


def plot(curves: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Write a PNG with a panel a step: the training loss, and held-out losses by source.

    `curves` is step → facts: `loss_curve` of (step, mean loss since the point before), and
    `held_out_losses` of (step, {source: loss}).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = _PANEL_INCHES
    figure = Figure(figsize=(max(6.0, width * len(curves)), height), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (step, facts) in zip(panels, curves.items(), strict=True):
        axes.plot(*zip(*facts["loss_curve"], strict=True), color="#0072b2", label="training")
        for name in sorted({n for _, losses in _held_out(facts) for n in losses}):
            points = [(at, losses[name]) for at, losses in _held_out(facts) if name in losses]
            axes.plot(*zip(*points, strict=True), "--", marker=".", lw=1, label=f"held out: {name}")
        axes.set_title(step, fontsize=9)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    panels[0].set_ylabel("loss")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _held_out(facts: Mapping[str, Any]) -> list[tuple[int, dict[str, float]]]:
    found: list[tuple[int, dict[str, float]]] = facts.get("held_out_losses") or []
    return found
