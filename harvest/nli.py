"""NLI rows: a premise, a hypothesis and a label that is a word or the number of one."""

import json
from collections.abc import Iterator
from pathlib import Path

from harvest.rows import Row, read_rows
from harvest.source import Native, Source, Unusable
from rupairs.pairs import NEGATIVE, POSITIVE, Pair

COLUMNS = ("premise", "hypothesis", "label")
_HIDDEN = -1


def nli_pairs(source: Source, native: Native, labels: tuple[str, ...]) -> Iterator[Pair | Unusable]:
    """Yield a pair a row of the train split; only entailment is positive.

    `labels` are the words in the order of their numbers, for files that do not bring the order
    along. A row whose label is hidden is `Unusable`.
    """
    for path in native.some(*source.files):
        order = _class_names(path, labels) if path.suffix == ".parquet" else labels
        for row in read_rows(path, COLUMNS):
            label = _label(row, order)
            if label is None:
                yield Unusable(row.values, "no_label", f"{path.name} row {row.number}")
                continue
            yield source.pair(
                native,
                str(row.values.get("idx", row.number)),
                (row.text("premise"), row.text("hypothesis")),
                label,
                POSITIVE if label == "entailment" else NEGATIVE,
            )


def _label(row: Row, order: tuple[str, ...]) -> str | None:
    value = row.values["label"]
    if value is None or value == _HIDDEN:
        return None
    if isinstance(value, int) and 0 <= value < len(order):
        return order[value]
    if isinstance(value, str) and value in order:
        return value
    raise row.error(f"label {value!r} is none of {', '.join(order)}")


def _class_names(path: Path, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a ClassLabel column as the file itself orders them, or `labels`."""
    from rupairs.store import read_batches

    for batch in read_batches(path, ["label"]):
        written = (batch.schema.metadata or {}).get(b"huggingface", b"{}")
        features = json.loads(written).get("info", {}).get("features", {})
        return tuple(features.get("label", {}).get("names") or labels)
    return labels
