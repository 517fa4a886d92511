"""When a run has been patient enough with its held-out losses."""

from collections.abc import Iterable, Mapping
from typing import Any

HELD_OUT_MEAN = "held_out_mean"


def out_of_patience(log: Iterable[Mapping[str, Any]], patience: int) -> bool:
    """Return whether the last `patience` measurements of a trainer's log were no better."""
    means = [entry[HELD_OUT_MEAN] for entry in log if HELD_OUT_MEAN in entry]
    return bool(means) and len(means) - 1 - means.index(min(means)) >= patience
