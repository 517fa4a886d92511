"""Of the candidates that pass, the most variable share, equally many of each intended label."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ruwanli.repeats import Fault

_TWO_WAY = "not_entailment"


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate: its label, its estimated max variability, its place among equals."""

    label: str
    sigma: float
    tie: float


@dataclass
class Selection:
    """Which candidates go, by number, and what is told of each label."""

    faults: dict[int, Fault] = field(default_factory=dict)
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)


def most_variable(
    candidates: Sequence[Measured], keep: float, per_label: int | None = None
) -> Selection:
    """Keep the most variable share `keep`, an equal part of it each label, at most `per_label`.

    As in WANLI a label with fewer candidates than its part keeps them all, and no other label
    gets what it leaves. Beside the three labels `not_entailment`, which WANLI does not have, keeps
    the share of its own and takes nothing from theirs. At least one candidate of each label is
    kept.
    """
    by_label: dict[str, list[int]] = defaultdict(list)
    for number, candidate in enumerate(candidates):
        by_label[candidate.label].append(number)
    found = Selection()
    for label, numbers in sorted(by_label.items()):
        part = _part({name: len(of) for name, of in by_label.items()}, label, keep)
        taken = part if per_label is None else min(part, per_label)
        numbers.sort(key=lambda n: (-candidates[n].sigma, candidates[n].tie))
        threshold = candidates[numbers[min(taken, len(numbers)) - 1]].sigma
        for rank, number in enumerate(numbers):
            if rank >= part:
                evidence = f"{candidates[number].sigma:g}, {label} is kept from {threshold:g}"
                found.faults[number] = ("low_variability", evidence)
            elif rank >= taken:
                evidence = f"{taken}; {candidates[number].sigma:g}, kept from {threshold:g}"
                found.faults[number] = ("over_quota", evidence)
        found.labels[label] = {
            "passed": len(numbers),
            "kept": min(taken, len(numbers)),
            "threshold": round(threshold, 6),
            "median": round(median(candidates[n].sigma for n in numbers), 6),
        }
    return found


def _part(counts: Mapping[str, int], label: str, keep: float) -> int:
    """Return how many candidates of a label go, as far as there are."""
    apart = {_TWO_WAY} if set(counts) - {_TWO_WAY, "entailment"} else set()
    among = {label} if label in apart else set(counts) - apart
    return max(1, int(sum(counts[name] for name in among) * keep) // len(among))
