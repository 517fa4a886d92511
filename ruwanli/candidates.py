"""The rows on their way from the model to the reviewers, and what each step adds to them."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from rupairs.pairs import pair_id
from ruwanli.seeds import EXAMPLE

Row = dict[str, Any]

CANDIDATE_SCHEMA = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("premise", pa.string(), nullable=False),
        pa.field("hypothesis", pa.string(), nullable=False),
        pa.field("intended_label", pa.string(), nullable=False),
        pa.field("examples", pa.list_(EXAMPLE), nullable=False),
        pa.field("seed_id", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
        pa.field("call_id", pa.string(), nullable=False),
        pa.field("sample", pa.int32(), nullable=False),
    ]
)
"""What `ruwanli.generate` writes."""

FILTERED_SCHEMA = CANDIDATE_SCHEMA.append(pa.field("max_variability", pa.float32(), nullable=False))
"""What `ruwanli.filter` writes."""

REVIEW_SCHEMA = FILTERED_SCHEMA.append(pa.field("origin_step", pa.string(), nullable=False)).append(
    pa.field("completes", pa.string(), nullable=True)
)
"""What `ruwanli.complete` writes.

`origin_step` is `wanli` or `completion`; a completion's `completes` is the `pair_id` of the
candidate whose premise it has.
"""


def with_texts(row: Mapping[str, Any], premise: str, hypothesis: str) -> Row:
    """Return `row` with these texts and the id that follows from them."""
    return {
        **row,
        "premise": premise,
        "hypothesis": hypothesis,
        "pair_id": pair_id(premise, hypothesis, symmetric=True),
    }
