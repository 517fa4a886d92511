"""Cosine of a text with its positives and its negatives, on pairs that training never saw.

Training on hard negatives should move them away from their queries. A shift of one curve alone is
not separation, so both are measured: the gap of the means, the area under the ROC curve (how
often a positive beats a negative) and how much of the two histograms overlaps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.encoder import SentenceEncoder
from rupairs.pairs import NEGATIVE, POSITIVE
from rupairs.text import share
from training.views import PASSAGE, QUERY

Cosines = npt.NDArray[np.float32]

HELD_OUT = ("validation", "test")
TRAIN = "train"
BINS = 20


@dataclass(frozen=True)
class HeldOut:
    """Pairs outside the train split, of polarity +1 and -1, and where they come from."""

    rows: list[Mapping[str, Any]]
    splits: tuple[str, ...]

    def lack(self) -> str | None:
        """Return why nothing can be measured on these pairs, or None."""
        if not self.rows:
            return "no pair is held out from training"
        kinds = {row["polarity"] for row in self.rows}
        if POSITIVE not in kinds:
            return "the held-out pairs have no positives"
        if NEGATIVE not in kinds:
            return "the held-out pairs have no negatives"
        return None


@dataclass(frozen=True)
class Similarities:
    """Cosines of the positive and of the negative pairs under one encoder."""

    positive: Cosines
    negative: Cosines


@dataclass(frozen=True)
class Separation:
    """How far positives and negatives stand apart; `overlap` is 1 for equal histograms."""

    positives: int
    negatives: int
    mean_positive: float
    mean_negative: float
    median_positive: float
    median_negative: float
    gap: float
    auc: float
    overlap: float


def held_out(rows: Iterable[Mapping[str, Any]], most: int | None = None) -> HeldOut:
    """Return the pairs of validation and test, or, without any, of every split but train.

    Of more than `most` pairs, hashes choose.
    """
    outside = [row for row in rows if row["split"] != TRAIN]
    usual = [row for row in outside if row["split"] in HELD_OUT]
    chosen = usual or outside
    if most is not None and len(chosen) > most:
        chosen = sorted(
            chosen, key=lambda row: (share(row["pair_id"], 0, "cosine"), row["pair_id"])
        )
        chosen = chosen[:most]
    return HeldOut(chosen, tuple(sorted({row["split"] for row in chosen})))


def similarities(model: Any, pairs: HeldOut, batch_size: int = 32) -> Similarities:
    """Return the cosines of `pairs` under a SentenceTransformer, with its prompts of both sides.

    One that has none gets those that training would give it.
    """
    query, passage = side_prompts(model)
    sides = [(query, str(row["query"])) for row in pairs.rows]
    sides += [(query if r["symmetric"] else passage, str(r["passage"])) for r in pairs.rows]
    vectors: dict[tuple[str, str], Cosines] = {}
    for prompt in sorted({query, passage}):
        texts = sorted({text for side, text in sides if side == prompt})
        if texts:
            encoded = SentenceEncoder(model, batch_size, prompt).encode(texts)
            vectors |= {(prompt, t): v for t, v in zip(texts, encoded, strict=True)}
    whole = np.stack([vectors[side] for side in sides])
    queries, passages = np.split(whole, 2)
    cosines = np.sum(queries * passages, axis=1)
    positive = np.array([row["polarity"] == POSITIVE for row in pairs.rows])
    return Similarities(cosines[positive], cosines[~positive])


def side_prompts(model: Any) -> tuple[str, str]:
    """Return what goes before a query and before a passage, by the encoder's own names."""
    own: dict[str, str] = dict(model.prompts or {})
    # sentence-transformers fills in empty prompts where a model names none.
    if not any(own.values()) and model.default_prompt_name is None:
        return QUERY, PASSAGE
    query = own.get("query") or ""
    return query, own.get("passage") or own.get("document") or ""


def separation(found: Similarities) -> Separation:
    """Return how far positives and negatives stand apart; both must be there."""
    from sklearn.metrics import roc_auc_score

    positive, negative = found.positive, found.negative
    labels = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    mean_positive, mean_negative = float(positive.mean()), float(negative.mean())
    return Separation(
        positives=len(positive),
        negatives=len(negative),
        mean_positive=mean_positive,
        mean_negative=mean_negative,
        median_positive=float(np.median(positive)),
        median_negative=float(np.median(negative)),
        gap=mean_positive - mean_negative,
        auc=float(roc_auc_score(labels, np.concatenate([positive, negative]))),
        overlap=_overlap(found),
    )


def _overlap(found: Similarities) -> float:
    """Return the shared area of the two histograms, `BINS` bins over their common range."""
    both = np.concatenate([found.positive, found.negative])
    edges = np.histogram_bin_edges(both, bins=BINS)
    shares = [np.histogram(c, edges)[0] / len(c) for c in (found.positive, found.negative)]
    return float(np.minimum(*shares).sum())


def plot(panels: Sequence[tuple[str, Similarities]], title: str, path: Path) -> None:
    """Write a PNG with one histogram panel an encoder, all on one axis of cosines."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 2.6 * len(panels) + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    everything = np.concatenate([c for _, s in panels for c in (s.positive, s.negative)])
    edges = np.histogram_bin_edges(everything, bins=2 * BINS)
    for axis, (name, found) in zip(axes, panels, strict=True):
        for label, cosines, colour in (
            ("positives", found.positive, "#0072b2"),
            ("negatives", found.negative, "#d55e00"),
        ):
            weights = np.full(len(cosines), 1 / len(cosines))
            said = f"{label} ({len(cosines)})"
            axis.hist(cosines, edges, weights=weights, alpha=0.6, color=colour, label=said)
        axis.set_title(name, loc="left")
        axis.set_ylabel("share of pairs")
        axis.legend()
    axes[-1].set_xlabel("cosine of the two texts")
    figure.suptitle(title)
    # Without the library's name and version the same numbers give the same bytes.
    figure.savefig(path, dpi=120, metadata={"Software": None})
