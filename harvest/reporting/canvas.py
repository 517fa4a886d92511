"""The canvas: figures that come out the same byte by byte, and how numbers stand on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL = 30


@contextmanager
def canvas(
    path: Path, width: float, height: float, layout: Literal["constrained"] | None = "constrained"
) -> Iterator["Figure"]:
    """Yield a figure of so many inches that is written when the block is left."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sizes = dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize", "legend.fontsize"), 8)
    plain = {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
    with style.context(["default", {**sizes, **plain}]):
        figure = Figure(figsize=(width, height), layout=layout)
        FigureCanvasAgg(figure)
        yield figure
        # Without the library's name and version the same figures give the same bytes.
        figure.savefig(path, dpi=110, metadata={"Software": None})


def logs(numbers: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return decimal logarithms, 0 also for 0; what is not a number stays so."""
    found: npt.NDArray[np.float64] = np.log10(np.maximum(numbers, 1))
    return found


def decades(axis: "Axes") -> None:
    """Put numbers on an axis of logarithms; a logarithmic axis takes far longer to draw."""
    low, high = axis.get_xlim()
    steps = (1, 2, 5) if high - low < 2.3 else (1,)
    numbers = [step * 10**decade for decade in range(8) for step in steps]
    ticks = {float(logs(number)): brief(number) for number in numbers}
    shown = [tick for tick in ticks if low <= tick <= high]
    axis.set_xticks(shown, [ticks[tick] for tick in shown])


def shortened(name: str) -> str:
    """Return a name for an axis; of a long one, its end."""
    return name if len(name) <= _LABEL else "…" + name[1 - _LABEL :]


def brief(count: float) -> str:
    """Return a count of few digits: 9999, 12k, 1.5M."""
    if count < 10_000:
        return f"{count:.0f}"
    return f"{count / 1e3:.0f}k" if count < 999_500 else f"{count / 1e6:.3g}M"
