"""Rows and splits: enough positives and negatives an anchor, as pairs in the common schema."""

from collections import defaultdict
from typing import Any

from ruhnp.stage import ReleaseSection
from rupairs.manifest import ModelFacts, generator
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, POSITIVE, Pair
from rupairs.splits import split_by_rank
from rupairs.steps import Context

Row = dict[str, Any]
RULES_REVISION = "rules.v1"


def release(context: Context) -> None:
    """Write the pairs of complete rows; surplus texts and incomplete rows are dropped."""
    config = context.config
    verified = list(context.inputs["ruhnp.verify"].rows())
    anchors: dict[str, list[Row]] = defaultdict(list)
    for row in verified:
        anchors[row["group_id"]].append(row)
    complete = [g for g, rows in anchors.items() if _is_complete(rows, config)]
    sizes = {"validation": config.validation, "test": config.test}
    splits = split_by_rank(complete, sizes, context.seed)
    writer_model = generator(context.models)
    taken: dict[tuple[str, str], int] = defaultdict(int)
    seen: set[str] = set()
    with context.writer(PAIR_SCHEMA) as writer:
        for row in writer.each(verified):
            group, kind = row["group_id"], row["kind"]
            if group not in splits:
                writer.drop(row, "incomplete_row", _have(anchors[group]))
                continue
            pair = _pair(row, splits[group], writer_model)
            most = config.max_positives if kind == "positive" else config.max_negatives
            if taken[group, kind] >= most:
                writer.drop(row, "over_quota", str(most))
            elif pair.pair_id in seen:
                writer.drop(row, "duplicate", pair.pair_id)
            else:
                seen.add(pair.pair_id)
                taken[group, kind] += 1
                writer.keep(pair.row())
    context.facts["rows"] = len(complete)


def _is_complete(rows: list[Row], config: ReleaseSection) -> bool:
    kinds = [row["kind"] for row in rows]
    return (
        kinds.count("positive") >= config.min_positives
        and kinds.count("negative") >= config.min_negatives
    )


def _have(rows: list[Row]) -> str:
    kinds = [row["kind"] for row in rows]
    return f"{kinds.count('positive')} positives, {kinds.count('negative')} negatives"


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
