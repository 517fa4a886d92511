"""Control items: pairs whose right label the user knows, to see how carefully people answer.

They come from the user's own file, CSV or JSON lines with `premise`, `hypothesis` and `label` (an
`explanation` may stand beside them for the people who keep the file), never from the candidates.
"""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from annotation.page import LABELS
from rupairs.errors import RupairsError
from rupairs.text import clean, digest, key

_NEEDED = ("premise", "hypothesis", "label")
CONTROL_SCHEMA = pa.schema(
    [
        pa.field(name, pa.string(), nullable=False)
        for name in ("pair_id", "premise", "hypothesis", "gold")
    ]
)


def read_controls(path: Path) -> pa.Table:
    """Return the controls of a file as rows of `CONTROL_SCHEMA`, in the file's order.

    Raises `RupairsError` naming the file and the line that cannot be one, or is there twice.
    """
    rows: dict[str, dict[str, str]] = {}
    for number, row in _lines(path):
        texts = {name: row.get(name) for name in _NEEDED}
        if wrong := [name for name, text in texts.items() if not isinstance(text, str) or not text]:
            raise RupairsError(f"{path}: line {number}: no {' and no '.join(wrong)}")
        label = str(texts["label"]).strip()
        if label not in LABELS:
            known = ", ".join(LABELS)
            raise RupairsError(f"{path}: line {number}: label {label!r} is none of {known}")
        premise, hypothesis = clean(str(texts["premise"])), clean(str(texts["hypothesis"]))
        if not (premise and hypothesis):
            raise RupairsError(f"{path}: line {number}: an empty text")
        pair_id = digest(("control", *texts_key(premise, hypothesis)))
        if pair_id in rows:
            raise RupairsError(f"{path}: line {number}: the same two texts are there before")
        rows[pair_id] = {
            "pair_id": pair_id,
            "premise": premise,
            "hypothesis": hypothesis,
            "gold": label,
        }
    return pa.Table.from_pylist(list(rows.values()), schema=CONTROL_SCHEMA)


def texts_key(premise: str, hypothesis: str) -> tuple[str, str]:
    """Return the form under which two pairs have the same texts."""
    return key(premise), key(hypothesis)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows with the number of the line on which each ends."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RupairsError(f"{path}: no such file of controls") from None
    except UnicodeDecodeError as error:
        raise RupairsError(f"{path}: not UTF-8 at byte {error.start}") from None
    if path.suffix.lower() != ".csv":
        yield from _json_lines(path, text)
        return
    # Only a line feed or a carriage return ends a row: not U+2028, as `splitlines` has it.
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise RupairsError(f"{path}: line {reader.line_num}: not CSV ({error})") from None


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()  # half of a character is no text
        except (ValueError, RecursionError) as error:
            raise RupairsError(f"{path}: line {number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise RupairsError(f"{path}: line {number}: not a JSON object")
        yield number, row
