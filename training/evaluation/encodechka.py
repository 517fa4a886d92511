"""Encodechka's two similarity tasks, from its own files: how well the encoder ranks pairs.

STS (translated STS-B, dev) and PI (paraphraser.ru) score Spearman's correlation between a gold
similarity and the dot product of two embeddings, https://github.com/avidale/encodechka.

`fixed` embeds as the encoder is meant to be used: its own pooling, unit length. `official` is the
benchmark's rule: the best, chosen on the same data, of four poolings of the token vectors. Every
text gets the prompt "query: ", which the benchmark's authors leave to the model's code.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.errors import RupairsError
from rupairs.manifest import sha256
from training.stage import Task, TrainingSection
from training.views import QUERY

Vectors = npt.NDArray[np.float32]

# Upstream tokenizes to this length, and its published scores are made so.
MAX_LENGTH = 128


@dataclass(frozen=True)
class TaskFile:
    """Where a task lies: the file and its columns for the two texts and the gold value."""

    name: str
    first: str
    second: str
    gold: str


TASKS: Mapping[Task, TaskFile] = {
    "STS": TaskFile("stsb_dev.csv", "sentence1", "sentence2", "similarity_score"),
    "PI": TaskFile("para_gold.csv", "text_1", "text_2", "class"),
}


@dataclass(frozen=True)
class SentencePairs:
    """The rows of a task."""

    first: list[str]
    second: list[str]
    gold: list[float]


@dataclass(frozen=True)
class Score:
    """Spearman's correlations of one task; `best` names the pooling behind `official`."""

    fixed: float
    official: float
    best: str
    pairs: int


def file_hashes(section: TrainingSection) -> dict[str, str]:
    """Return file name → SHA-256 of the files the evaluation will read; none without a folder."""
    settings = section.evaluation
    if settings.encodechka is None:
        return {}
    paths = [task_path(settings.encodechka, task) for task in settings.tasks]
    return {f"encodechka/{path.name}": sha256(path) for path in paths}


def task_path(folder: Path, task: Task) -> Path:
    """Return the file of a task; `RupairsError` names it when it is missing."""
    path = folder / TASKS[task].name
    if not path.is_file():
        raise RupairsError(
            f"{path}: no such file; it is in encodechka_eval/data of "
            "https://github.com/avidale/encodechka"
        )
    return path


def read_task(folder: Path, task: Task) -> SentencePairs:
    """Read a task; `RupairsError` names the file and the line that cannot be used."""
    path, columns = task_path(folder, task), TASKS[task]
    rows = SentencePairs([], [], [])
    for line, row in _rows(path, (columns.first, columns.second, columns.gold)):
        first, second, gold = row
        try:
            rows.gold.append(float(gold))
        except ValueError:
            problem = f"{columns.gold} is {gold!r}, not a number"
            raise RupairsError(f"{path}, line {line}: {problem}") from None
        rows.first.append(first)
        rows.second.append(second)
    if len(set(rows.gold)) < 2:
        raise RupairsError(f"{path}: {len(rows.gold)} rows, all of one {columns.gold}: no ranking")
    return rows


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            absent = [c for c in columns if c not in (reader.fieldnames or ())]
            if absent:
                raise RupairsError(f"{path}: no column {absent[0]}; has {reader.fieldnames}")
            for row in reader:
                values = [row[c] for c in columns]
                if not all(values):
                    raise RupairsError(f"{path}, line {reader.line_num}: a value is missing")
                yield reader.line_num, values
    except (csv.Error, UnicodeDecodeError) as error:
        raise RupairsError(f"{path}: not a CSV file in UTF-8 ({error})") from None


def score(model: Any, pairs: SentencePairs, batch_size: int = 32) -> Score:
    """Score a SentenceTransformer on one task."""
    texts = sorted({*pairs.first, *pairs.second}, key=lambda text: (-len(text), text))
    place = {text: i for i, text in enumerate(texts)}
    first = np.array([place[text] for text in pairs.first])
    second = np.array([place[text] for text in pairs.second])
    correlations = {
        name: _spearman(np.sum(vectors[first] * vectors[second], axis=1), pairs.gold)
        for name, vectors in poolings(model, texts, batch_size).items()
    }
    fixed = correlations.pop("own")
    best = max(correlations, key=lambda name: correlations[name])
    return Score(fixed, correlations[best], best, len(pairs.gold))


def poolings(model: Any, texts: Sequence[str], batch_size: int) -> dict[str, Vectors]:
    """Return pooling → vectors of shape (texts, dimensions), all from one pass.

    `own` is the model's pooling at unit length; `cls` and `mean` are taken over the last layer's
    token vectors, the prompt included, and `_norm` is the same at unit length.
    """
    parts: dict[str, list[Vectors]] = {"own": [], "cls": [], "mean": []}
    for start in range(0, len(texts), batch_size):
        batch = list(texts[start : start + batch_size])
        for item in model.encode(batch, prompt=QUERY, batch_size=batch_size, output_value=None):
            tokens = item["token_embeddings"].float().cpu().numpy()
            kept = item["attention_mask"].cpu().numpy().astype(bool)
            parts["own"].append(item["sentence_embedding"].float().cpu().numpy())
            parts["cls"].append(tokens[kept][0])
            parts["mean"].append(tokens[kept].mean(axis=0))
    own, cls, mean = (np.stack(parts[name]) for name in ("own", "cls", "mean"))
    return {
        "own": _unit(own),
        "cls": cls,
        "mean": mean,
        "cls_norm": _unit(cls),
        "mean_norm": _unit(mean),
    }


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit


def _spearman(similarities: Vectors, gold: Sequence[float]) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(similarities, gold).statistic)
