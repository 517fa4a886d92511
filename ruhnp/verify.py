"""Verification: text checks, repeats inside a row, the similarity band, then the judge.

A generator's text can be verified again with other thresholds at any time: nothing is asked twice,
and no model is opened for what it has said before. `ruhnp.generate` tries texts in the same way to
see which anchors have enough.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice

from ruhnp.checks import CHECKS
from ruhnp.cosines import BLOCK as PAIRS
from ruhnp.cosines import Cosines
from ruhnp.generated import ROW_CHECKS, VERIFIED_SCHEMA, Fault, Row, judged
from ruhnp.judge import BLOCK, JUDGE_CHECKS, UNJUDGED, Verdict, disputed, verdicts
from ruhnp.notes import Tally
from ruhnp.stage import VerifySection
from rupairs.encoder import encoder_facts
from rupairs.progress import Advance
from rupairs.steps import Context

BAND_CHECKS = ("not_similar", "too_similar")
NAMES = (*CHECKS, *ROW_CHECKS, *BAND_CHECKS, *JUDGE_CHECKS)
"""Every check by the name that switches it and that a dropped row carries."""


@dataclass
class Tried:
    """A row on its way through the checks."""

    row: Row
    fault: Fault | None
    similarity: float = 0.0
    verdict: Verdict = UNJUDGED


def verify(context: Context) -> None:
    """Write the texts that pass with similarity and verdict; drop the others."""
    config: VerifySection = context.config
    cosines = cosines_of(context)
    reader = context.inputs["ruhnp.generate"]
    tally = Tally()
    with (
        context.writer(VERIFIED_SCHEMA) as writer,
        _bar(context, reader.manifest.counts.rows_out) as advance,
    ):
        for block in tried(context, reader.rows(), config, cosines):
            for item in writer.each(block):
                tally.add(item.row, item.fault)
                if item.fault:
                    writer.drop(item.row, *item.fault)
                else:
                    writer.keep(_kept(item))
            advance(len(block), "")
    measured = _measured(context, cosines) if config.measure else ""
    (context.out / "notes.md").write_text(f"{tally.page()}{measured}", encoding="utf-8")
    context.facts |= tally.facts()


def cosines_of(context: Context) -> Cosines:
    """Return the cosines of the run's encoder, which is noted in the step's manifest."""
    section = context.recipe.encoder
    if (facts := encoder_facts(section, role="similarity")) not in context.models:
        context.models.append(facts)
    return Cosines(context.run, section)


def _kept(item: Tried) -> Row:
    return item.row | {
        "similarity": item.similarity,
        "judge_forward": item.verdict.forward,
        "judge_backward": item.verdict.backward,
    }


def _bar(context: Context, rows: int) -> AbstractContextManager[Advance]:
    """Return the bar of the step; a language model that judges shows bars of its own."""
    judge = context.config.judge
    if judge is not None and judge.kind == "llm":
        return nullcontext(lambda units, note: None)
    return context.progress.bar("verified", rows)


def _measured(context: Context, cosines: Cosines) -> str:
    from ruhnp.measure import measured_in_step

    return measured_in_step(context, cosines)


def tried(
    context: Context, rows: Iterable[Row], config: VerifySection, cosines: Cosines
) -> Iterator[list[Tried]]:
    """Yield blocks of rows that have been through all checks; rows of an anchor stand together."""
    size = BLOCK[config.judge.kind] if config.judge else PAIRS
    remaining = judged(rows, config)
    while block := [Tried(row, fault) for row, fault in islice(remaining, size)]:
        for start in range(0, size, PAIRS):
            _measure_similarity(block[start : start + PAIRS], cosines, config)
        _judge(context, block, config)
        yield block


def _measure_similarity(block: list[Tried], cosines: Cosines, config: VerifySection) -> None:
    passing = [item for item in block if item.fault is None]
    values = cosines.of([(item.row["anchor"], item.row["text"]) for item in passing])
    for item, value in zip(passing, values, strict=True):
        item.similarity = value
        item.fault = out_of_band(item.row["kind"], value, config)


def _judge(context: Context, block: list[Tried], config: VerifySection) -> None:
    if config.judge is None:
        return
    passing = [item for item in block if item.fault is None]
    pairs = [(item.row["anchor"], item.row["text"]) for item in passing]
    for item, verdict in zip(passing, verdicts(context, config.judge, pairs), strict=True):
        item.verdict = verdict
        item.fault = disputed(item.row["kind"], verdict, config)


def out_of_band(kind: str, value: float, config: VerifySection) -> Fault | None:
    """Return the fault of a similarity outside the band of its kind."""
    floor, ceiling = (
        (config.min_positive_similarity, config.max_positive_similarity)
        if kind == "positive"
        else (config.min_negative_similarity, config.max_negative_similarity)
    )
    if value < floor and config.wants("not_similar"):
        return "not_similar", f"{value:.3f} < {floor}"
    if ceiling is not None and value > ceiling and config.wants("too_similar"):
        return "too_similar", f"{value:.3f} > {ceiling}"
    return None
