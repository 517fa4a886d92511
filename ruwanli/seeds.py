"""Seeds: the most ambiguous NLI rows of each label, with their nearest rows as examples.

The algorithm of WANLI (Liu et al. 2022, arXiv 2201.05955): a seed's examples are what the task
model represents nearest to it among the rows of its label, farthest first and the seed last.
What grows from a seed stands under the terms of all its examples.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rupairs.errors import RupairsError
from rupairs.pairs import pair_id
from rupairs.redistribution import forbidding, joined
from rupairs.steps import Context
from rupairs.store import StageWriter
from rupairs.text import share
from ruwanli.classifier import Classifier, open_classifier
from ruwanli.neighbours import nearest
from ruwanli.pool import Row, nli_rows
from ruwanli.stage import SeedsSection

EXAMPLE = pa.struct([("premise", pa.string()), ("hypothesis", pa.string())])
SEED_SCHEMA = pa.schema(
    [
        pa.field("seed_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("examples", pa.list_(EXAMPLE), nullable=False),
        pa.field("variability", pa.float32(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Drawn:
    """The seeds of a label in hash order, the threshold, and why the others are none."""

    seeds: list[Row]
    threshold: float
    faults: Mapping[str, tuple[str, str]]


def draw(context: Context) -> None:
    """Write the seeds of every label with their examples; all other rows are dropped."""
    config: SeedsSection = context.config
    charted = context.inputs["ruwanli.cartography"]
    pool = nli_rows(context.inputs["harvest.pairs"], config.sources, ("train",), "ruwanli.seeds")
    rows, uncharted = _measured(pool, charted.table(["pair_id", "variability", "confidence"]))
    rows, closed = _open(rows) if config.only_redistributable else (rows, [])
    used = {row["source"] for row in rows}
    context.licenses = {s: terms for s, terms in context.licenses.items() if s in used}
    classifier = open_classifier(charted.whole())
    thresholds: dict[str, float] = {}
    terms = _Terms()
    with (
        context.writer(SEED_SCHEMA) as writer,
        context.progress.bar("rows", len(rows)) as advance,
    ):
        for row in writer.each(uncharted):
            writer.drop(
                row,
                "not_charted",
                "held out, over quota, or of a source that the cartography left out",
            )
        for row in writer.each(closed):
            writer.drop(row, "not_redistributable", row["license"] or "no license")
        for label in sorted(rows_of := _by_label(rows)):
            drawn = draw_label(rows_of[label], config, context.seed)
            thresholds[label] = drawn.threshold
            _write_label(writer, rows_of[label], drawn, (classifier, config.neighbours), terms)
            advance(len(rows_of[label]), label)
    context.facts |= {"fraction": config.fraction, "thresholds": thresholds} | terms.facts()
    warning = terms.warning()
    if warning:
        context.progress.say(f"  {warning}")
    (context.out / "notes.md").write_text(_notes(config, thresholds, warning), encoding="utf-8")


@dataclass
class _Terms:
    """How many seeds have an example that may not be passed on, and of which source and license."""

    seeds: int = 0
    held_back: int = 0
    by: set[str] = field(default_factory=set)

    def add(self, examples: Sequence[Row]) -> None:
        found = {f"{e['source']} {e['license']}" for e in examples if forbidding(e["license"])}
        self.seeds += 1
        self.held_back += bool(found)
        self.by |= found

    def facts(self) -> dict[str, Any]:
        return {"held_back": {"seeds": self.held_back, "terms": sorted(self.by)}}

    def warning(self) -> str:
        if not self.held_back:
            return ""
        return (
            f"{self.held_back} of {self.seeds} seeds, or the examples beside them, stand under "
            f"terms that keep the release back: {', '.join(sorted(self.by))}; "
            "only_redistributable = true in [ruwanli.seeds] leaves them out before anything is "
            "asked or reviewed"
        )


def _open(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the rows that may be passed on, and the others; an error if there are no first."""
    kept = [row for row in rows if forbidding(row["license"]) is None]
    if not kept:
        raise RupairsError(
            "ruwanli.seeds: no charted row may be passed on; add a source whose license allows it, "
            "or set only_redistributable = false"
        )
    return kept, [row for row in rows if forbidding(row["license"])]


