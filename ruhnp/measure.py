"""The verifier tried on pairs that people have labelled: is what it accepts really so?

1. How well do the similarity and the judge rank: the area under the ROC curve.
2. Of the pairs that the checks of a positive accept, how many say the same (precision); of those
   that say the same, how many do they accept (recall). Checks inside a row have no part in it.
3. The same for the checks of a negative, on pairs whose words overlap as those of a hard negative.
4. What each check alone does, and whether another threshold would do better.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ruhnp.cosines import BLOCK, Cosines
from ruhnp.judge import UNJUDGED, verdicts
from ruhnp.measuring.chain import Chain, Seen, by_label, chain, overlap, tried
from ruhnp.measuring.figures import Estimate, auc
from ruhnp.measuring.labelled import (
    BETWEEN,
    OTHER,
    SAME,
    SETS,
    LabelledPair,
    LabelledSet,
    files_in,
    hashes,
    read_set,
)
from ruhnp.measuring.thresholds import Choice, choices
from ruhnp.stage import RuhnpSection, VerifySection
from rupairs.progress import Advance
from rupairs.steps import Context
from rupairs.text import share

JSON = "measure.json"
MARKDOWN = "measure.md"


@dataclass(frozen=True)
class Measured:
    """Everything measured on one set; an AUC is None where a label or the judge is missing.

    `held_out` counts the drawn pairs on which no threshold is chosen.
    """

    name: str
    meaning: str
    files: tuple[str, ...]
    size: int
    drawn: Mapping[str, int]
    held_out: int
    similarity_auc: Estimate | None
    judge_auc: Estimate | None
    unjudged: int
    positives: Chain
    negatives: Chain
    thresholds: tuple[Choice, ...]


def measured_files(section: RuhnpSection) -> dict[str, str]:
    """Return file → SHA-256 of the labelled pairs that the verification reads, if any."""
    folder = section.verify.measure
    return hashes(folder) if folder else {}


def measure(context: Context, folder: Path, cosines: Cosines) -> list[Measured]:
    """Measure the settings of [ruhnp.verify] on every set in `folder`."""
    config: VerifySection = context.stage.verify
    found = files_in(folder)
    sets = [s for s in SETS if s.name in found]
    drawn = {}
    for labelled in sets:
        pairs = read_set(labelled, found[labelled.name])
        drawn[labelled.name] = len(pairs), _drawn(pairs, config.measure_pairs, context.seed)
    measured = []
    with context.progress.bar("labelled pairs", sum(len(d) for _, d in drawn.values())) as advance:
        for labelled in sets:
            size, pairs = drawn[labelled.name]
            seen = _seen(context, pairs, cosines, advance, labelled.name)
            measured.append(_measured(context, labelled, found[labelled.name], size, seen))
    return measured


def _measured(
    context: Context, labelled: LabelledSet, paths: list[Path], size: int, seen: list[Seen]
) -> Measured:
    config: VerifySection = context.stage.verify
    close = [s for s in seen if overlap(s.pair) >= config.measure_overlap]
    by_kind = {
        "positive": tried(seen, "positive", config),
        "negative": tried(close, "negative", config),
    }
    seed = context.seed
    return Measured(
        name=labelled.name,
        meaning=labelled.meaning,
        files=tuple(path.name for path in paths),
        size=size,
        drawn=by_label(s.pair.label for s in seen),
        held_out=sum(s.pair.held_out for s in seen),
        similarity_auc=_auc([(s.pair.label, s.similarity) for s in seen], seed),
        judge_auc=_auc([(s.pair.label, s.verdict.both) for s in seen], seed),
        unjudged=sum(s.verdict.both is None for s in seen) if config.judge else 0,
        positives=chain(by_kind["positive"], "positive", seed),
        negatives=chain(by_kind["negative"], "negative", seed),
        thresholds=tuple(choices(by_kind, config)),
    )


def _drawn(pairs: list[LabelledPair], most: int, seed: int) -> list[LabelledPair]:
    """Return up to `most` pairs (0: all), drawn by hash, in the order of the files."""
    if not most:
        return pairs
    places = sorted(
        range(len(pairs)),
        key=lambda i: (share(f"{pairs[i].first}\n{pairs[i].second}", seed, "measure"), i),
    )
    return [pairs[i] for i in sorted(places[:most])]


def _seen(
    context: Context, pairs: list[LabelledPair], cosines: Cosines, advance: Advance, note: str
) -> list[Seen]:
    texts = [(pair.first, pair.second) for pair in pairs]
    judge = context.stage.verify.judge
    values: list[float] = []
    for start in range(0, len(texts), BLOCK):
        block = texts[start : start + BLOCK]
        values += cosines.of(block)
        advance(len(block), note)
    said = list(verdicts(context, judge, texts)) if judge else [UNJUDGED] * len(pairs)
    return [Seen(*each) for each in zip(pairs, values, said, strict=True)]


def _auc(scores: list[tuple[int, float | None]], seed: int) -> Estimate | None:
    sides: dict[int, list[float]] = {SAME: [], BETWEEN: [], OTHER: []}
    for label, score in scores:
        if score is not None:
            sides[label].append(score)
    return auc(sides[SAME], sides[OTHER], seed)


def write_json(context: Context, measured: list[Measured]) -> dict[str, Any]:
    """Write what was measured, and under which settings, into `context.out`; return it."""
    from ruhnp.measuring.page import settings

    facts = {"settings": settings(context), "sets": [asdict(m) for m in measured]}
    text = json.dumps(facts, ensure_ascii=False, indent=2)
    (context.out / JSON).write_text(f"{text}\n", encoding="utf-8")
    return facts


def measured_in_step(context: Context, cosines: Cosines) -> str:
    """Measure for the step's own report: write the JSON, return the section in Markdown."""
    from ruhnp.measuring.page import page

    measured = measure(context, context.config.measure, cosines)
    write_json(context, measured)
    return f"\n{page(context, measured)}"


def measure_folder(context: Context, folder: Path) -> dict[str, Any]:
    """Measure on the sets in `folder`, write Markdown and JSON into `context.out`."""
    from ruhnp.measuring.page import page

    measured = measure(context, folder, Cosines(context.out, context.recipe.encoder))
    text = f"# The verifier on labelled pairs\n\n{page(context, measured)}"
    (context.out / MARKDOWN).write_text(text, encoding="utf-8")
    return write_json(context, measured)
