"""What has to be known of all verified texts before any of them is released."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruhnp.stage import ReleaseSection
from rupairs.pairs import text_id

Row = dict[str, Any]


@dataclass
class Survey:
    """Counts of verified texts.

    A text is released once, and not at all if it is an anchor: or a split would hold what was
    trained on in another. `repeated` maps the number of a text that is left out so to the anchor
    it stands with already; it counts nowhere else. `counts` has the positives and negatives of
    each group, `changes` how often each kind of change occurs ("side:change").
    """

    repeated: dict[int, str] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)

    def complete(self, config: ReleaseSection) -> set[str]:
        """Return the groups with enough texts on both sides."""
        return {
            group
            for group, counts in self.counts.items()
            if counts["positive"] >= config.min_positives
            and counts["negative"] >= config.min_negatives
        }


def survey(rows: Callable[[], Iterator[Row]]) -> Survey:
    """Return what is known of verified texts, which carry their number; they are read twice."""
    found = Survey()
    anchors: list[str] = []
    # Text → number of the anchor that it is, or stands with.
    owners: dict[int, int] = {}
    for row in rows():
        if row["group_id"] not in found.counts:
            found.counts[row["group_id"]] = Counter()
            owners[_number(row["anchor"])] = len(anchors)
            anchors.append(row["anchor_id"])
    place = {group: n for n, group in enumerate(found.counts)}
    for row in rows():
        text = _number(row["text"])
        if (owner := owners.get(text)) is not None:
            found.repeated[row["number"]] = anchors[owner]
            continue
        owners[text] = place[row["group_id"]]
        found.counts[row["group_id"]][row["kind"]] += 1
        found.changes[f"{row['kind']}:{row['change']}"] += 1
    return found


def _number(text: str) -> int:
    return int(text_id(text)[:16], 16)
