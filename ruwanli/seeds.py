"""Seeds: NLI rows drawn within each label, with the nearest rows of the same label as examples."""

from collections import defaultdict
from typing import Any

import pyarrow as pa

from rupairs.encoder import Encoder, encoder_facts, load_encoder
from rupairs.errors import RupairsError
from rupairs.pairs import NLI_RELATIONS
from rupairs.steps import Context
from rupairs.text import share
from ruwanli.neighbours import nearest
from ruwanli.stage import SeedsSection

EXAMPLE = pa.struct([("premise", pa.string()), ("hypothesis", pa.string())])
SEED_SCHEMA = pa.schema(
    [
        pa.field("seed_id", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("examples", pa.list_(EXAMPLE), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
    ]
)

Row = dict[str, Any]


def draw(context: Context) -> None:
    """Write the seeds of every label; rows that are not drawn are dropped as `over_quota`."""
    config: SeedsSection = context.config
    pool = [row for row in context.inputs["harvest.pairs"].rows() if _is_nli(row, config)]
    if not pool:
        raise RupairsError(
            "ruwanli.seeds: the harvested pairs hold no NLI rows; add a source such as terra, rcb "
            "to [harvest.rows] sources"
        )
    used = {row["source"] for row in pool}
    context.licenses = {s: terms for s, terms in context.licenses.items() if s in used}
    section = context.recipe.encoder
    encoder = load_encoder(section)
    context.models.append(encoder_facts(section, role="neighbours"))
    context.facts["cartography"] = "none"
    by_label: dict[str, list[Row]] = defaultdict(list)
    for row in pool:
        by_label[row["relation"]].append(row)
    with context.writer(SEED_SCHEMA) as writer:
        for label in sorted(by_label):
            rows = sorted(
                by_label[label],
                key=lambda r: (share(r["pair_id"], context.seed, "seed"), r["pair_id"]),
            )
            chosen = rows[: config.per_label]
            examples = dict(
                zip(
                    (r["pair_id"] for r in chosen),
                    _examples(chosen, rows, encoder, config),
                    strict=True,
                )
            )
            for row in writer.each(rows):
                found = examples.get(row["pair_id"])
                if found is None:
                    writer.drop(row, "over_quota", str(config.per_label))
                elif len(found) < config.neighbours + 1:
                    writer.drop(row, "too_few_neighbours", str(len(found) - 1))
                else:
                    writer.keep(_seed(row, found))


def _is_nli(row: Row, config: SeedsSection) -> bool:
    wanted = not config.sources or row["source"] in config.sources
    return wanted and row["relation"] in NLI_RELATIONS and row["split"] == "train"


def _examples(
    chosen: list[Row], pool: list[Row], encoder: Encoder, config: SeedsSection
) -> list[list[Row]]:
    """Return the in-context examples of each seed: farthest first, the seed itself last."""
    vectors = encoder.encode([f"{row['query']} {row['passage']}" for row in pool])
    # The seeds are the head of the pool; a twin may push a seed out of its own neighbours.
    found = nearest(vectors[: len(chosen)], vectors, config.neighbours + 1)
    examples = []
    for seed, indices in zip(chosen, found, strict=True):
        others = [pool[i] for i in indices if pool[i] is not seed][: config.neighbours]
        examples.append([*reversed(others), seed])
    return examples


def _seed(row: Row, examples: list[Row]) -> Row:
    return {
        "seed_id": row["pair_id"],
        "label": row["relation"],
        "examples": [{"premise": e["query"], "hypothesis": e["passage"]} for e in examples],
        "group_id": row["group_id"],
        "source": row["source"],
        "source_row": row["source_row"],
        "license": row["license"],
    }
