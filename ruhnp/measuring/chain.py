"""What the checks of one kind say of labelled pairs: all together, and each alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from ruhnp.checks import CHECKS, Checked
from ruhnp.judge import Verdict, disputed
from ruhnp.measuring.figures import Decision, decision
from ruhnp.measuring.labelled import BETWEEN, OTHER, SAME, LabelledPair
from ruhnp.stage import VerifySection
from ruhnp.verify import out_of_band
from rupairs.text import key

LABELS: Mapping[int, str] = {SAME: "same", BETWEEN: "between", OTHER: "other"}
RIGHT: Mapping[str, int] = {"positive": SAME, "negative": OTHER}
"""Kind of text → the label of the pairs that it should accept."""

ByLabel = Mapping[str, int]


@dataclass(frozen=True)
class Seen:
    """A labelled pair with what the models say of it."""

    pair: LabelledPair
    similarity: float
    verdict: Verdict

    def text_faults(self, kind: str, config: VerifySection) -> frozenset[str]:
        """Return the names of all checks of the texts that fail, not just of the first."""
        item = Checked(self.pair.first, self.pair.second, kind)
        return frozenset(
            name for name, check in CHECKS.items() if config.wants(name) and check(item, config)
        )

    def model_faults(self, kind: str, config: VerifySection) -> frozenset[str]:
        """Return the names of the checks of similarity and judge that fail."""
        found = out_of_band(kind, self.similarity, config), disputed(kind, self.verdict, config)
        return frozenset(fault[0] for fault in found if fault)


@dataclass(frozen=True)
class Tried:
    """A pair and the checks that fail on it, by texts alone and in all."""

    seen: Seen
    by_text: frozenset[str]
    faults: frozenset[str]

    @property
    def label(self) -> int:
        """Return the label of the pair."""
        return self.seen.pair.label


def tried(seen: Sequence[Seen], kind: str, config: VerifySection) -> list[Tried]:
    """Return every pair with the checks of one kind made on it."""
    found = []
    for one in seen:
        by_text = one.text_faults(kind, config)
        found.append(Tried(one, by_text, by_text | one.model_faults(kind, config)))
    return found


def overlap(pair: LabelledPair) -> float:
    """Return how much of the words two texts share, in any order, by characters (0–1)."""
    return fuzz.token_sort_ratio(key(pair.first), key(pair.second)) / 100


@dataclass(frozen=True)
class Firing:
    """Pairs that a check fails on, and pairs that it is the only one to fail on."""

    fails: ByLabel
    alone: ByLabel


@dataclass(frozen=True)
class Chain:
    """What the checks of one kind did to the pairs of a set; `decision` leaves out those between.

    `checks` has the checks that fail on anything.
    """

    pairs: ByLabel
    accepted: ByLabel
    decision: Decision
    checks: Mapping[str, Firing]


def chain(given: Sequence[Tried], kind: str, seed: int) -> Chain:
    """Return what the checks did."""
    clear = [t for t in given if t.label != BETWEEN]
    return Chain(
        pairs=by_label(t.label for t in given),
        accepted=by_label(t.label for t in given if not t.faults),
        decision=decision(
            [not t.faults for t in clear], [t.label == RIGHT[kind] for t in clear], seed
        ),
        checks=_firings(given),
    )


def _firings(given: Sequence[Tried]) -> dict[str, Firing]:
    fails: dict[str, Counter[int]] = defaultdict(Counter)
    alone: dict[str, Counter[int]] = defaultdict(Counter)
    for t in given:
        for name in t.faults:
            fails[name][t.label] += 1
            alone[name][t.label] += len(t.faults) == 1
    order = sorted(fails, key=lambda name: (-fails[name].total(), name))
    return {name: Firing(_named(fails[name]), _named(alone[name])) for name in order}


def by_label(labels: Iterable[int]) -> dict[str, int]:
    """Return how many there are of each label, by its name."""
    return _named(Counter(labels))


def _named(counted: Counter[int]) -> dict[str, int]:
    return {name: counted[label] for label, name in LABELS.items()}
