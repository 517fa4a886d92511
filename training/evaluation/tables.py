"""Measurements of any encoder as tables in the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rupairs.encoder import load_transformer, model_path
from rupairs.errors import RupairsError
from rupairs.options import print_json
from rupairs.recipe import EncoderSection
from rupairs.silence import silence
from rupairs.store import StageReader
from training.evaluation import cosine, encodechka


def open_model(name: str) -> Any:
    """Return a SentenceTransformer by folder, Hugging Face id, or `embedded`."""
    with silence():
        return load_transformer(model_path(EncoderSection(model=name)), None, encodechka.MAX_LENGTH)


def show_encodechka(name: str, data: Path, as_json: bool) -> None:
    """Print an encoder's scores on STS and PI."""
    tasks = {task: encodechka.read_task(data, task) for task in encodechka.TASKS}
    model = open_model(name)
    rows = [{"task": t, **asdict(encodechka.score(model, p))} for t, p in tasks.items()]
    _show(f"{name} on Encodechka (Spearman)", rows, as_json)


def show_cosine(names: Sequence[str], pairs: Path, out: Path | None, as_json: bool) -> None:
    """Print how far encoders separate the held-out positives and negatives of a stage."""
    held_out = cosine.held_out(StageReader(pairs).rows())
    lack = held_out.lack()
    if lack is not None:
        raise RupairsError(f"{pairs}: {lack}")
    panels = [(name, cosine.similarities(open_model(name), held_out)) for name in names]
    splits = " and ".join(held_out.splits)
    title = f"{pairs.resolve().name}: cosines, split {splits}"
    if out is not None:
        cosine.plot(panels, title, out)
    rows = [{"model": name, **asdict(cosine.separation(found))} for name, found in panels]
    _show(title, rows, as_json)


def _show(title: str, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(list(rows))
        return
    table = Table("", *(str(next(iter(row.values()))) for row in rows), title=title)
    for column in list(rows[0])[1:]:
        table.add_row(column, *(_cell(row[column]) for row in rows))
    Console().print(table)


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
