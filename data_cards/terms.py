"""Terms: the license of a release, worked out from the licenses of its rows.

1. Every row names the licenses it stands under: that of its source, that of the model that wrote
   it (`rupairs.licenses`).
2. A row whose terms are unknown, or that may not be passed on (changed), forbids the release.
3. Of the rest, the strictest terms hold for the whole: a share-alike license for all of it, its
   later version where rows have several, the non-commercial one where rows are. Where no single
   license satisfies all rows, the release has none: each row keeps its own, and the card says so.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from data_cards import russian
from rupairs.licenses import CONDITIONS, conditions_of, parts_of
from rupairs.redistribution import forbidding

# The Hub's own list (huggingface.co/docs/hub/repositories-licenses), as far as licenses are known
# to `rupairs.licenses`; most ids are those of SPDX in lower case.
_HUB = {
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "unlicense", "cc0-1.0"),
    *("cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
    *("cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0"),
    *("cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
    *("cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0"),
    *("odc-by", "odbl", "pddl", "openrail++", "gemma"),
}
_HUB_NAMES = {
    "gemma terms of use": "gemma",
    "odc-by-1.0": "odc-by",
    "odbl-1.0": "odbl",
    "pddl-1.0": "pddl",
}
_SHARE_ALIKE = re.compile(r"cc-by(-nc)?-sa-(\d\.\d)")


@dataclass(frozen=True)
class Refusal:
    """Rows that forbid a release: their license, the condition in it, how many, some of them."""

    license: str
    condition: str
    rows: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        shown = ", ".join(self.examples) + (", …" if self.rows > len(self.examples) else "")
        return (
            f"{self.rows} rows under {self.license or 'no license'} ({self.condition}: "
            f"{CONDITIONS[self.condition]}): {shown}"
        )


@dataclass(frozen=True)
class Terms:
    """The license of a release as the Hub names it, its own name if that is `other`, and why.

    `reasons` and `reasons_ru` say the same in English and in Russian.
    """

    hub: str
    name: str
    reasons: tuple[str, ...]
    reasons_ru: tuple[str, ...]


class Tally:
    """Rows by license, and of each license that forbids a release the first few by name."""

    def __init__(self, examples: int = 3) -> None:
        self.rows: Counter[str] = Counter()
        self._most = examples
        self._examples: dict[str, list[str]] = {}

    def add(self, row: str, license_id: str) -> None:
        """Count a row."""
        self.add_rows(license_id, 1, lambda: [row])

    def add_rows(self, license_id: str, count: int, names: Callable[[], Iterable[str]]) -> None:
        """Count rows with one license; `names` are asked for if examples are wanted."""
        self.rows[license_id] += count
        if license_id not in self._examples:
            self._examples[license_id] = []
        shown = self._examples[license_id]
        if len(shown) < self._most and forbidding(license_id):
            shown += islice(names(), self._most - len(shown))

    def refusals(self) -> list[Refusal]:
        """Return what forbids a release; most rows first."""
        refused = [
            Refusal(name, condition, count, tuple(self._examples[name]))
            for name, count in self.rows.items()
            if (condition := forbidding(name))
        ]
        return sorted(refused, key=lambda refusal: (-refusal.rows, refusal.license))


def refusals(rows: Iterable[tuple[str, str]]) -> list[Refusal]:
    """Return what forbids a release of rows given as (id, license); most rows first."""
    tally = Tally()
    for row, license_id in rows:
        tally.add(row, license_id)
    return tally.refusals()


def release_terms(rows: Mapping[str, int], of: str = "") -> Terms:
    """Return the terms of a release whose rows have these licenses, counted.

    `of` names what is licensed where it is one thing, not rows.
    """
    parts = _parts(rows)
    reasons = [_counted(name, n, of) for name, n in parts.items()]
    closed = [name for name in parts if forbidding(name)]
    if closed:
        names = ", ".join(closed)
        why = (
            f"no release may hold rows under: {names}",
            f"нельзя публиковать строки на условиях: {names}",
        )
        return _terms(("unknown", ""), [why, *reasons])
    binding = [name for name in parts if "free" not in conditions_of(name)] or list(parts)
    if len(binding) == 1:
        return _terms(_hub(binding[0]), reasons)
    if (one := _share_alike(binding)) is not None:
        why = (
            f"rows under share-alike terms make all of it {one}",
            f"из-за строк на условиях share-alike весь набор распространяется под {one}",
        )
        return _terms(_hub(one), [why, *reasons])
    why = (
        "no one license satisfies all rows, so each row keeps its own",
        "ни одна лицензия не подходит всем строкам сразу, поэтому у каждой строки своя",
    )
    return _terms(("other", "several-licenses-by-row"), [why, *reasons])


def _terms(license_id: tuple[str, str], reasons: list[tuple[str, str]]) -> Terms:
    english, in_russian = zip(*reasons, strict=True)
    return Terms(*license_id, english, in_russian)


def _counted(name: str, rows: int, of: str) -> tuple[str, str]:
    """Return a license, what is under it and what it means, in English and in Russian."""
    conditions = conditions_of(name)
    means = "; ".join(CONDITIONS[condition] for condition in conditions)
    in_russian = "; ".join(russian.CONDITIONS[condition] for condition in conditions)
    counted = russian.counted(rows, "строка", "строки", "строк")
    return (
        f"{of or f'{rows} rows'}: {name} ({means})",
        f"{of or counted}: {name} ({in_russian})",
    )


def _parts(rows: Mapping[str, int]) -> dict[str, int]:
    parts: dict[str, int] = {}
    for license_id, count in rows.items():
        for name in parts_of(license_id):
            parts[name] = parts.get(name, 0) + count
    return dict(sorted(parts.items(), key=lambda item: (-item[1], item[0])))


def _hub(name: str) -> tuple[str, str]:
    known = _HUB_NAMES.get(name.lower(), name.lower())
    return (known, "") if known in _HUB else ("other", name)


def _share_alike(names: list[str]) -> str | None:
    """Return the one Creative Commons share-alike license under which all of these can go.

    Adaptations may be under a later version of the same license. Its non-commercial sibling is
    another license, and terms that restrict uses add a restriction that share-alike forbids.
    """
    alike = [name for name in names if "share_alike" in conditions_of(name)]
    found = [_SHARE_ALIKE.fullmatch(name.lower()) for name in alike]
    if not alike or not all(found):
        return None
    kinds = {match[1] or "" for match in found if match}
    others = {c for name in names if name not in alike for c in conditions_of(name)}
    if len(kinds) > 1 or "use_restricted" in others:
        return None
    if "non_commercial" in others and kinds != {"-nc"}:
        return None
    return max(alike, key=lambda name: name[-3:])
