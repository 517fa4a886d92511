"""What the page shows of manifests: funnel, releases, losses, scores.

A manifest's facts may come from another version: what has another shape than expected is left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rupairs.manifest import Manifest
from rupairs.run_page.states import State

_REASONS = 5
_BAR = 1_000
_CHART = (640, 200)

Point = tuple[float, float]
F = TypeVar("F", bound=BaseModel)


class _Terms(BaseModel):
    hub: str
    name: str = ""
    reasons: list[str] = []


class Release(BaseModel):
    """What the manifest of a release says of it: rows by config and split, terms, hindrances."""

    rows: dict[str, dict[str, int]] = {}
    terms: _Terms | None = None
    refusals: list[str] = []


class Losses(BaseModel):
    """The losses of a training run: (step, mean loss), and (step, loss by held-out set).

    A loss that is no number, because training has failed, is None.
    """

    loss_curve: list[tuple[float, float | None]] = []
    held_out_losses: list[tuple[float, dict[str, float | None]]] = []


class _Scores(BaseModel):
    scores: dict[str, Any] = {}


def shaped(kind: type[F], manifest: Manifest) -> F:
    """Return a manifest's facts as `kind`; without any where they have another shape."""
    try:
        return kind.model_validate(manifest.facts)
    except ValidationError:
        return kind()


@dataclass(frozen=True)
class Bar:
    """A step's rows in the funnel; widths are in thousandths of the largest step of its stage."""

    kept: float
    dropped: float


def bars(found: list[State]) -> dict[str, Bar]:
    """Return the bars of the steps that counted rows, by step name."""
    drawn: dict[str, Bar] = {}
    for _, group in groupby(found, key=lambda state: state.step.stage):
        counted = {s.step.name: s.manifest.counts for s in group if s.manifest is not None}
        most = max((counts.rows_in for counts in counted.values()), default=0)
        for name, counts in counted.items():
            if counts.rows_in:
                scale = _BAR / most
                drawn[name] = Bar(counts.rows_out * scale, counts.rows_dropped * scale)
    return drawn


def reasons(manifest: Manifest) -> str:
    """Return the most frequent reasons of dropped rows."""
    counted = sorted(manifest.counts.dropped_by_reason.items(), key=lambda item: (-item[1], item))
    said = [f"{reason} {count:,}" for reason, count in counted[:_REASONS]]
    rest = counted[_REASONS:]
    if rest:
        said.append(f"{len(rest)} other reasons {sum(count for _, count in rest):,}")
    return ", ".join(said)


@dataclass(frozen=True)
class Chart:
    """Losses over steps as a line: SVG points in a box of `width` × `height`, and both ends."""

    points: str
    width: int
    height: int
    first: Point
    last: Point
    most: float


def chart(losses: Losses) -> Chart | None:
    """Return the loss curve; None where there are no two numbers to draw a line between."""
    points = [(step, loss) for step, loss in losses.loss_curve if loss is not None]
    if len(points) < 2:
        return None
    width, height = _CHART
    end, most = points[-1][0], max(loss for _, loss in points)
    across, up = width / max(end, 1e-9), height / max(most, 1e-9)
    drawn = " ".join(f"{s * across:.1f},{height - loss * up:.1f}" for s, loss in points)
    return Chart(drawn, width, height, points[0], points[-1], most)


def differences(manifest: Manifest) -> list[tuple[str, float, float]]:
    """Return (measure, before, after) of every score that was measured on both sides."""
    scores = shaped(_Scores, manifest).scores
    return list(_differences(scores.get("before"), scores.get("after"), ()))


def _differences(
    before: Any, after: Any, path: tuple[str, ...]
) -> Iterator[tuple[str, float, float]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before:
            yield from _differences(before[name], after.get(name), (*path, str(name)))
    # Whole numbers are counts of what was measured on.
    elif isinstance(before, float) and isinstance(after, float):
        yield " · ".join(path).replace("_", " "), before, after
