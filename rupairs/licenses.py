"""Licenses: what the terms of some pairs are, and what they say together.

A row can stand under several licenses at once, `CC-BY-SA-3.0; Gemma Terms of Use`: that of the text
it was made from and that of the model that wrote it. Their conditions add up.

What is stated here are facts about the licenses that the publishers name, and no legal advice.
Texts inside a data set may have other owners than its publisher.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Strictest first. What each means for somebody who has the texts.
CONDITIONS = {
    "credentialed": "only for those whom the owner gave access; not to be passed on; research only",
    "unknown": "no license is given, so nothing is permitted that needs a permission",
    "unrecognised": "a license that is not known here: a person has to read it",
    "no_derivatives": "changed versions must not be passed on",
    "non_commercial": "not for commercial use",
    "use_restricted": "uses that the license names are forbidden, also to whoever gets the texts",
    "share_alike": "adaptations are passed on under the same license only",
    "attribution": "the authors, the license and changes are named",
    "notice": "the license and its copyright notice go along",
    "free": "no condition",
}
_CREATIVE_COMMONS = re.compile(r"cc-by(-nc)?(-sa|-nd)?-\d\.\d(-[a-z]+)?")
_KNOWN = {
    **dict.fromkeys(("CC0-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense", "0BSD"), ("free",)),
    **dict.fromkeys(("MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC"), ("notice",)),
    **dict.fromkeys(("ODC-By-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0"), ("attribution",)),
    **dict.fromkeys(("ODbL-1.0", "CDLA-Sharing-1.0"), ("share_alike", "attribution")),
}
_SPDX = {name.lower(): name for name in _KNOWN}
_GEMMA = ("gemma", "gemma terms of use")
_UNSTATED = ("", "unknown", "none", "noassertion")
# Research without commerce is what it is meant for, "without extending any license":
# https://microsoft.github.io/msmarco/Notice
_MS_MARCO = "licenseref-ms-marco-terms"


@dataclass(frozen=True)
class Part:
    """Rows that have a license or a condition: how many, what share, and of which sources."""

    name: str
    rows: int
    share: float
    sources: Mapping[str, int]


@dataclass(frozen=True)
class LicenseSummary:
    """The terms of a set of rows: by license, most rows first; by condition, strictest first.

    `without[condition]` are the rows that remain when those with it, or with a stricter one, are
    left out.
    """

    rows: int
    licenses: tuple[Part, ...]
    conditions: tuple[Part, ...]
    without: Mapping[str, int]

    @property
    def strictest(self) -> str | None:
        """Return the strictest condition that holds for any row."""
        return self.conditions[0].name if self.conditions else None

    def sources(self, *conditions: str) -> list[str]:
        """Return the sources with any of these conditions, those with more rows first."""
        rows: dict[str, int] = {}
        for part in self.conditions:
            if part.name in conditions:
                rows |= part.sources
        return sorted(rows, key=lambda name: (-rows[name], name))


def parts_of(license_id: str) -> tuple[str, ...]:
    """Return the licenses that a row's `license` names."""
    return tuple(part.strip() for part in license_id.split(";"))


def conditions_of(license_id: str) -> tuple[str, ...]:
    """Return the names of the conditions of a row's license or licenses, strictest first."""
    found = {condition for part in parts_of(license_id) for condition in _conditions(part)}
    if len(found) > 1:
        found.discard("free")
    return tuple(condition for condition in CONDITIONS if condition in found)


def _conditions(license_id: str) -> tuple[str, ...]:
    name = license_id.lower()
    if name in _UNSTATED:
        return ("unknown",)
    if "credentialed" in name:
        return ("credentialed",)
    if name == _MS_MARCO:
        return ("unknown", "non_commercial")
    if "openrail" in name or name in _GEMMA:
        return ("use_restricted", "notice")
    if named := _CREATIVE_COMMONS.fullmatch(name):
        kind = {"-sa": "share_alike", "-nd": "no_derivatives"}.get(named[2] or "")
        return tuple(c for c in ("attribution", "non_commercial" if named[1] else None, kind) if c)
    return _KNOWN.get(_SPDX.get(name, ""), ("unrecognised",))


def spdx_url(license_id: str) -> str | None:
    """Return the page of a license in the SPDX list; None for what is known not to be there."""
    name = license_id.strip().lower()
    spdx = name.upper() if _CREATIVE_COMMONS.fullmatch(name) else _SPDX.get(name)
    return f"https://spdx.org/licenses/{spdx}.html" if spdx else None


def summary(rows: Mapping[tuple[str, str], int]) -> LicenseSummary:
    """Return the terms of rows that are counted by (source, license)."""
    by_license: dict[str, dict[str, int]] = defaultdict(dict)
    by_condition: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    strictest: dict[str, int] = defaultdict(int)
    for (source, license_id), count in sorted(rows.items()):
        if not count:
            continue
        by_license[license_id][source] = count
        conditions = conditions_of(license_id)
        strictest[conditions[0]] += count
        for condition in conditions:
            by_condition[condition][source] += count
    total = sum(strictest.values())
    licenses = [_part(name, sources, total) for name, sources in by_license.items()]
    present = [name for name in CONDITIONS if name in by_condition]
    remaining, without = total, {}
    for name in present:
        remaining -= strictest[name]
        without[name] = remaining
    return LicenseSummary(
        rows=total,
        licenses=tuple(sorted(licenses, key=lambda part: (-part.rows, part.name))),
        conditions=tuple(_part(name, by_condition[name], total) for name in present),
        without=without,
    )


def _part(name: str, sources: Mapping[str, int], total: int) -> Part:
    rows = sum(sources.values())
    return Part(name, rows, rows / total, dict(sorted(sources.items())))


def permits(found: LicenseSummary) -> dict[str, str]:
    """Return what a set of all these rows may be used for, with the sources that decide it.

    Three uses come first, then each duty that some license imposes.
    """
    if not found.rows:
        return {}
    unclear = found.sources("unknown", "unrecognised")
    barred = {
        "passing it on": found.sources("credentialed"),
        "commercial use": found.sources("credentialed", "non_commercial"),
        "passing on changed versions": found.sources("credentialed", "no_derivatives"),
    }
    answers = {}
    for use, sources in barred.items():
        said = [f"excluded by {', '.join(sources)}"] if sources else []
        said += [f"no terms known for {', '.join(unclear)}"] if unclear else []
        answers[use] = "; ".join(said) or "allowed by every license"
    duties = {name: found.sources(name) for name in CONDITIONS}
    for name in ("use_restricted", "share_alike", "attribution", "notice"):
        if duties[name]:
            answers[name] = f"{CONDITIONS[name]} ({', '.join(duties[name])})"
    named = dict.fromkeys(name for p in found.licenses for name in parts_of(p.name))
    alike = [name for name in named if "share_alike" in conditions_of(name)]
    if len(alike) > 1:
        answers["share_alike"] += f"; the licenses differ: {', '.join(alike)}"
    return answers


def facts(found: LicenseSummary) -> dict[str, Any]:
    """Return the summary and what it permits, for a manifest or a program."""
    return asdict(found) | {"permits": permits(found)}