def draw_label(rows: Sequence[Row], config: SeedsSection, seed: int) -> Drawn:
    """Draw seeds among the rows of one label: by variability first, then by hash."""
    chance = {row["pair_id"]: share(row["pair_id"], seed, "seed") for row in rows}
    by_variability = sorted(
        rows, key=lambda r: (-r["variability"], chance[r["pair_id"]], r["pair_id"])
    )
    ambiguous = by_variability[: max(1, round(config.fraction * len(rows)))]
    threshold = ambiguous[-1]["variability"]
    faults = {
        row["pair_id"]: ("not_ambiguous", _below(row["variability"], threshold))
        for row in by_variability[len(ambiguous) :]
    }
    seeds: list[Row] = []
    taken: Counter[str] = Counter()
    for row in sorted(ambiguous, key=lambda r: (chance[r["pair_id"]], r["pair_id"])):
        why = None
        if len(seeds) >= config.per_label:
            why = f"per_label {config.per_label}"
        elif config.per_source is not None and taken[row["source"]] >= config.per_source:
            why = f"per_source {config.per_source}"
        if why:
            evidence = f"{why}; {_below(row['variability'], threshold)}"
            faults[row["pair_id"]] = ("over_quota", evidence)
            continue
        taken[row["source"]] += 1
        seeds.append(row)
    return Drawn(seeds, threshold, faults)


def _below(variability: float, threshold: float) -> str:
    return f"variability {variability:.6f}, threshold {threshold:.6f}"


def _measured(pool: pa.Table, charted: pa.Table) -> tuple[list[Row], list[Row]]:
    """Return the pool's rows with their dynamics, joined by id, and those that have none."""
    measures = {m["pair_id"]: m for m in charted.to_pylist()}
    rows, uncharted = [], []
    for row in pool.to_pylist():
        found = measures.get(row["pair_id"])
        if found is None:
            uncharted.append(row)
        else:
            rows.append(row | found)
    if not rows:
        raise RupairsError(
            "ruwanli.seeds: no NLI row was charted; name the same sources in "
            "ruwanli.cartography.sources and ruwanli.seeds.sources"
        )
    return rows, uncharted


def _by_label(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["relation"]].append(row)
    return found


def _write_label(
    writer: StageWriter,
    rows: list[Row],
    drawn: Drawn,
    nearest_by: tuple[Classifier, int],
    terms: _Terms,
) -> None:
    """Write the seeds of a label in hash order, then drop its other rows."""
    classifier, neighbours = nearest_by
    examples = _examples(drawn.seeds, rows, classifier, neighbours)
    for seed, found in zip(writer.each(drawn.seeds), examples, strict=True):
        if len(found) < neighbours:
            evidence = f"{len(found)}; {_below(seed['variability'], drawn.threshold)}"
            writer.drop(seed, "too_few_neighbours", evidence)
        else:
            shown = [*reversed(found), seed]
            terms.add(shown)
            writer.keep(_seed(seed, shown))
    for row in writer.each([r for r in rows if r["pair_id"] in drawn.faults]):
        writer.drop(row, *drawn.faults[row["pair_id"]])


def _examples(
    seeds: Sequence[Row], rows: Sequence[Row], classifier: Classifier, neighbours: int
) -> list[list[Row]]:
    """Return the nearest other rows of each seed, nearest first.

    Of rows with equal texts one is in the pool, and none beside a seed that has those texts.
    """
    pool = list({_texts_id(row): row for row in [*rows, *seeds]}.values())
    place = {_texts_id(row): i for i, row in enumerate(pool)}
    tokens = classifier.tokenize([(row["query"], row["passage"]) for row in pool])
    vectors = classifier.representations(tokens)
    queries = vectors[[place[_texts_id(seed)] for seed in seeds]]
    found = nearest(queries, vectors, neighbours + 1)
    return [
        [pool[i] for i in indices if i != place[_texts_id(seed)]][:neighbours]
        for seed, indices in zip(seeds, found, strict=True)
    ]


def _texts_id(row: Row) -> str:
    # Only ids of symmetric pairs are the same for the same texts in every source.
    if row["symmetric"]:
        return str(row["pair_id"])
    return pair_id(row["query"], row["passage"], symmetric=True)


def _seed(row: Row, examples: list[Row]) -> Row:
    return {
        "seed_id": row["pair_id"],
        "label": row["relation"],
        "examples": [{"premise": e["query"], "hypothesis": e["passage"]} for e in examples],
        "variability": row["variability"],
        "confidence": row["confidence"],
        "group_id": row["group_id"],
        "source": row["source"],
        "source_row": row["source_row"],
        # The seed's own first; what the model has seen beside it counts as well.
        "license": joined(example["license"] for example in reversed(examples)),
    }


def _notes(config: SeedsSection, thresholds: Mapping[str, float], warning: str) -> str:
    lines = [*([f"**{warning}.**", ""] if warning else [])]
    lines += [
        f"Of each label the most variable {config.fraction:.0%} are drawn from.",
        "",
        "| label | variability from |",
        "|---|--:|",
    ]
    lines += [f"| {label} | {threshold:.4f} |" for label, threshold in thresholds.items()]
    return "\n".join(lines) + "\n"
