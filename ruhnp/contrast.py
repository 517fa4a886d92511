"""Sets of pairs that say the same and pairs that do not, to tell encoders apart on.

They come from the test part of a release, from a table with the columns `text1`, `text2`, `label`
(1: the same, 0 or −1: not), or from a folder of the labelled sets of `ruhnp.measuring`.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruhnp.measuring import labelled
from rupairs.errors import RupairsError, UsageError
from rupairs.lines import text_lines
from rupairs.pairs import POSITIVE
from rupairs.store import StageReader, read_batches, schema_of
from rupairs.text import clean

Texts = tuple[str, str]
COLUMNS = ("text1", "text2", "label")
RELEASE = "RuHNP, test"
_KINDS = (".csv", ".tsv", ".jsonl", ".parquet")
_LABELS = {"1": True, "1.0": True, "true": True} | dict.fromkeys(
    ("0", "-1", "0.0", "-1.0", "false"), False
)


@dataclass(frozen=True)
class PairSet:
    """Pairs that say the same, and pairs that do not; both are there."""

    name: str
    positive: list[Texts]
    negative: list[Texts]

    def texts(self) -> set[str]:
        """Return every text, once."""
        return {text for pair in (*self.positive, *self.negative) for text in pair}


def release_set(run: Path) -> PairSet:
    """Return the test pairs of a run's release; `RupairsError` if there are none."""
    reader = StageReader(run / "ruhnp" / "release")
    found: dict[bool, list[Texts]] = {True: [], False: []}
    for row in reader.rows():
        if row["split"] == "test":
            found[row["polarity"] == POSITIVE].append((row["query"], row["passage"]))
    return _checked(PairSet(RELEASE, found[True], found[False]), str(reader.directory))


def read_sets(path: Path) -> list[PairSet]:
    """Return the set of a file, or the labelled sets of a folder.

    Raises `RupairsError` that names the file and the row which cannot be read.
    """
    if path.is_dir():
        return [_labelled(s, path) for s in labelled.SETS if s.name in labelled.files_in(path)]
    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"{path}: not one of {' '.join(_KINDS)}, nor a folder of labelled sets")
    found: dict[bool, list[Texts]] = {True: [], False: []}
    for number, row in enumerate(_rows(path), 1):
        texts = (clean(str(row["text1"] or "")), clean(str(row["text2"] or "")))
        label = _LABELS.get(str(row["label"]).strip().lower())
        if label is None:
            raise RupairsError(
                f"{path}: row {number}: label {row['label']!r}: write 1 for pairs that say the "
                "same, 0 or -1 for others"
            )
        if not all(texts):
            raise RupairsError(f"{path}: row {number}: an empty text")
        found[label].append(texts)
    return [_checked(PairSet(path.name, found[True], found[False]), str(path))]


def _labelled(chosen: labelled.LabelledSet, folder: Path) -> PairSet:
    pairs = labelled.read_set(chosen, list(labelled.files_in(folder)[chosen.name]))
    same, other = (
        [(p.first, p.second) for p in pairs if p.label == label]
        for label in (labelled.SAME, labelled.OTHER)
    )
    return _checked(PairSet(chosen.name, same, other), f"{folder}: {chosen.name}")


def _checked(pairs: PairSet, where: str) -> PairSet:
    for side, found in (("positive", pairs.positive), ("negative", pairs.negative)):
        if not found:
            raise RupairsError(f"{where}: no {side} pairs in {pairs.name}; nothing can be compared")
    return pairs


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    kind = path.suffix.lower()
    if kind == ".parquet":
        _has_columns(path, schema_of(path).names)
        for batch in read_batches(path, list(COLUMNS)):
            yield from batch.to_pylist()
    elif kind == ".jsonl":
        yield from _json_rows(path)
    else:
        lines = (line for _, line in text_lines(path))
        reader = csv.DictReader(lines, delimiter="\t" if kind == ".tsv" else ",")
        try:
            _has_columns(path, reader.fieldnames or ())
            yield from reader
        except csv.Error as error:
            where = f"{path}: line {reader.line_num}"
            raise RupairsError(f"{where}: not a table ({error})") from None


def _json_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in text_lines(path):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RupairsError(f"{path}: line {number}: not JSON ({error})") from None
            _has_columns(path, row if isinstance(row, dict) else ())
            yield row


def _has_columns(path: Path, names: Any) -> None:
    if missing := [name for name in COLUMNS if name not in names]:
        raise RupairsError(f"{path}: no column {missing[0]}; a table has {', '.join(COLUMNS)}")
