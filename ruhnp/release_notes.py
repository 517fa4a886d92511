"""What the report of a release says beside its figures: is `train` full, what became of each kind.

The kinds of change are followed on their way: how many texts of a kind were asked of the model,
how many were written (by rules too), how many passed verification, how many were released.
"""

from collections.abc import Mapping
from typing import Any

from ruhnp.notes import UNSTATED, table
from ruhnp.stage import ReleaseSection
from rupairs.store import StageReader

_SIDES = (("negative", "neg"), ("positive", "pos"))
_COLUMNS = ("asked", "written", "passed", "released")


def train_note(facts: Mapping[str, Any], config: ReleaseSection) -> str:
    """Return whether `train` has the rows it was to have, "" if no size was asked for."""
    if config.train is None:
        return ""
    have = facts["statistics"]["splits"].get("train", {"anchors": 0})["anchors"]
    if have < config.train:
        return (
            f"**{have} rows in train, {config.train} were asked for:** raise "
            "`ruhnp.anchors.limit`, `ruhnp.generate.top_up_rounds`, or what is asked for per "
            "anchor.\n\n"
        )
    over = facts["over_limit_anchors"]
    return f"{have} rows in train, as asked for; {over} more complete anchors were left out.\n\n"


def kinds_on_their_way(
    inputs: Mapping[str, StageReader], statistics: Mapping[str, Any]
) -> dict[str, dict[str, int]]:
    """Return how many texts of each kind of change got how far; keys are "side kind"."""
    asked = inputs["ruhnp.generate"].manifest.facts.get("asked", {})
    tried = inputs["ruhnp.verify"].manifest.facts.get("by_change", {})
    released = {
        f"{side} {change}": count
        for side, column in _SIDES
        for change, count in statistics["changes"][column].items()
    }
    return {
        kind: {
            "asked": asked.get(kind, 0),
            "written": tried[kind]["texts"],
            "passed": tried[kind]["kept"],
            "released": released.get(kind, 0),
        }
        for kind in sorted(tried)
        if not kind.endswith(UNSTATED)
    }


def kinds_table(kinds: Mapping[str, Mapping[str, int]]) -> str:
    """Return the kinds of either side as Markdown, "" if no text has one."""
    if not kinds:
        return ""
    rows = [(*kind.split(" ", 1), *(n[name] for name in _COLUMNS)) for kind, n in kinds.items()]
    said = "asked of the model, written by it or by rules, passed, released"
    return f"\nKinds of change on their way: {said}.\n\n" + table(
        ("side", "kind of change", *_COLUMNS), rows
    )
