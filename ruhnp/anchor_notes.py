"""What is told of the anchors: how long they are, and which topics they are about."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ruhnp.pool import BIN, Pool
from ruhnp.stage import AnchorsSection

NO_BENCHMARKS = (
    "No evaluation set was named: anchors may stand in one. Set `harvest.pairs.benchmarks` or "
    "`ruhnp.anchors.benchmarks`."
)
_CELL = 120


@dataclass(frozen=True)
class TopicShown:
    """A topic: how many sentences of the pool and how many anchors it has, and typical ones."""

    pool: int
    anchors: int
    typical: list[str]


def facts(
    pool: Pool, lengths: Sequence[int], config: AnchorsSection, topics: Sequence[TopicShown]
) -> dict[str, Any]:
    """Return the figures of a draw, ready for JSON; `lengths` are those of the anchors."""
    anchors = Counter(length // BIN * BIN for length in lengths)
    bins = sorted({*pool.lengths, *anchors})
    return {
        "pool": len(pool.drawn),
        "median_characters": median(lengths) if lengths else None,
        "target_median": config.target_median or None,
        "lengths": {str(b): [pool.lengths[b], anchors[b]] for b in bins},
        "topics": [asdict(topic) for topic in topics],
    }


def write_notes(
    folder: Path,
    found: Mapping[str, Any],
    config: AnchorsSection,
    reasons: Mapping[str, int],
    topics: Sequence[TopicShown],
) -> None:
    """Write `notes.md`."""
    count = sum(anchors for _, anchors in found["lengths"].values())
    lines = [_summary(count, found, config)]
    if count < config.limit and reasons.get("over_limit"):
        lines += ["", "The pool was too small for the limit: raise `ruhnp.anchors.surplus`."]
    if config.benchmarks is None:
        lines += ["", f"**{NO_BENCHMARKS}**"]
    lines += ["", "| characters | sentences | anchors |", "|---|--:|--:|"]
    for start, (sentences, anchors) in found["lengths"].items():
        lines.append(f"| {start}–{int(start) + BIN - 1} | {sentences} | {anchors} |")
    if topics:
        lines += ["", "| topic | pool | anchors | most typical sentences |", "|--:|--:|--:|---|"]
        for number, topic in enumerate(topics):
            shown = " <br> ".join(_cell(text) for text in topic.typical)
            lines.append(f"| {number} | {topic.pool} | {topic.anchors} | {shown} |")
    (folder / "notes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _summary(count: int, found: Mapping[str, Any], config: AnchorsSection) -> str:
    said = f"{count} anchors of {config.limit} asked for, from a pool of {found['pool']}"
    if found["median_characters"] is None:
        return f"{said}."
    target = f" (target {config.target_median})" if config.target_median else ""
    return f"{said}; median length {found['median_characters']:g} characters{target}."


def _cell(text: str) -> str:
    text = text.replace("|", "\\|")
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
