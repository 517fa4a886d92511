"""Rows and splits: of every anchor with enough texts, the same number of each, as pairs.

1. The texts are surveyed (`ruhnp.survey`): which stand with another anchor already, and which
   anchors are complete without them. So no text is in two splits.
2. Of surplus texts an even choice over the kinds of change is kept (`ruhnp.choice`).
3. Complete anchors beyond the size of `train` are dropped, by the hash that gives the splits.
4. An incomplete anchor goes to `incomplete.parquet` with what it has; it is never padded. What
   the pair schema has no column for goes to `provenance.parquet`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ruhnp.choice import choose
from ruhnp.provenance import INCOMPLETE, INCOMPLETE_SCHEMA, PROVENANCE, PROVENANCE_SCHEMA, Sheet
from ruhnp.release_notes import kinds_on_their_way, kinds_table, train_note
from ruhnp.stage import ReleaseSection
from ruhnp.survey import Survey, survey
from rupairs.anchor_statistics import Statistics, kind_of_change
from rupairs.errors import RupairsError
from rupairs.manifest import ModelFacts, generator
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, POSITIVE, Pair
from rupairs.splits import split_by_rank
from rupairs.steps import Context
from rupairs.store import StageReader, StageWriter

Row = dict[str, Any]
RULES_REVISION = "rules.v1"
_SIDES = ("positive", "negative")


@dataclass
class _Release:
    """What the rows of the anchors are put into, and by what."""

    config: ReleaseSection
    seed: int
    model: ModelFacts
    prompts: dict[str, str]
    found: Survey
    splits: dict[str, str]
    surplus: frozenset[str]
    writer: StageWriter
    provenance: Sheet
    incomplete: Sheet
    statistics: Statistics


def release(context: Context) -> None:
    """Write the pairs of complete anchors; surplus texts and incomplete anchors are dropped."""
    config: ReleaseSection = context.config
    verified = context.inputs["ruhnp.verify"]
    found = survey(lambda: _rows(verified))
    complete = found.complete(config)
    sizes = {"validation": config.validation, "test": config.test}
    splits = split_by_rank(complete, sizes, context.seed)
    surplus = _beyond(splits, config.train)
    splits = {group: split for group, split in splits.items() if group not in surplus}
    with context.writer(PAIR_SCHEMA) as writer:
        parts = _Release(
            config=config,
            seed=context.seed,
            model=generator(context.models),
            prompts=_prompts(context.inputs["ruhnp.generate"]),
            found=found,
            splits=splits,
            surplus=surplus,
            writer=writer,
            provenance=Sheet(PROVENANCE_SCHEMA),
            incomplete=Sheet(INCOMPLETE_SCHEMA),
            statistics=Statistics(),
        )
        for _, group in groupby(writer.each(_rows(verified)), key=lambda row: row["group_id"]):
            _anchor(parts, list(group))
    parts.provenance.write(context.out / PROVENANCE)
    parts.incomplete.write(context.out / INCOMPLETE)
    context.facts |= {
        "rows": len(splits),
        "incomplete_anchors": len(found.counts) - len(complete),
        "over_limit_anchors": len(surplus),
        "statistics": parts.statistics.facts(),
    }
    context.facts["kinds"] = kinds_on_their_way(context.inputs, context.facts["statistics"])
    notes = train_note(context.facts, config) + parts.statistics.notes(context.facts)
    notes += kinds_table(context.facts["kinds"])
    (context.out / "notes.md").write_text(notes, encoding="utf-8")


def _beyond(splits: dict[str, str], train: int | None) -> frozenset[str]:
    """Return the groups that `train` has no room for; `splits` are in the order of the draw."""
    if train is None:
        return frozenset()
    return frozenset([group for group, split in splits.items() if split == "train"][train:])


def _rows(verified: StageReader) -> Iterator[Row]:
    """Yield the verified texts with their number; those of one anchor must stand together."""
    done: set[str] = set()
    last = ""
    for number, row in enumerate(verified.rows()):
        group = row["group_id"]
        if group != last:
            if group in done:
                raise RupairsError(
                    f"{verified.directory}: the texts of anchor {row['anchor_id']} do not stand "
                    "together; run ruhnp.verify again"
                )
            done.add(group)
            last = group
        yield row | {"number": number}


def _anchor(parts: _Release, rows: list[Row]) -> None:
    """Keep or drop the texts of one anchor."""
    fresh = [row for row in rows if row["number"] not in parts.found.repeated]
    group = rows[0]["group_id"]
    split = parts.splits.get(group)
    kept: dict[int, Row] = {}
    if group in parts.surplus:
        pass
    elif split is None:
        parts.incomplete.add(_incomplete(rows[0], fresh, parts.config))
    else:
        for side, most in zip(_SIDES, _most(parts.config), strict=True):
            texts = [row for row in fresh if row["kind"] == side]
            for row in choose(texts, most, parts.found.changes, parts.seed):
                kept[row["number"]] = row
    pairs: list[tuple[Pair, Row]] = []
    for row in rows:
        if row["number"] in kept and split:
            pairs.append((_pair(row, split, parts.model), row))
            parts.writer.keep(pairs[-1][0].row())
            continue
        shown = {name: value for name, value in row.items() if name != "number"}
        parts.writer.drop(shown, *_reason(parts, row, rows, split))
    if split:
        _note(parts, pairs, split)


def _reason(parts: _Release, row: Row, rows: list[Row], split: str | None) -> tuple[str, str]:
    if (earlier := parts.found.repeated.get(row["number"])) is not None:
        return "duplicate", f"stands with anchor {earlier}"
    if row["group_id"] in parts.surplus:
        return "over_limit", f"train is full: {parts.config.train}"
    if split is None:
        return "incomplete_row", _have(rows)
    most = dict(zip(_SIDES, _most(parts.config), strict=True))[row["kind"]]
    return "over_quota", f"{most}; {kind_of_change(row)}"


def _note(parts: _Release, pairs: list[tuple[Pair, Row]], split: str) -> None:
    for pair, row in pairs:
        prompt = parts.prompts.get(row["kind"]) if row["origin"] == "generated" else None
        parts.provenance.add(
            {name: row.get(name) for name in PROVENANCE_SCHEMA.names}
            | {"pair_id": pair.pair_id, "origin": pair.origin, "prompt": prompt}
        )
    parts.statistics.add([row for _, row in pairs], split)


def _most(config: ReleaseSection) -> tuple[int, int]:
    return config.max_positives, config.max_negatives


def _incomplete(row: Row, fresh: list[Row], config: ReleaseSection) -> Row:
    texts = {side: [r["text"] for r in fresh if r["kind"] == side] for side in _SIDES}
    return {
        "anchor_id": row["anchor_id"],
        "group_id": row["group_id"],
        "query": row["anchor"],
        "pos": texts["positive"],
        "neg": texts["negative"],
        "missing_pos": max(0, config.min_positives - len(texts["positive"])),
        "missing_neg": max(0, config.min_negatives - len(texts["negative"])),
    }


def _have(rows: Iterable[Row]) -> str:
    kinds = [row["kind"] for row in rows]
    return f"{kinds.count('positive')} positives, {kinds.count('negative')} negatives"


def _prompts(generated: StageReader) -> dict[str, str]:
    """Return side → version of the prompt its texts were asked for with."""
    config = generated.manifest.config
    names = {side: config.get(f"{side}_prompt") for side in _SIDES}
    return {side: name for side, name in names.items() if name}


def _pair(row: Row, split: str, model: ModelFacts) -> Pair:
    positive, by_rule = row["kind"] == "positive", row["origin"] == "rule"
    return Pair(
        query=row["anchor"],
        passage=row["text"],
        relation="paraphrase" if positive else "non_paraphrase",
        polarity=POSITIVE if positive else NEGATIVE,
        symmetric=True,
        group_id=row["group_id"],
        source="ruhnp",
        source_revision=RULES_REVISION if by_rule else model.pinned,
        source_row=f"{row['source']}:{row['source_row']}",
        license=row["license"] if by_rule else f"{row['license']}; {model.license}",
        origin="rule" if by_rule else "generated",
        parents=(row["anchor_id"],),
        call_id=row["call_id"],
        split=split,
    )
