"""Measurements of any encoder as tables in the terminal."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rupairs.encoder import load_transformer, model_path
from rupairs.errors import RupairsError
from rupairs.lines import text_lines
from rupairs.options import print_json
from rupairs.progress import Progress
from rupairs.recipe import EncoderSection
from rupairs.silence import silence
from rupairs.store import StageReader
from training.evaluation import cosine, mteb_runs, pareto
from training.evaluation.embedding import LONGEST, MAX_LENGTH, cut_at, own_prompt
from training.evaluation.encodechka import scores as encodechka
from training.evaluation.page import Page, write_page
from training.evaluation.retrieval import read_collection, retrieval_task
from training.stage import Mode, Task

_SAMPLE = "sentences_sample.txt"


def open_model(name: str) -> Any:
    """Return a SentenceTransformer by folder, Hugging Face id, or `embedded`."""
    with silence():
        return load_transformer(model_path(EncoderSection(model=name)), None, LONGEST)


@dataclass(frozen=True)
class Asked:
    """What of Encodechka is scored and how; without a prompt, with the encoder's own."""

    data: Path
    tasks: Sequence[Task]
    rows: int | None = None
    mode: Mode = "both"
    prompt: str | None = None
    bf16: bool = False


def score_encodechka(name: str, asked: Asked) -> dict[str, Any]:
    """Return an encoder's scores on Encodechka and their means, ready for JSON."""
    read = encodechka.read_tasks(asked.data, asked.tasks, asked.rows)
    model = open_model(name)
    prompt = own_prompt(model) if asked.prompt is None else asked.prompt
    with Progress().bar(name, encodechka.size(read)) as tell:
        way = encodechka.Way(asked.mode, prompt, bf16=asked.bf16)
        found = encodechka.score(model, read, way, tell)
    scores = {task: asdict(score) for task, score in found.items()}
    means = {way: encodechka.means(scores, way) for way in encodechka.WAYS}
    return {
        "model": name,
        "prompt": prompt,
        "rows": asked.rows,
        "precision": "bf16" if asked.bf16 else "fp32",
        "tasks": scores,
        "means": means,
    }


def write_scores(scores: Path, out: Path) -> None:
    """Write scores on Encodechka, as JSON has them, as a page beside published encoders."""
    found = _scores(scores)
    remarks = [f"Every text but single words had {found['prompt']!r} before it."]
    if found.get("precision"):
        remarks.append(f"Computed in {found['precision']}.")
    if found.get("rows"):
        remarks.append(f"{found['rows']} rows of each file only: published scores are of all.")
    title = f"{Path(found['model']).name} on Encodechka"
    own = {"this encoder": found["tasks"]}
    page = Page(title, [], own, remarks, [], {}, sample=bool(found.get("rows")))
    write_page(page, out)


def show_encodechka(name: str, asked: Asked, as_json: bool) -> None:
    """Print an encoder's scores on Encodechka."""
    found = score_encodechka(name, asked)
    if as_json:
        print_json(found)
        return
    table = Table("task", *encodechka.WAYS, "best pooling", "scored", title=str(found["model"]))
    for task, score in found["tasks"].items():
        ways = [_cell(score[way]) for way in encodechka.WAYS]
        table.add_row(task, *ways, score["best"], str(score["rows"]))
    table.add_section()
    for mean in ("Mean S", "Mean S+W"):
        values = [found["means"][way].get(mean) for way in encodechka.WAYS]
        if any(value is not None for value in values):
            table.add_row(mean, *map(_cell, values))
    Console().print(table)


def show_cosine(
    names: Sequence[str], stages: Sequence[Path], out: Path | None, as_json: bool
) -> None:
    """Print how far encoders separate the held-out positives and negatives of stages.

    With several stages the plots are numbered.
    """
    sets = [cosine.held_out(StageReader(stage).rows()) for stage in stages]
    for stage, pairs in zip(stages, sets, strict=True):
        lack = pairs.lack()
        if lack is not None:
            raise RupairsError(f"{stage}: {lack}")
    rows: list[dict[str, Any]] = []
    models = [(name, open_model(name)) for name in names]
    for number, (stage, pairs) in enumerate(zip(stages, sets, strict=True)):
        panels = []
        for name, model in models:
            with cut_at(model, MAX_LENGTH):
                panels.append((name, cosine.similarities(model, pairs)))
        shown = stage.resolve().name
        title = f"{shown}: cosines, split {' and '.join(pairs.splits)}"
        if out is not None:
            path = out.with_stem(f"{out.stem}-{number + 1}") if len(stages) > 1 else out
            cosine.plot(panels, title, path)
        rows += [{"model": n, "pairs": shown, **asdict(cosine.separation(s))} for n, s in panels]
    _show("Cosines of positives and negatives", rows, as_json)


