"""The truth: what a run made of the planted rows.

1. Of a group of m rows that say the same, m - 1 are to go as repeats; those count as found that
   went, whichever row stayed. Rows that a check or a leak took out before belong to no group.
2. Precision is counted over everything that went for a reason: a row that is not planted, or that
   went as a repeat of a row of another group, is a mistake.
3. Decoys must stay, and every one that went is named apart.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_REPEATS = ("duplicate", "near_duplicate", "conflicting_polarity")
_EXAMPLES = 6
_SHOWN = 220

Place = tuple[str, str]


class Planted(NamedTuple):
    """A planted row's group and kind."""

    group: int
    kind: str


class Gone(NamedTuple):
    """Why a row went, and what was said to show it."""

    reason: str
    evidence: str


@dataclass(frozen=True)
class Truth:
    """Planted rows by their place (source, row)."""

    rows: dict[Place, Planted]

    @classmethod
    def read(cls, path: Path) -> "Truth":
        """Return the truth of a table."""
        columns = (c.to_pylist() for c in pq.read_table(path).columns)
        return cls({(s, r): Planted(g, k) for s, r, g, k in zip(*columns, strict=True)})

    def groups(self, prefix: str) -> dict[int, list[Place]]:
        """Return the rows of every group of a kind."""
        found: dict[int, list[Place]] = defaultdict(list)
        for place, planted in self.rows.items():
            if planted.kind.startswith(prefix):
                found[planted.group].append(place)
        return found


def dropped_rows(*files: Path) -> dict[Place, Gone]:
    """Return what dropped.parquet files say of every row that went."""
    found: dict[Place, Gone] = {}
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                values = json.loads(row["row"])
                if "source_row" in values:
                    place = (values["source"], values["source_row"])
                    found[place] = Gone(row["reason"], row["evidence"])
    return found


def check_places(truth: Truth, gone: Mapping[Place, Gone], parts: Iterable[Path]) -> None:
    """Raise ValueError unless every planted row went or is in one of the Parquet files `parts`."""
    wanted = {"#".join(place) for place in truth.rows if place not in gone}
    names = pa.array(list(wanted), pa.string())
    there = 0
    for part in parts:
        for batch in pq.ParquetFile(part).iter_batches(columns=["source", "source_row"]):
            places = pc.binary_join_element_wise(batch["source"], batch["source_row"], "#")
            there += pc.sum(pc.is_in(places, value_set=names)).as_py() or 0
    if there != len(wanted):
        raise ValueError(
            f"{len(wanted) - there} of {len(truth.rows)} planted rows are nowhere in the result: "
            "the sources name their rows otherwise than harvest_data does"
        )


def score(truth: Truth, gone: Mapping[Place, Gone]) -> dict[str, Any]:
    """Return recall and precision of repeats, near-repeats and leaks, and lists of mistakes."""
    mistakes: dict[str, list[Any]] = defaultdict(list)
    repeats = {p: g for p, g in gone.items() if g.reason in _REPEATS}
    result: dict[str, Any] = {}
    for kind in ("exact", "near"):
        groups = truth.groups(kind)
        found = _grouped(truth, groups, gone, mistakes[f"{kind} missed"])
        result[kind] = found
    right = wrong = decoys = 0
    for place, said in repeats.items():
        planted = truth.rows.get(place)
        if planted and planted.kind.startswith("decoy"):
            decoys += 1
            mistakes["decoy taken for a repeat"].append((place, _place(said)))
        elif _same_group(truth, planted, said):
            right += 1
        else:
            wrong += 1
            mistakes["repeat that is none"].append((place, _place(said)))
    planted_decoys = [
        p
        for p, planted in truth.rows.items()
        if planted.kind.startswith("decoy") and planted.kind != "decoy_original"
    ]
    present = [p for p in planted_decoys if p not in gone or gone[p].reason in _REPEATS]
    result["repeats"] = {"gone": len(repeats), "precision": _share(right, right + wrong)}
    result["decoys"] = {"planted": len(present), "taken": decoys}
    result["leaks"] = _leaks(truth, gone, mistakes)
    result["unfit"] = _unfit(truth, gone, mistakes)
    return result | {"mistakes": dict(mistakes)}


def _grouped(
    truth: Truth,
    groups: Mapping[int, list[Place]],
    gone: Mapping[Place, Gone],
    missed: list[Any],
) -> dict[str, Any]:
    asked = found = 0
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for places in groups.values():
        there = [p for p in places if p not in gone or gone[p].reason in _REPEATS]
        stayed = [p for p in there if p not in gone]
        if len(there) < 2:
            continue
        asked += len(there) - 1
        found += len(there) - max(1, len(stayed))
        # A group of two has one kind of edit; larger ones may mix them.
        kinds = {truth.rows[p].kind for p in there if not truth.rows[p].kind.endswith("_original")}
        if len(there) == 2 and len(kinds) == 1:
            by_kind[min(kinds)]["asked"] += 1
            by_kind[min(kinds)]["found"] += len(stayed) < 2
        if len(stayed) > 1:
            missed.append((stayed[0], stayed[1]))
    return {
        "asked": asked,
        "found": found,
        "recall": _share(found, asked),
        "by_kind": {k: dict(c) for k, c in sorted(by_kind.items())},
    }


