"""The audit: which released negatives say the same as their anchors after all.

1. Negatives are drawn by hash, evenly over kinds of change and splits, and become tasks for
   Label Studio that show two sentences and nothing else.
2. From the votes, each pair is decided by majority, and each kind of change gets its rate of false
   negatives with Wilson's interval (Wilson 1927, doi:10.1080/01621459.1927.10502953).

Everything lies in the folder `ruhnp/audit` of the run. A larger draw only adds to a smaller one.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import Any

from ruhnp.audit_page import PAGE_COPY, TASKS, audit_folder, by_kind, page
from ruhnp.balance import evenly
from ruhnp.meaning_votes import DIFFERENT, SAME, UNCLEAR, read_votes
from ruhnp.provenance import PROVENANCE
from rupairs.anchor_statistics import kind_of_change
from rupairs.errors import RupairsError, UsageError
from rupairs.pairs import NEGATIVE
from rupairs.store import StageReader, read_table
from rupairs.text import share

Row = dict[str, Any]

PAGE = Path(__file__).parent / "pages" / "same_meaning.xml"
SAMPLE = "sample.json"
_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True)
class Negative:
    """A released negative: its id, the kind of change that made it, its split."""

    pair_id: str
    change: str
    split: str


@dataclass(frozen=True)
class Rate:
    """Of the decided pairs of a kind, how many are false negatives; None where none is decided.

    `population` is how many negatives of the kind were released.
    """

    population: int
    pairs: int
    same: int
    different: int
    unclear: int
    rate: float | None
    low: float | None
    high: float | None


def draw_tasks(run: Path, count: int) -> list[Row]:
    """Write the sample, the tasks and the labelling page; returns a row a stratum.

    Raises `RupairsError` if the run has no release, or no negative in it.
    """
    reader = StageReader(run / "ruhnp" / "release")
    negatives = _negatives(reader)
    if not negatives:
        raise RupairsError(f"{reader.directory}: no negatives to audit")
    seed = reader.manifest.seed
    drawn = evenly(
        negatives,
        kind=lambda negative: (negative.change, negative.split),
        place=lambda negative: (share(negative.pair_id, seed, "audit"), negative.pair_id),
    )[:count]
    population = Counter((negative.change, negative.split) for negative in negatives)
    pairs = _with_texts(reader, drawn)
    folder = audit_folder(run)
    folder.mkdir(exist_ok=True)
    sample = {
        "release": reader.manifest.content,
        "seed": seed,
        "population": [[*stratum, n] for stratum, n in sorted(population.items())],
        "pairs": pairs,
    }
    _write_json(folder / SAMPLE, sample)
    shown = sorted(pairs, key=lambda row: share(row["pair_id"], seed, "task order"))
    tasks = [{"data": {k: row[k] for k in ("pair_id", "first", "second")}} for row in shown]
    _write_json(folder / TASKS, tasks)
    (folder / PAGE_COPY).write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    of = Counter((negative.change, negative.split) for negative in drawn)
    return [
        {"change": c, "split": s, "negatives": n, "drawn": of[c, s]}
        for (c, s), n in sorted(population.items())
    ]


def count_votes(run: Path, export: Path) -> list[Row]:
    """Write `audit.json` and `audit.md` from an export; returns a row a kind of change.

    Raises `RupairsError` if nothing was drawn, or no vote of the export is about it.
    """
    folder = audit_folder(run)
    if not (folder / SAMPLE).is_file():
        raise UsageError(f"{folder / SAMPLE}: no such file; draw tasks first, without --votes")
    sample = json.loads((folder / SAMPLE).read_text(encoding="utf-8"))
    votes = read_votes(export, [row["pair_id"] for row in sample["pairs"]])
    verdicts = {pair: decided(labels.values()) for pair, labels in votes.labels.items()}
    population: Counter[str] = Counter()
    for change, _, n in sample["population"]:
        population[change] += n
    rates = _rates(sample["pairs"], verdicts, population)
    current = StageReader(run / "ruhnp" / "release").manifest.content
    facts = {
        "drawn": len(sample["pairs"]),
        "voted": len(verdicts),
        "annotators": votes.annotators,
        "ignored": dict(sorted(votes.ignored.items())),
        "simulated": votes.simulated,
        "same_release": current == sample["release"],
        "kinds": {kind: asdict(rate) for kind, rate in rates.items()},
        "all": asdict(rated(verdicts.values(), population.total())),
        "weighted_rate": _weighted(rates),
        "false_negatives": [r for r in sample["pairs"] if verdicts.get(r["pair_id"]) == SAME],
    }
    _write_json(folder / "audit.json", facts)
    (folder / "audit.md").write_text(page(facts), encoding="utf-8")
    return [{"change": kind, **rate} for kind, rate in by_kind(facts)]


def decided(labels: Iterable[str]) -> str:
    """Return what most of the votes on a pair say; without a majority it is unclear."""
    counts = Counter(labels)
    if counts[SAME] == counts[DIFFERENT]:
        return UNCLEAR
    best = SAME if counts[SAME] > counts[DIFFERENT] else DIFFERENT
    return best if counts[best] * 2 > counts.total() else UNCLEAR


def rated(verdicts: Iterable[str], population: int) -> Rate:
    """Return the rate of false negatives among the decided pairs, with a 95 % interval."""
    counts = Counter(verdicts)
    same, different = counts[SAME], counts[DIFFERENT]
    n = same + different
    rate = low = high = None
    if n:
        rate = same / n
        low, high = wilson(same, n)
    return Rate(population, counts.total(), same, different, counts[UNCLEAR], rate, low, high)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share of `n` > 0."""
    share_, spread = hits / n, _Z * _Z / n
    middle = share_ + spread / 2
    half = _Z * sqrt(share_ * (1 - share_) / n + spread / (4 * n))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (0.0 if hits == 0 else low), (1.0 if hits == n else high)


def _negatives(reader: StageReader) -> list[Negative]:
    path = reader.directory / PROVENANCE
    if not path.is_file():
        raise RupairsError(f"{path}: no such file; run ruhnp.release again")
    found = read_table(path, ["pair_id", "change", "origin"]).to_pylist()
    change = {row["pair_id"]: kind_of_change(row) for row in found}
    table = reader.table(["pair_id", "split", "polarity"])
    columns = (column.to_pylist() for column in table.columns)
    return [
        Negative(pair_id, change[pair_id], split)
        for pair_id, split, polarity in zip(*columns, strict=True)
        if polarity == NEGATIVE
    ]


def _with_texts(reader: StageReader, drawn: Sequence[Negative]) -> list[Row]:
    wanted = {negative.pair_id for negative in drawn}
    texts = {
        row["pair_id"]: {"first": row["query"], "second": row["passage"]}
        for row in reader.rows()
        if row["pair_id"] in wanted
    }
    return [asdict(negative) | texts[negative.pair_id] for negative in drawn]


def _rates(
    pairs: Sequence[Row], verdicts: Mapping[str, str], population: Mapping[str, int]
) -> dict[str, Rate]:
    kinds: dict[str, list[str]] = defaultdict(list)
    for row in pairs:
        if row["pair_id"] in verdicts:
            kinds[row["change"]].append(verdicts[row["pair_id"]])
    return {kind: rated(kinds[kind], population[kind]) for kind in sorted(population)}


def _weighted(rates: Mapping[str, Rate]) -> float | None:
    """Return the rate over the release: each kind counts by how many negatives it has there."""
    known = [r for r in rates.values() if r.rate is not None]
    total = sum(r.population for r in known)
    return sum((r.rate or 0.0) * r.population for r in known) / total if total else None


def _write_json(path: Path, value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