def show_mteb(
    name: str, benchmark: str, tasks: Sequence[str], out: Path, batch_size: int, as_json: bool
) -> None:
    """Run a benchmark of MTEB and print its scores; results are kept in `out` as mteb has them."""
    wanted = mteb_runs.benchmark_tasks(benchmark, tasks)
    model = open_model(name)
    results = mteb_runs.run(model, _path(name), wanted, out, batch_size)
    note = mteb_runs.INFERRED.get(benchmark)
    title = f"{name} on {benchmark}" + (f" ({note})" if note else "")
    rows = [asdict(result) for result in results]
    mean = sum(result.main_score for result in results) / len(results)
    if not tasks:
        rows.append({"task": "mean", "type": "", "main_score": mean, "recall_at_100": None})
    _list(title, rows, as_json)


def show_retrieval(names: Sequence[str], data: Path, out: Path, as_json: bool) -> None:
    """Print how well encoders find passages; results are kept in `out` as mteb has them."""
    task = retrieval_task(read_collection(data))
    rows = []
    for name in names:
        (result,) = mteb_runs.run(open_model(name), _path(name), [task], out)
        scores = {"nDCG@10": result.main_score, "recall@100": result.recall_at_100}
        rows.append({"model": name, **scores})
    _show(f"Retrieval, {data.name}", rows, as_json)


def show_pareto(
    names: Sequence[str], data: Path, scores: Sequence[Path], out: Path, as_json: bool
) -> None:
    """Time encoders in turns and plot their quality against speed and size.

    `scores` are files that `evaluate encodechka --json` printed; an encoder without one has the
    published mean, drawn hollow.
    """
    measured = dict(_mean_of(path) for path in scores)
    texts = [line.strip() for _, line in text_lines(data / _SAMPLE if data.is_dir() else data)]
    models = {name: open_model(name) for name in names}
    prompts = {name: own_prompt(model) for name, model in models.items()}
    speeds = pareto.measure(models, [t for t in texts if t], prompts, 32)
    points = pareto.points(speeds, measured)
    pareto.plot(points, "Encodechka, mean of 8 tasks", out)
    drawn = {point.model: point for point in points}
    rows = []
    for name, speed in speeds.items():
        point = drawn.get(name)
        quality = point.quality if point else None
        origin = "none" if point is None else "published" if point.published else "measured"
        rows.append({"model": name, "Mean S": quality, "score": origin, **asdict(speed)})
    _show("Encoders timed side by side", rows, as_json)


def _scores(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not found.keys() >= {"model", "prompt", "tasks", "means"}:
            raise ValueError("a key is missing")
    except (OSError, ValueError, RecursionError) as error:
        kind = "not what `rupairs evaluate encodechka --json` prints"
        raise RupairsError(f"{path}: {kind} ({error})") from None
    return found


def _mean_of(path: Path) -> tuple[str, float]:
    found = _scores(path)
    if found.get("rows"):
        raise RupairsError(
            f"{path}: of {found['rows']} rows of each file only; other means are of all rows"
        )
    # The published scores are of the same kind as `official`.
    means = found["means"]["official"] or found["means"]["fixed"]
    if "Mean S" not in means:
        raise RupairsError(f"{path}: not all eight sentence tasks were scored, so it has no mean")
    return str(found["model"]), float(means["Mean S"])


def _path(name: str) -> str:
    return model_path(EncoderSection(model=name))


def _show(title: str, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print a table with a column a row, or JSON."""
    if as_json:
        print_json(list(rows))
        return
    table = Table("", *(str(next(iter(row.values()))) for row in rows), title=title)
    for column in list(rows[0])[1:]:
        table.add_row(column, *(_cell(row[column]) for row in rows))
    Console().print(table)


def _list(title: str, rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print a table with a line a row, or JSON."""
    if as_json:
        print_json(list(rows))
        return
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
