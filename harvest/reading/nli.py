"""NLI rows: a premise, a hypothesis and a label that is a word or the number of one.

1. Only entailment is positive.
2. Numbers stand for words in the order that the file itself gives, or else in the published one:
   SNLI, RCB and TERRa do not number their labels alike.
3. A row whose label is hidden, or that the annotators never agreed on, is `Unusable`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from harvest.reading.archives import unpacked
from harvest.reading.drafts import draft_table, texts
from harvest.reading.lines import AGAIN
from harvest.reading.rows import Row, read_rows
from harvest.source import Draft, Native, Unusable
from rupairs.errors import RupairsError
from rupairs.pairs import NEGATIVE, POSITIVE
from rupairs.store import schema_of

THREE_WAY = ("entailment", "neutral", "contradiction")
# Test splits hide labels behind -1 or a null; SNLI writes a dash where no majority was found.
_HIDDEN = (None, -1, "", "-")


@dataclass(frozen=True)
class Nli:
    """The columns of an NLI table, and its labels in the order of their numbers.

    `row` is the column that names a row; where it is missing, its number over all files does.
    """

    labels: tuple[str, ...] = THREE_WAY
    premise: str = "premise"
    hypothesis: str = "hypothesis"
    label: str = "label"
    row: str = "idx"

    @property
    def columns(self) -> tuple[str, str, str]:
        """Return the columns that every file must have."""
        return self.premise, self.hypothesis, self.label


def nli_pairs(
    native: Native, files: tuple[str, ...], nli: Nli, archives: tuple[str, ...] = ()
) -> Iterator[Draft | Unusable]:
    """Yield a pair a row, from tables of any kind; from `archives` where no such file lies beside.

    Raises `RupairsError` naming the row whose label is none of the words and numbers known.
    """
    if archives and not native.optional(*files):
        with unpacked(native, archives, files) as opened:
            yield from nli_pairs(opened, files, nli)
        return
    start = 0
    for path in native.some(*files):
        order = _class_names(path, nli) if path.suffix == ".parquet" else nli.labels
        row = None
        for row in read_rows(path, nli.columns, (nli.row,)):
            name = row.values.get(nli.row)
            label = _label(row, nli.label, order)
            if label is None:
                yield Unusable(row.values, "no_label", f"{path.name} row {row.number}")
                continue
            yield Draft(
                str(start + row.number if name is None else name),
                row.text(nli.premise),
                row.text(nli.hypothesis),
                label,
                POSITIVE if label == "entailment" else NEGATIVE,
            )
        start += row.number if row else 0


def nli_tables(
    path: Path, batch: pa.RecordBatch, rows: pa.Array, nli: Nli
) -> Iterator[Unusable | pa.Table]:
    """Yield the pairs of a Parquet batch whose labels are words; `rows` are the names of its rows.

    Raises `RupairsError` as `nli_pairs` does.
    """
    premise, hypothesis, label = (texts(path, name, batch[name]) for name in nli.columns)
    known = pc.is_in(label, value_set=pa.array(nli.labels))
    hidden = pc.is_in(label, value_set=pa.array(["", "-"]))
    strange = pc.invert(pc.or_(known, hidden))
    for name, found in zip(rows.filter(strange), label.filter(strange), strict=True):
        raise _strange(f"{path}: row {name}", found.as_py(), nli.labels)
    for name, values in zip(rows.filter(hidden), batch.filter(hidden).to_pylist(), strict=True):
        yield Unusable(values, "no_label", f"{path.name} row {name}")
    polarity = pc.if_else(pc.equal(label, "entailment"), POSITIVE, NEGATIVE)
    drafts = draft_table(rows, premise, hypothesis, label, polarity).filter(known)
    if drafts.num_rows:
        yield drafts


def _label(row: Row, column: str, order: tuple[str, ...]) -> str | None:
    value = row.values[column]
    if value in _HIDDEN:
        return None
    # To Python, true is a number too.
    if type(value) is int and 0 <= value < len(order):
        return order[value]
    if isinstance(value, str) and value in order:
        return value
    raise _strange(f"{row.path}: row {row.number}", value, order)


def _strange(where: str, label: object, order: tuple[str, ...]) -> RupairsError:
    return RupairsError(f"{where}: label {label!r} is none of {', '.join(order)}")


def _class_names(path: Path, nli: Nli) -> tuple[str, ...]:
    """Return the words of a ClassLabel column as the file itself orders them, or the known ones."""
    written = (schema_of(path).metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(written).get("info", {}).get("features", {})
        names = tuple(map(str, features.get(nli.label, {}).get("names") or nli.labels))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise RupairsError(
            f"{path}: what the file says of its columns cannot be read ({error}); {AGAIN}"
        ) from None
    if unknown := sorted(set(names) - set(nli.labels)):
        raise RupairsError(
            f"{path}: labels of column {nli.label} are {', '.join(names)}; "
            f"not known: {', '.join(unknown)}"
        )
    return names
