"""The funnel: how many rows each step of RuWANLI left, from the NLI pool to the release."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rupairs.manifest import Manifest

Stages = list[dict[str, Any]]
_REPEATS = ("duplicate", "near_duplicate")
_NO_SEEDS = ("not_charted", "not_redistributable", "not_ambiguous")
_CHOICE = ("low_variability", "over_quota")


def funnel(manifests: Mapping[str, Manifest], completions: int, released: int) -> Stages:
    """Return `stage`, `rows` and `what` of every stage, in order.

    `completions` are the new hypotheses among the rows for review.
    """
    counts = {name: manifest.counts for name, manifest in manifests.items()}
    seeds, generated = counts["ruwanli.seeds"], counts["ruwanli.generate"]
    filtered, decided = counts["ruwanli.filter"], counts["annotation.decisions"]
    review = counts["ruwanli.complete"]
    gone = filtered.dropped_by_reason
    repeated, not_chosen = (sum(gone.get(r, 0) for r in rs) for rs in (_REPEATS, _CHOICE))
    sound = filtered.rows_in - (filtered.rows_dropped - repeated - not_chosen)
    stages = [
        ("pool", seeds.rows_in, "NLI rows of the harvest that may be seeds"),
        ("ambiguous", _ambiguous(seeds.rows_in, seeds.dropped_by_reason), "most variable"),
        ("seeds", seeds.rows_out, "drawn, with enough neighbours"),
        ("generated", generated.rows_in, "pairs asked for and answered"),
        ("parsed", generated.rows_out, "answers with a premise and a hypothesis"),
        ("heuristics", sound, "no heuristic or Russian check failed"),
        ("distinct", sound - repeated, "no repeat or near-duplicate"),
        ("variable", filtered.rows_out, "most variable of each intended label"),
        ("completed", filtered.rows_out + completions, "with hypotheses that premises lacked"),
        ("reviewed", _reviewed(review.rows_out, decided.dropped_by_reason), "with a vote"),
        ("decided", decided.rows_out, "the votes came to a label"),
        ("released", released, "texts that no other released pair has"),
    ]
    return [{"stage": stage, "rows": rows, "what": what} for stage, rows, what in stages]


def _ambiguous(pool: int, dropped: Mapping[str, int]) -> int:
    return pool - sum(dropped.get(reason, 0) for reason in _NO_SEEDS)


def _reviewed(candidates: int, dropped: Mapping[str, int]) -> int:
    return candidates - dropped.get("not_reviewed", 0)


def plot(stages: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the funnel as bars, the first stage on top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.42 * len(stages) + 0.8), layout="constrained")
    axes = figure.subplots()
    names = [stage["stage"] for stage in stages]
    rows = [stage["rows"] for stage in stages]
    bars = axes.barh(names, rows, color="#0072b2", height=0.7)
    axes.bar_label(bars, [f"{n:,}" for n in rows], padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("rows")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    # Without the library's version in it, the file is the same wherever the picture is.
    figure.savefig(path, dpi=120, metadata={"Software": None})
