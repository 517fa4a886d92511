"""The verifier tried on pairs that people have labelled: is what it accepts really so?

1. How well do the similarity and the judge rank: the area under the ROC curve.
2. Of the pairs that the checks of a positive accept, how many say the same (precision); of those
   that say the same, how many do they accept (recall). Checks inside a row have no part in it.
3. The same for the checks of a negative, on pairs whose words overlap as those of a hard negative.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from ruhnp.checks import Checked, first_fault
from ruhnp.generated import Fault
from ruhnp.judge import UNJUDGED, Verdict, disputed, verdicts
from ruhnp.measuring.figures import Decision, Estimate, auc, decision
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
from ruhnp.stage import RuhnpSection, VerifySection
from ruhnp.verify import out_of_band, similarity
from rupairs.encoder import Encoder, load_encoder
from rupairs.steps import Context
from rupairs.text import key, share

LABELS: Mapping[int, str] = {SAME: "same", BETWEEN: "between", OTHER: "other"}
JSON = "measure.json"
MARKDOWN = "measure.md"


@dataclass(frozen=True)
class Chain:
    """What the checks of one kind did to the pairs of a set.

    `decision` leaves out pairs in between; `faults` counts reasons by label.
    """

    pairs: Mapping[str, int]
    accepted: Mapping[str, int]
    decision: Decision
    faults: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Measured:
    """Everything measured on one set; an AUC is None where a label or the judge is missing."""

    name: str
    meaning: str
    files: tuple[str, ...]
    size: int
    drawn: Mapping[str, int]
    similarity_auc: Estimate | None
    judge_auc: Estimate | None
    unjudged: int
    positives: Chain
    negatives: Chain


@dataclass(frozen=True)
class _Seen:
    """A labelled pair with what the models say of it."""

    pair: LabelledPair
    similarity: float
    verdict: Verdict

    def fault(self, kind: str, config: VerifySection) -> Fault | None:
        """Return why the whole chain would drop the pair as a text of that kind."""
        return (
            first_fault(Checked(self.pair.first, self.pair.second, kind), config)
            or out_of_band(kind, self.similarity, config)
            or disputed(kind, self.verdict, config)
        )


def measured_files(section: RuhnpSection) -> dict[str, str]:
    """Return file → SHA-256 of the labelled pairs that the verification reads, if any."""
    folder = section.verify.measure
    return hashes(folder) if folder else {}


def measure(context: Context, folder: Path, encoder: Encoder) -> list[Measured]:
    """Measure the settings of [ruhnp.verify] on every set in `folder`."""
    found = files_in(folder)
    sets = [s for s in SETS if s.name in found]
    measured = []
    with context.progress.bar("labelled sets", len(sets)) as advance:
        for labelled in sets:
            measured.append(_measure_set(context, labelled, found[labelled.name], encoder))
            advance(1, labelled.name)
    return measured


def _measure_set(
    context: Context, labelled: LabelledSet, paths: list[Path], encoder: Encoder
) -> Measured:
    config: VerifySection = context.stage.verify
    pairs = read_set(labelled, paths)
    seen = _seen(context, _drawn(pairs, config.measure_pairs, context.seed), encoder)
    close = [s for s in seen if _overlap(s.pair) >= config.measure_overlap]
    seed = context.seed
    return Measured(
        name=labelled.name,
        meaning=labelled.meaning,
        files=tuple(path.name for path in paths),
        size=len(pairs),
        drawn=_by_label(seen),
        similarity_auc=_auc([(s.pair.label, s.similarity) for s in seen], seed),
        judge_auc=_auc([(s.pair.label, s.verdict.both) for s in seen], seed),
        unjudged=sum(s.verdict.both is None for s in seen) if config.judge else 0,
        positives=_chain(seen, "positive", config, seed),
        negatives=_chain(close, "negative", config, seed),
    )


def _drawn(pairs: list[LabelledPair], most: int, seed: int) -> list[LabelledPair]:
    """Return up to `most` pairs, drawn by hash, in the order of the files."""
    places = sorted(
        range(len(pairs)),
        key=lambda i: (share(f"{pairs[i].first}\n{pairs[i].second}", seed, "measure"), i),
    )
    return [pairs[i] for i in sorted(places[:most])]


def _seen(context: Context, pairs: list[LabelledPair], encoder: Encoder) -> list[_Seen]:
    texts = [(pair.first, pair.second) for pair in pairs]
    judge = context.stage.verify.judge
    said = list(verdicts(context, judge, texts)) if judge else [UNJUDGED] * len(pairs)
    values = similarity(texts, encoder)
    return [_Seen(*each) for each in zip(pairs, values, said, strict=True)]


def _overlap(pair: LabelledPair) -> float:
    """Return how much of the words two texts share, in any order, by characters (0–1)."""
    return fuzz.token_sort_ratio(key(pair.first), key(pair.second)) / 100


def _by_label(seen: list[_Seen]) -> dict[str, int]:
    counted = Counter(s.pair.label for s in seen)
    return {name: counted[label] for label, name in LABELS.items()}


def _auc(scores: list[tuple[int, float | None]], seed: int) -> Estimate | None:
    sides: dict[int, list[float]] = {SAME: [], BETWEEN: [], OTHER: []}
    for label, score in scores:
        if score is not None:
            sides[label].append(score)
    return auc(sides[SAME], sides[OTHER], seed)


def _chain(seen: list[_Seen], kind: str, config: VerifySection, seed: int) -> Chain:
    faults = [s.fault(kind, config) for s in seen]
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for s, fault in zip(seen, faults, strict=True):
        if fault:
            counted[fault[0]][LABELS[s.pair.label]] += 1
    right = SAME if kind == "positive" else OTHER
    clear = [
        (fault is None, s.pair.label == right)
        for s, fault in zip(seen, faults, strict=True)
        if s.pair.label != BETWEEN
    ]
    return Chain(
        pairs=_by_label(seen),
        accepted=_by_label([s for s, f in zip(seen, faults, strict=True) if f is None]),
        decision=decision([a for a, _ in clear], [t for _, t in clear], seed),
        faults={
            reason: {name: counted[reason][name] for name in LABELS.values()}
            for reason in sorted(counted, key=lambda r: (-counted[r].total(), r))
        },
    )


def write_json(context: Context, measured: list[Measured]) -> dict[str, Any]:
    """Write what was measured, and under which settings, into `context.out`; return it."""
    from ruhnp.measuring.page import settings

    facts = {"settings": settings(context), "sets": [asdict(m) for m in measured]}
    text = json.dumps(facts, ensure_ascii=False, indent=2)
    (context.out / JSON).write_text(f"{text}\n", encoding="utf-8")
    return facts


def measured_in_step(context: Context, encoder: Encoder) -> str:
    """Measure for the step's own report: write the JSON, return the section in Markdown."""
    from ruhnp.measuring.page import page

    measured = measure(context, context.config.measure, encoder)
    write_json(context, measured)
    return f"\n{page(context, measured)}"


def measure_folder(context: Context, folder: Path) -> dict[str, Any]:
    """Measure on the sets in `folder`, write Markdown and JSON into `context.out`."""
    from ruhnp.measuring.page import page

    files_in(folder)  # a wrong path is said now and not when the encoder is open
    measured = measure(context, folder, load_encoder(context.recipe.encoder))
    text = f"# The verifier on labelled pairs\n\n{page(context, measured)}"
    (context.out / MARKDOWN).write_text(text, encoding="utf-8")
    return write_json(context, measured)
