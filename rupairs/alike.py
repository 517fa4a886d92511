"""How much alike texts are, and whether a detail that changes the meaning sets them apart.

All texts are keys (`rupairs.text.key`): case, punctuation and ё do not count.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# In a key "don't" is "don t", and a minus is this very character.
_DETAIL = re.compile(
    r"\u2212?\d+|(?<=n) t\b|"
    r"\b(?:не|ни|нет|без|никогда|никто|нельзя|not|cannot|no|never|without)\b"
)


def similarities(a: Sequence[str], b: Sequence[str], least: float) -> npt.NDArray[np.float64]:
    """Return normalised Levenshtein similarities, key by key, 0 where one is under `least`."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    # The library rounds, and with a cutoff of 0.8 it gives 0 for what is 0.8 alike.
    cutoff = max(0.0, least - 1e-6)
    found: npt.NDArray[np.float64] = cpdist(
        a, b, scorer=Levenshtein.normalized_similarity, score_cutoff=cutoff, dtype=np.float64
    )
    return found


def details(text: str) -> list[str]:
    """Return the numbers and negations of a key, in order."""
    return _DETAIL.findall(text)