def _leaks(
    truth: Truth, gone: Mapping[Place, Gone], mistakes: dict[str, list[Any]]
) -> dict[str, Any]:
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    for place, planted in truth.rows.items():
        if not planted.kind.startswith("leak"):
            continue
        said = gone.get(place)
        if said and said.reason != "benchmark_leak" and said.reason not in _REPEATS:
            continue
        by_kind[planted.kind]["asked"] += 1
        if said and said.reason == "benchmark_leak":
            by_kind[planted.kind]["found"] += 1
        else:
            mistakes[f"{planted.kind} missed"].append((place, None))
    others = [
        (p, said.evidence)
        for p, said in gone.items()
        if said.reason == "benchmark_leak"
        and not (p in truth.rows and truth.rows[p].kind.startswith("leak"))
    ]
    mistakes["leak that is none"] += others
    asked, found = (sum(c[n] for c in by_kind.values()) for n in ("asked", "found"))
    return {
        "asked": asked,
        "found": found,
        "recall": _share(found, asked),
        "precision": _share(found, found + len(others)),
        "by_kind": {k: dict(c) for k, c in sorted(by_kind.items())},
    }


def _unfit(
    truth: Truth, gone: Mapping[Place, Gone], mistakes: dict[str, list[Any]]
) -> dict[str, Any]:
    checks = {p: g for p, g in gone.items() if g.reason not in (*_REPEATS, "benchmark_leak")}
    unfit = [p for p, planted in truth.rows.items() if planted.kind.startswith("unfit")]
    others = [p for p in checks if not (p in truth.rows and truth.rows[p].kind[:5] == "unfit")]
    mistakes["fit row that a check dropped"] += [(p, checks[p].evidence) for p in others]
    mistakes["unfit missed"] += [(p, None) for p in unfit if p not in checks]
    found = sum(p in checks for p in unfit)
    return {
        "asked": len(unfit),
        "found": found,
        "recall": _share(found, len(unfit)),
        "fit_dropped": dict(Counter(checks[p].reason for p in others)),
    }


def _same_group(truth: Truth, planted: Planted | None, said: Gone) -> bool:
    earlier = _place(said)
    other = truth.rows.get(earlier) if earlier else None
    return bool(planted and other and planted.group == other.group)


def _place(said: Gone) -> Place | None:
    """Return the earlier row that the evidence of a repeat names, `source#row, alike 0.95`."""
    source, _, row = said.evidence.partition(",")[0].partition("#")
    return (source, row) if row else None


def score_documents(
    truth: Truth, places: list[Place], gone: set[int], swapped: bool
) -> dict[str, Any]:
    """Return recall and precision of a search that says only which documents go.

    `places` names the row of each document; with `swapped` false, groups in which the sides of a
    row changed places count for nothing. Decoys that went are no mistakes of the precision.
    """
    members: dict[int, list[int]] = defaultdict(list)
    left_out: set[int] = set()
    decoys: dict[int, list[int]] = defaultdict(list)
    for number, place in enumerate(places):
        if planted := truth.rows.get(place):
            if planted.kind.startswith("near"):
                members[planted.group].append(number)
            elif planted.kind.startswith("decoy"):
                decoys[planted.group].append(number)
            if planted.kind == "near_swapped" and not swapped:
                left_out.add(planted.group)
    asked = found = 0
    counted = gone.difference(n for numbers in decoys.values() for n in numbers)
    for group, numbers in members.items():
        if group in left_out:
            counted -= set(numbers)
        else:
            asked += len(numbers) - 1
            found += min(len(numbers) - 1, len(gone.intersection(numbers)))
    planted_numbers = {n for numbers in members.values() for n in numbers}
    both = [numbers for numbers in decoys.values() if len(numbers) == 2]
    return {
        "asked": asked,
        "found": found,
        "recall": _share(found, asked),
        "precision": _share(found, len(counted)),
        "decoys": {
            "planted": len(both),
            "taken": sum(bool(gone.intersection(numbers)) for numbers in both),
        },
        "wrong": sorted(counted - planted_numbers)[:_EXAMPLES],
    }


def examples(result: dict[str, Any], parts: Iterable[Path], seed: int) -> dict[str, Any]:
    """Return, for each kind of mistake, its number and a few examples with the texts.

    `parts` are Parquet files that hold the rows; rows that are in none have no texts.
    """
    chosen: dict[str, tuple[int, list[Any]]] = {}
    for name, found in sorted(result.pop("mistakes").items()):
        some = random.Random(seed).sample(found, min(_EXAMPLES, len(found)))
        if found:
            chosen[name] = (len(found), some)
    wanted = {p for _, some in chosen.values() for p in _places_of(some)}
    texts = dict(_texts(parts, wanted))

    def shown(item: Any) -> Any:
        if isinstance(item, tuple):
            return {"row": "#".join(item), "texts": texts.get(item)}
        return item

    return {
        name: {"number": number, "examples": [[shown(x) for x in pair if x] for pair in some]}
        for name, (number, some) in chosen.items()
    }


def _places_of(some: Iterable[Any]) -> Iterator[Place]:
    for pair in some:
        yield from (item for item in pair if isinstance(item, tuple))


def _texts(parts: Iterable[Path], wanted: set[Place]) -> Iterator[tuple[Place, list[str]]]:
    names = pa.array([row for _, row in wanted], pa.string())
    columns = ["source", "source_row", "query", "passage"]
    for part in parts:
        for batch in pq.ParquetFile(part).iter_batches(columns=columns):
            for row in batch.filter(pc.is_in(batch["source_row"], value_set=names)).to_pylist():
                if (place := (row["source"], row["source_row"])) in wanted:
                    yield place, [row["query"][:_SHOWN], row["passage"][:_SHOWN]]


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
