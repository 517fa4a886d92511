"""Our near-duplicate search alone, on the documents that the peers are given.

`python -m benchmarks.harvest_near DOCUMENTS.parquet OUT PROCESSES`: signatures, candidates and
comparison as `harvest.pairs` does them; writes the numbers of the documents that go.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from harvest.marked import gather_marks
from harvest.marks import COLUMNS, Marking, mark
from harvest.verdicts import nearly_repeated
from rupairs.engine import open_engine
from rupairs.store import read_batches, read_table, write_table

SIMILARITY = 0.9


def main() -> None:
    documents, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    parts = sorted(documents.glob("*.parquet"))
    tables = [pa.Table.from_batches([b]) for p in parts for b in read_batches(p, COLUMNS)]
    rows = sum(table.num_rows for table in tables)
    with open_engine("local", out, int(sys.argv[3])) as engine:
        marked = gather_marks(engine.map(partial(mark, marking=Marking()), tables), out)
        found = nearly_repeated(engine, parts, marked, {}, SIMILARITY)
    # The peers write what stays, so this does as well.
    stays = np.ones(rows, bool)
    stays[list(found)] = False
    texts = pa.concat_tables(read_table(p, ["query", "passage"]) for p in parts)
    write_table(texts.filter(pa.array(stays)), out / "kept.parquet")
    (out / "gone.json").write_text(json.dumps(sorted(found)), encoding="utf-8")


if __name__ == "__main__":
    main()
