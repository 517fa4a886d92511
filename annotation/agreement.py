"""Agreement: how far the votes on the same items coincide."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np


def percent_agreement(items: Iterable[Sequence[str]]) -> float | None:
    """Return the share of pairs of votes on one item that are equal, averaged over items.

    Between 0 and 1; None when no item has two votes. Fleiss's observed agreement.
    """
    shares = []
    for labels in items:
        if (n := len(labels)) >= 2:
            equal = sum(count * (count - 1) for count in Counter(labels).values())
            shares.append(equal / (n * (n - 1)))
    return round(sum(shares) / len(shares), 6) if shares else None


def alpha(items: Iterable[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal labels; 1 is perfect, 0 is chance.

    None when it is not defined: no item has two votes, or all those votes are one label, so that
    there is no disagreement to expect. Krippendorff, Content Analysis (2004), chapter 11.
    """
    import krippendorff

    counted = [Counter(labels) for labels in items if len(labels) >= 2]
    domain = sorted(set().union(*counted))
    if len(domain) < 2:
        return None
    counts = np.array([[c[label] for label in domain] for c in counted])
    value = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
    return round(float(value), 6)
