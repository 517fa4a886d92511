"""Release rows: what the reviewers decided, as pairs with splits by the seed's group."""

from typing import Any

from rupairs.manifest import ModelFacts, generator
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, POSITIVE, Pair
from rupairs.splits import split_by_rank
from rupairs.steps import Context

Row = dict[str, Any]


def release(context: Context) -> None:
    """Write the decided pairs; a revision that repeats another pair is dropped."""
    config = context.config
    candidates = {row["pair_id"]: row for row in context.inputs["ruwanli.filter"].rows()}
    decisions = list(context.inputs["annotation.decisions"].rows())
    groups = [candidates[d["pair_id"]]["group_id"] for d in decisions]
    sizes = {"validation": config.validation, "test": config.test}
    splits = split_by_rank(groups, sizes, context.seed)
    writer_model = generator(context.models)
    seen: set[str] = set()
    with context.writer(PAIR_SCHEMA) as writer:
        for decision in writer.each(decisions):
            candidate = candidates[decision["pair_id"]]
            pair = _pair(decision, candidate, splits[candidate["group_id"]], writer_model)
            if pair.pair_id in seen:
                writer.drop(pair.row(), "duplicate", pair.pair_id)
            else:
                seen.add(pair.pair_id)
                writer.keep(pair.row())


def _pair(decision: Row, candidate: Row, split: str, model: ModelFacts) -> Pair:
    entailed = decision["label"] == "entailment"
    parents = [candidate["seed_id"]]
    if decision["revised"]:
        parents.append(candidate["pair_id"])
    return Pair(
        query=decision["premise"],
        passage=decision["hypothesis"],
        relation=decision["label"],
        polarity=POSITIVE if entailed else NEGATIVE,
        symmetric=True,
        group_id=candidate["group_id"],
        source="ruwanli",
        source_revision=model.pinned,
        source_row=f"{candidate['source']}:{candidate['source_row']}",
        license=f"{candidate['license']}; {model.license}",
        origin="revised" if decision["revised"] else "generated",
        parents=tuple(parents),
        call_id=candidate["call_id"],
        split=split,
    )
