"""AllNLI in Russian: machine translations of SNLI, MultiNLI and Adversarial NLI.

The translation that USER-base was trained on is not published. This one covers more data sets
than those three; the rows of the others are told apart by the column `source` and are not part of
this source, as another configuration would not be.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from harvest.reading.drafts import numbered_batches, row_numbers, texts
from harvest.reading.nli import Nli, nli_tables
from harvest.source import HubFiles, Native, Source, Unusable
from rupairs.errors import RupairsError

_FILES = ("train-*.parquet", "train.parquet", "train/*.parquet")
_SETS = ("snli", "mnli", "anli_r1", "anli_r2", "anli_r3")
_NLI = Nli(premise="premise_ru", hypothesis="hypothesis_ru")


def _pairs(native: Native) -> Iterator[Unusable | pa.Table]:
    taken = total = 0
    for path, start, batch in numbered_batches(native.some(*_FILES), (*_NLI.columns, "source")):
        total += batch.num_rows
        sets = texts(path, "source", batch["source"])
        # What `idx` counts is not documented; the place in the files is unique.
        rows = pc.binary_join_element_wise(sets, row_numbers(start, batch.num_rows), ":")
        ours = pc.is_in(sets, value_set=pa.array(_SETS))
        taken += pc.sum(ours).as_py()
        yield from nli_tables(path, batch.filter(ours), rows.filter(ours), _NLI)
    if not taken:
        raise RupairsError(
            f"{native.where}: {native.source}: none of {total} rows has a source of "
            f"{', '.join(_SETS)}; the data set has changed"
        )
    native.say(f"{native.source}: {taken} of {total} rows are of {', '.join(_SETS)}")


SOURCE = Source(
    name="allnli",
    title="SNLI, MultiNLI and ANLI in Russian (nli-rus-translated-v2021)",
    license="unknown",
    license_url="",
    url="https://huggingface.co/datasets/cointegrated/nli-rus-translated-v2021",
    citation=(
        "Dale, D. nli-rus-translated-v2021: NLI data sets translated into Russian (2021), of "
        "Bowman et al. (SNLI, EMNLP 2015), Williams et al. (MultiNLI, NAACL 2018) and Nie et al. "
        "(Adversarial NLI, ACL 2020)."
    ),
    files=_FILES,
    relations=_NLI.labels,
    expected=282_644,
    why=(
        "USER-base's own translation is not published. Its equal numbers of positives and "
        "negatives look like one triplet a premise; here every entailment row counts."
    ),
    hub=(
        HubFiles(
            "cointegrated/nli-rus-translated-v2021",
            ("data/train-*.parquet",),
            "c8d005c0f7e9fecd2ed51caf3c38867dc9aa45c2",
        ),
    ),
    pairs=_pairs,
    note=(
        "No license is stated for the translation. The originals differ: SNLI is CC BY-SA 4.0, "
        "ANLI is CC BY-NC 4.0, MultiNLI is mixed. Rows of other sets in the files are left out "
        "and counted nowhere but in the line that says so."
    ),
)
