"""The page a person reads after a step: counts, why rows were dropped, a few rows of each.

A step that shows its rows itself, in `samples.md`, has only the first dropped ones repeated here.
"""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rupairs.evaluation_sets import FACT
from rupairs.manifest import Manifest
from rupairs.store import DROPPED

_ROWS = 10
_CELL = 160


def write_report(directory: Path, manifest: Manifest, title: str) -> None:
    """Write `report.md` into a stage directory; text a step left in `notes.md` goes on top."""
    lines = [f"# {title}", ""]
    if manifest.simulated:
        lines += ["> **Simulated:** votes in or before this step were made by a program.", ""]
    if grown := manifest.facts.get(FACT):
        lines += [
            f"> **Evaluation sets:** this holds or grew from rows of {', '.join(grown)}; it is "
            "never trained on or published.",
            "",
        ]
    notes = directory / "notes.md"
    if notes.is_file():
        lines += [notes.read_text(encoding="utf-8").strip(), ""]
    counts = manifest.counts
    if counts.rows_in:
        lines += [
            f"{counts.rows_in} rows in = {counts.rows_out} out + {counts.rows_dropped} dropped.",
            "",
        ]
    if counts.dropped_by_reason:
        lines += ["| dropped because | rows |", "|---|--:|"]
        lines += [f"| {reason} | {n} |" for reason, n in counts.dropped_by_reason.items()]
        lines.append("")
    for model in manifest.models:
        note = f" {model.note}" if model.note else ""
        lines.append(f"- {model.role}: `{model.id}` ({model.license}).{note}")
    lines += _samples(directory, manifest)
    (directory / "report.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _samples(directory: Path, manifest: Manifest) -> list[str]:
    lines: list[str] = []
    names = [n for n in manifest.files if n == DROPPED or "samples.md" not in manifest.files]
    for name in names:
        if not name.endswith(".parquet") or (name.startswith("part-") and "00000" not in name):
            continue
        batch = next(pq.ParquetFile(directory / name).iter_batches(batch_size=_ROWS), None)
        rows: list[dict[str, Any]] = batch.to_pylist() if batch is not None else []
        if not rows:
            continue
        lines += ["", f"## First rows of `{name}`", ""]
        for row in rows:
            shown = ", ".join(f"{k}: {_cell(v)}" for k, v in row.items() if v not in (None, "", []))
            lines.append(f"- {shown}")
    return lines


def _cell(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
