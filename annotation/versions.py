"""Versions: of the answers that were read, which are the same, and which of them stands.

1. An answer is the same in every reading that has its task, number and creation. Read twice as of
   one moment it is a duplicate; else its versions are numbered by their moments.
2. Of one person's answers to one task the latest stands, in its last version, if that is a vote.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def numbered(table: pa.Table) -> pa.Table:
    """Return readings, a row a version, with `vote_id`, `latest`, `reason`, `evidence` filled in.

    `changed_at` is the moment of a version. Rows stay in their order.
    """
    names = ("task", "vote_id", "created_at", "changed_at", "annotator")
    codes = pd.DataFrame({name: _codes(table[name]) for name in names})
    codes["answer"] = codes.groupby(["task", "vote_id", "created_at"], sort=False).ngroup()
    codes["sound"] = table["reason"].is_null().to_numpy()
    repeated = codes.duplicated(["answer", "changed_at"])
    fresh = codes[~repeated].sort_values("changed_at", kind="stable")
    number = pd.Series(1, index=codes.index)
    number[fresh.index] = fresh.groupby("answer").cumcount() + 1
    last = fresh.drop_duplicates("answer", keep="last")
    standing = last[last["sound"]].sort_index().sort_values("changed_at", kind="stable")
    standing = standing.drop_duplicates(["task", "annotator"], keep="last")
    latest = np.zeros(len(codes), dtype=bool)
    latest[standing.index] = True
    twice = pa.array(repeated.to_numpy())
    ids = table["vote_id"]
    suffix = pa.array(["" if n == 1 else f".{n}" for n in number], pa.string())
    columns = {
        "vote_id": pc.binary_join_element_wise(ids, suffix, ""),
        "latest": pa.array(latest),
        "reason": pc.if_else(twice, "duplicate", table["reason"]),
        "evidence": pc.if_else(twice, ids, table["evidence"]),
    }
    for name, column in columns.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), column)
    return table


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return each value's place in the order of the distinct values, which strings outweigh."""
    encoded = pc.dictionary_encode(pa.concat_arrays(column.chunks))
    place = np.empty(len(encoded.dictionary), dtype=np.int64)
    place[pc.array_sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(place))
    found: NDArray[np.int64] = place[encoded.indices.to_numpy()]
    return found
