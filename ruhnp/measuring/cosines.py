"""Cosines of labelled pairs under the run's encoder; a text is encoded once, a pair kept on disk.

The store outlives the measurement: thresholds can be tried again without opening the encoder.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ruhnp.scores import ScoreStore, Texts
from rupairs.encoder import Encoder, Vectors, encoder_facts
from rupairs.progress import Advance
from rupairs.recipe import EncoderSection

STORE = "measure.sqlite"
# Pairs of like lengths stand in one block, so that little is padded.
_BLOCK = 512


class Cosines:
    """The cosine of a pair, from the store at `path` where it has it, else from the encoder.

    `opened` is called when the first one is missing.
    """

    def __init__(self, path: Path, section: EncoderSection, opened: Callable[[], Encoder]) -> None:
        identity = section.identity() | {"revision": encoder_facts(section, "").revision}
        self._scores = ScoreStore(path, json.dumps(identity, sort_keys=True))
        self._opened = opened
        self._vectors: dict[str, Vectors] = {}

    def of(self, pairs: Sequence[Texts], advance: Advance, note: str) -> list[float]:
        """Return the cosine of the two texts of each pair."""
        keys = [self._scores.key(pair) for pair in pairs]
        known = self._scores.known(keys)
        lacking = [i for i, key in enumerate(keys) if key not in known]
        lacking.sort(key=lambda i: (sum(map(len, pairs[i])), keys[i]))
        advance(len(pairs) - len(lacking), note)
        for start in range(0, len(lacking), _BLOCK):
            block = lacking[start : start + _BLOCK]
            self._encode({text for i in block for text in pairs[i]})
            new = {keys[i]: self._cosine(*pairs[i]) for i in block}
            self._scores.store(new)
            known |= new
            advance(len(block), note)
        return [known[key] for key in keys]

    def _encode(self, texts: set[str]) -> None:
        new = sorted(texts - self._vectors.keys())
        if new:
            self._vectors |= zip(new, self._opened().encode(new), strict=True)

    def _cosine(self, one: str, other: str) -> float:
        return float(self._vectors[one] @ self._vectors[other])
