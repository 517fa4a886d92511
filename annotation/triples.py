"""Triples under review: is the positive a paraphrase of the query, does the negative truly differ?

From a release with `query`, `pos` and `neg`, each query's n-th positive and n-th negative are shown
together, in an order drawn by hash, so that nobody knows which is meant to be which.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotation.export import Annotation, read_export
from annotation.page import MEANING_OF, MEANINGS, PARAPHRASE, read_page
from annotation.tasks import write_list
from rupairs.errors import RupairsError, UsageError
from rupairs.store import read_batches, schema_of
from rupairs.text import digest, share

TASKS, PAGE_COPY = "tasks.json", "config.xml"
FIELDS = ["task", "query", "first", "second"]
_COLUMNS = ["query", "pos", "neg"]

Row = dict[str, Any]


def write_triples(release: Path, out: Path, limit: int | None, seed: int) -> int:
    """Write the tasks and the page into `out`; return how many tasks there are.

    `limit` takes so many, drawn by hash.
    """
    tasks = sorted(_triples(release, seed), key=lambda t: share(t["task"], seed, "triple"))
    tasks = tasks[:limit]
    out.mkdir(parents=True, exist_ok=True)
    (out / PAGE_COPY).write_text(read_page(FIELDS, PARAPHRASE), encoding="utf-8")
    write_list(out / TASKS, ({"data": {n: task[n] for n in FIELDS}} for task in tasks))
    return len(tasks)


def count_answers(release: Path, exports: list[Path], seed: int) -> dict[str, Counter[str]]:
    """Return how often positives and negatives were called what, each annotation counted once.

    Of an annotation that several files have, the latest change counts. Skipped ones, those without
    both answers, and answers to other tasks are counted as `unread`. Raises `RupairsError` when no
    answer is to one of these tasks: then it is another release, or another seed.
    """
    positive = {task["task"]: task["positive"] for task in _triples(release, seed)}
    counts = {"positive": Counter[str](), "negative": Counter[str](), "unread": Counter[str]()}
    answers: dict[tuple[str, str, str], Annotation] = {}
    for path in exports:
        for entry in read_export(path):
            for a in entry.annotations:
                key = (entry.data.task, str(a.id), a.created_at)
                if key not in answers or a.moment > answers[key].moment:
                    answers[key] = a
    if answers and not any(task in positive for task, _, _ in answers):
        raise RupairsError(
            f"{', '.join(map(str, exports))}: none of the {len(answers)} answers is to a task of "
            f"{release} with --seed {seed}; give the seed with which the tasks were written"
        )
    for (task, _, _), annotation in answers.items():
        said = {text: _meaning(annotation, control) for text, control in MEANING_OF.items()}
        if task not in positive:
            counts["unread"]["other tasks"] += 1
        elif annotation.was_cancelled or None in said.values():
            counts["unread"]["answers"] += 1
        else:
            for text, meaning in said.items():
                side = "positive" if text == positive[task] else "negative"
                counts[side][str(meaning)] += 1
    return counts


def _meaning(annotation: Annotation, control: str) -> str | None:
    found = [c for r in annotation.result if r.from_name == control for c in r.value.choices]
    return found[0] if len(found) == 1 and found[0] in MEANINGS else None


def _triples(release: Path, seed: int) -> Iterator[Row]:
    """Yield the tasks with `positive`: `first` or `second`."""
    seen: set[str] = set()
    for path in _files(release):
        for batch in read_batches(path, _COLUMNS):
            for row in batch.to_pylist():
                for pos, neg in zip(row["pos"], row["neg"], strict=False):
                    task = digest((row["query"], pos, neg, str(seed)))
                    if task in seen:
                        continue
                    seen.add(task)
                    swapped = share(task, seed, "sides") < 0.5
                    first, second = (neg, pos) if swapped else (pos, neg)
                    yield {
                        "task": task,
                        "query": row["query"],
                        "first": first,
                        "second": second,
                        "positive": "second" if swapped else "first",
                    }


def _files(release: Path) -> list[Path]:
    if not release.is_dir():
        raise UsageError(f"{release}: no such folder")
    files = [
        path
        for path in sorted(release.rglob("*.parquet"))
        if set(_COLUMNS) <= set(schema_of(path).names)
    ]
    if not files:
        raise RupairsError(f"{release}: no Parquet file with the columns {', '.join(_COLUMNS)}")
    return files
