"""What has to be known of all verified texts before any of them is released."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ruhnp.stage import ReleaseSection
from rupairs.pairs import pair_id, text_id

Row = dict[str, Any]


@dataclass
class Survey:
    """Counts of a stream of texts.

    `repeated` maps the number of a text to the pair an earlier text makes already; such a text
    counts nowhere else. `counts` has the positives and negatives of each group, `changes` how
    often each kind of change occurs ("side:change").
    """

    repeated: dict[int, str] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    changes: Counter[str] = field(default_factory=Counter)
    _texts: "array[int]" = field(default_factory=lambda: array("Q"))
    _owners: "array[int]" = field(default_factory=lambda: array("Q"))

    def complete(self, config: ReleaseSection) -> set[str]:
        """Return the groups with enough texts on both sides."""
        return {
            group
            for group, counts in self.counts.items()
            if counts["positive"] >= config.min_positives
            and counts["negative"] >= config.min_negatives
        }

    def sharing_text(self, groups: set[str]) -> set[str]:
        """Return those of `groups` that have a text, or an anchor, in common with another."""
        names = list(self.counts)
        wanted = np.array([name in groups for name in names], bool)
        texts, owners = np.array(self._texts, np.uint64), np.array(self._owners, np.int64)
        kept = wanted[owners] if len(owners) else np.zeros(0, bool)
        texts, owners = texts[kept], owners[kept]
        order = np.lexsort((owners, texts))
        texts, owners = texts[order], owners[order]
        meets = (texts[1:] == texts[:-1]) & (owners[1:] != owners[:-1])
        joined = {*owners[1:][meets].tolist(), *owners[:-1][meets].tolist()}
        return {names[owner] for owner in joined}

    def _add_text(self, text: str, owner: int) -> None:
        self._texts.append(int(text_id(text)[:16], 16))
        self._owners.append(owner)


def survey(rows: Iterable[Row]) -> Survey:
    """Return what is known of verified texts, which carry their number."""
    found, seen = Survey(), set[str]()
    for row in rows:
        counts = found.counts.get(row["group_id"])
        if counts is None:
            counts = found.counts[row["group_id"]]
            found._add_text(row["anchor"], len(found.counts) - 1)
        pair = pair_id(row["anchor"], row["text"], symmetric=True)
        if pair in seen:
            found.repeated[row["number"]] = pair
            continue
        seen.add(pair)
        counts[row["kind"]] += 1
        found.changes[f"{row['kind']}:{row['change']}"] += 1
        found._add_text(row["text"], len(found.counts) - 1)
    return found
