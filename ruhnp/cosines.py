"""Cosines of pairs under the run's encoder, kept on disk: other thresholds open no encoder.

Pairs come in blocks. The arithmetic of a batch depends on its longest text, so a block of which
anything is missing is computed whole and stored at once, and what was there before stays: a run
that is killed ends with the same numbers.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ruhnp.scores import ScoreStore, Texts
from rupairs.encoder import Encoder, encoder_facts, load_encoder
from rupairs.recipe import EncoderSection

STORE = "cosines.sqlite"
BLOCK = 2_048
"""So many pairs are put to `of` at a time."""


class Cosines:
    """The cosine of a pair, from the store in `folder` where it has it, else from the encoder.

    The encoder is opened when the first one is missing.
    """

    def __init__(self, folder: Path, section: EncoderSection) -> None:
        self.section = section
        identity = section.identity() | {"revision": encoder_facts(section, "").revision}
        self._scores = ScoreStore(folder / STORE, json.dumps(identity, sort_keys=True))

    def of(self, pairs: Sequence[Texts]) -> list[float]:
        """Return the cosine of the two texts of each pair."""
        keys = [self._scores.key(pair) for pair in pairs]
        known = self._scores.known(keys)
        if any(key not in known for key in keys):
            found = dict(zip(keys, similarity(pairs, self._encoder), strict=True))
            new = {key: cosine for key, cosine in found.items() if key not in known}
            self._scores.store(new)
            known |= new
        return [known[key] for key in keys]

    @cached_property
    def _encoder(self) -> Encoder:
        return load_encoder(self.section)


def similarity(pairs: Sequence[Texts], encoder: Encoder) -> list[float]:
    """Return the cosine of the two texts of each pair; a first text is encoded once."""
    if not pairs:
        return []
    anchors = sorted({anchor for anchor, _ in pairs})
    place = {anchor: i for i, anchor in enumerate(anchors)}
    vectors = encoder.encode([*anchors, *(text for _, text in pairs)])
    index = [place[anchor] for anchor, _ in pairs]
    cosines = np.einsum("ij,ij->i", vectors[index], vectors[len(anchors) :])
    return [float(cosine) for cosine in cosines]
