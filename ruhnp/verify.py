"""Verification: text checks, repeats inside a row, then the similarity band.

A generator's text can be judged again with other thresholds at any time: nothing is asked twice.
"""

from collections.abc import Iterator

import numpy as np

from ruhnp.generated import VERIFIED_SCHEMA, Fault, Row, judged
from ruhnp.stage import VerifySection
from rupairs.encoder import Encoder, encoder_facts, load_encoder
from rupairs.steps import Context

_BATCH = 2_048


def verify(context: Context) -> None:
    """Write the texts that pass with their similarity to the anchor; drop the others."""
    config = context.config
    section = context.recipe.encoder
    encoder = load_encoder(section)
    context.models.append(encoder_facts(section, role="similarity"))
    reader = context.inputs["ruhnp.generate"]
    with (
        context.writer(VERIFIED_SCHEMA) as writer,
        context.progress.bar("verified", reader.manifest.counts.rows_out) as advance,
    ):
        for batch in _batches(judged(reader.rows(), config)):
            similarities = similarity([row for row, fault in batch if fault is None], encoder)
            for row, fault in writer.each(batch):
                value = similarities.get(id(row), 0.0)
                reason = fault or out_of_band(row["kind"], value, config)
                if reason:
                    writer.drop(row, *reason)
                else:
                    writer.keep(row | {"similarity": value})
            advance(len(batch), "")


def similarity(rows: list[Row], encoder: Encoder) -> dict[int, float]:
    """Return the cosine of text and anchor by the identity of the row."""
    if not rows:
        return {}
    anchors = sorted({row["anchor"] for row in rows})
    place = {anchor: i for i, anchor in enumerate(anchors)}
    vectors = encoder.encode([*anchors, *(row["text"] for row in rows)])
    index = [place[row["anchor"]] for row in rows]
    cosines = np.einsum("ij,ij->i", vectors[index], vectors[len(anchors) :])
    return {id(row): float(c) for row, c in zip(rows, cosines, strict=True)}


def out_of_band(kind: str, value: float, config: VerifySection) -> Fault | None:
    """Return the fault of a similarity below the band of its kind."""
    floor = config.min_positive_similarity if kind == "positive" else config.min_negative_similarity
    return ("not_similar", f"{value:.3f} < {floor}") if value < floor else None


def _batches(rows: Iterator[tuple[Row, Fault | None]]) -> Iterator[list[tuple[Row, Fault | None]]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
