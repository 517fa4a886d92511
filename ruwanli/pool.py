"""The pool: the NLI rows of the harvest that are charted and become seeds and neighbours."""

from collections.abc import Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rupairs.errors import RupairsError
from rupairs.pairs import NLI_RELATIONS, PAIR_SCHEMA
from rupairs.store import StageReader, read_batches, read_table

_LEAKS = "leaks.parquet"

Row = dict[str, Any]


def nli_rows(
    pairs: StageReader, sources: Collection[str], splits: Collection[str], step: str
) -> pa.Table:
    """Return the NLI pairs of `sources` (empty: of all) in `splits`, in their order.

    Those that leak a benchmark, where the harvest only flags them, are left out. Raises
    `RupairsError` if there are none.
    """
    found = [_nli(batch, sources, splits) for path in pairs.parts() for batch in read_batches(path)]
    table = pa.Table.from_batches(found, schema=PAIR_SCHEMA)
    if (leaks := pairs.directory / _LEAKS).is_file():
        leaked = read_table(leaks, ["pair_id"])["pair_id"].combine_chunks()
        table = table.filter(pc.invert(pc.is_in(table["pair_id"], value_set=leaked)))
    if not table.num_rows:
        of = f" of {', '.join(sorted(sources))}" if sources else ""
        raise RupairsError(
            f"{step}: the harvested pairs hold no NLI rows{of}; add a source such as terra, rcb "
            "to [harvest.rows] sources"
        )
    return table


def _nli(
    batch: pa.RecordBatch, sources: Collection[str], splits: Collection[str]
) -> pa.RecordBatch:
    wanted = pc.and_(
        pc.is_in(batch["relation"], value_set=pa.array(sorted(NLI_RELATIONS))),
        pc.is_in(batch["split"], value_set=pa.array(sorted(splits))),
    )
    if sources:
        wanted = pc.and_(wanted, pc.is_in(batch["source"], value_set=pa.array(sorted(sources))))
    return batch.filter(wanted)
