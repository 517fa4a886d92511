"""Release rows: what the reviewers decided, as pairs with splits, and the figures of the whole.

1. A decided pair that repeats another is dropped; one that was revised gives way to one that was
   not.
2. Rows that grew from one seed, or have the same premise, are in one split; what `train` has no
   room for is dropped by such families, too.
3. What the pair schema has no column for goes to `provenance.parquet`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from rupairs.manifest import ModelFacts, generator
from rupairs.nli_statistics import statistics
from rupairs.pairs import NEGATIVE, PAIR_SCHEMA, POSITIVE, Pair, pair_id
from rupairs.steps import Context
from rupairs.store import write_table
from rupairs.text import key
from ruwanli.funnel import funnel, plot
from ruwanli.report import page
from ruwanli.splits import families, split_by_rows
from ruwanli.stage import ReleaseSection

Row = dict[str, Any]

OVER = "over_quota"
PROVENANCE = "provenance.parquet"
PROVENANCE_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("candidate_id", pa.string(), nullable=False),
        pa.field("intended_label", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("revised", pa.bool_(), nullable=False),
        pa.field("votes", pa.int32(), nullable=False),
        pa.field("agreement", pa.float64(), nullable=False),
        pa.field("max_variability", pa.float32(), nullable=False),
        pa.field("origin_step", pa.string(), nullable=False),
        pa.field("completes", pa.string(), nullable=True),
        pa.field("seed_id", pa.string(), nullable=False),
        pa.field("call_id", pa.string(), nullable=False),
    ]
)
_OF_CANDIDATE = (
    *("pair_id", "premise", "hypothesis", "intended_label", "seed_id", "group_id", "source"),
    *("source_row", "license", "call_id", "max_variability", "origin_step", "completes"),
)


def release(context: Context) -> None:
    """Write the decided pairs, where each came from, the funnel and the statistics."""
    config: ReleaseSection = context.config
    reviewed = context.inputs["ruwanli.complete"].table(list(_OF_CANDIDATE)).to_pylist()
    candidates = {row["pair_id"]: row for row in reviewed}
    decisions = list(context.inputs["annotation.decisions"].rows())
    repeated = repeats(decisions)
    kept = [row for number, row in enumerate(decisions) if number not in repeated]
    splits = _splits(kept, candidates, config, context.seed)
    model = generator(context.models)
    provenance: list[Row] = []
    with context.writer(PAIR_SCHEMA) as writer:
        for number, decision in writer.each(enumerate(decisions)):
            candidate = candidates[decision["pair_id"]]
            if number in repeated:
                writer.drop(decision, "duplicate", f"equals {repeated[number]}")
                continue
            split = splits[candidate["group_id"]]
            if split == OVER:
                writer.drop(decision, OVER, f"train has its {config.train} rows")
                continue
            pair = _pair(decision, candidate, split, model)
            writer.keep(pair.row())
            provenance.append(_origin(pair, decision, candidate))
    write_table(pa.Table.from_pylist(provenance, PROVENANCE_SCHEMA), context.out / PROVENANCE)
    released = [row for row in kept if splits[candidates[row["pair_id"]]["group_id"]] != OVER]
    _tell(context, released, provenance)


def repeats(decisions: Sequence[Row]) -> dict[int, str]:
    """Return the `pair_id` that is there already, by number, for each decision that repeats."""
    ids = [pair_id(d["premise"], d["hypothesis"], symmetric=True) for d in decisions]
    seen: set[str] = set()
    found: dict[int, str] = {}
    for number in sorted(range(len(decisions)), key=lambda n: (decisions[n]["revised"], n)):
        if ids[number] in seen:
            found[number] = ids[number]
        seen.add(ids[number])
    return found


def _splits(
    decisions: Sequence[Row], candidates: Mapping[str, Row], config: ReleaseSection, seed: int
) -> dict[str, str]:
    """Return the split of each group, `OVER` for what `train` has no room for."""
    groups = [candidates[d["pair_id"]]["group_id"] for d in decisions]
    family = families(groups, [key(d["premise"]) for d in decisions])
    rows = [family[group] for group in groups]
    sizes = {"validation": config.validation, "test": config.test}
    splits = split_by_rows(rows, sizes, seed)
    train = [name for name in rows if splits[name] == "train"]
    if config.train is not None and len(train) > config.train:
        drawn = split_by_rows(train, {"drawn": config.train}, seed)
        splits |= {name: "train" if where == "drawn" else OVER for name, where in drawn.items()}
    return {group: splits[family[group]] for group in family}


def _pair(decision: Row, candidate: Row, split: str, model: ModelFacts) -> Pair:
    parents = [candidate["seed_id"]]
    if candidate["completes"]:
        parents.append(candidate["completes"])
    if decision["revised"]:
        parents.append(candidate["pair_id"])
    return Pair(
        query=decision["premise"],
        passage=decision["hypothesis"],
        relation=decision["label"],
        polarity=POSITIVE if decision["label"] == "entailment" else NEGATIVE,
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


def _origin(pair: Pair, decision: Row, candidate: Row) -> Row:
    both = candidate | {name: decision[name] for name in ("label", "votes", "agreement", "revised")}
    return both | {
        "pair_id": pair.pair_id,
        "candidate_id": candidate["pair_id"],
        "split": pair.split,
    }


def _tell(context: Context, decisions: Sequence[Row], provenance: Sequence[Row]) -> None:
    """Write `notes.md` and `funnel.png`, and put the figures into the manifest."""
    manifests = {name: reader.manifest for name, reader in context.inputs.items()}
    completions = manifests["ruwanli.complete"].facts["completions"]
    stages = funnel(manifests, completions, len(decisions))
    found = statistics(decisions, provenance)
    context.facts |= {"funnel": stages, "statistics": found}
    plot(stages, context.out / "funnel.png")
    text = page(stages, found, manifests["annotation.decisions"].facts)
    for line in _short(context.config, found["splits"]):
        context.progress.say(f"  {line}")
        text = f"{line}\n\n{text}"
    (context.out / "notes.md").write_text(text, encoding="utf-8")


def _short(config: ReleaseSection, splits: Mapping[str, Row]) -> Iterator[str]:
    """Yield a line for each split that has fewer rows than the recipe asks for."""
    for name in ("train", "validation", "test"):
        wanted, rows = getattr(config, name), splits[name]["rows"]
        if wanted is not None and rows < wanted:
            yield f"{name} has {rows} rows, {wanted - rows} fewer than the recipe asks for."
