"""Encodechka: ten tasks for Russian encoders, from its own files and by its own rules.

https://github.com/avidale/encodechka. `fixed` scores an encoder as it is meant to be used, with
its own pooling at unit length. `official` is the benchmark's rule: for each task the best of up to
six poolings of the token vectors, chosen on the very data that is scored. Tasks of words (NE1, NE2)
have one score, which counts as both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.manifest import sha256
from training.evaluation.embedding import OWN, Advance, Embedded, embed
from training.evaluation.encodechka.classes import Classes, ClassFiles
from training.evaluation.encodechka.files import existing
from training.evaluation.encodechka.pairs import PairFile, Pairs
from training.evaluation.encodechka.words import WordFile, Words
from training.stage import Mode, Task, TrainingSection

TASKS: Mapping[Task, PairFile | ClassFiles | WordFile] = {
    "STS": PairFile("stsb_dev.csv", "sentence1", "sentence2", "similarity_score"),
    "PI": PairFile("para_gold.csv", "text_1", "text_2", "class"),
    "NLI": PairFile("xnli_ru.csv", "sentence1", "sentence2", "gold_label", labels=True),
    "SA": ClassFiles(
        "SentiRuEval2016_small_train.csv", "SentiRuEval2016_small_test.csv", "answer", "accuracy"
    ),
    "TI": ClassFiles("toxic_train.csv", "toxic_test.csv", "toxic", "auc"),
    "IA": ClassFiles("inappropriate_train.csv", "inappropriate_test.csv", "y", "auc"),
    "IC": ClassFiles("intents_train.csv", "intents_test.csv", "label", "accuracy"),
    "ICX": ClassFiles("intents_train.csv", "intents_test.csv", "label", "accuracy", "answer"),
    "NE1": WordFile("factru.json"),
    "NE2": WordFile("rudrec.json"),
}
SENTENCE_TASKS: tuple[Task, ...] = ("STS", "PI", "NLI", "SA", "TI", "IA", "IC", "ICX")
WORD_TASKS: tuple[Task, ...] = ("NE1", "NE2")
WAYS = ("fixed", "official")
Rows = Mapping[Task, Pairs | Classes | Words]


@dataclass(frozen=True)
class Score:
    """One task's scores, those that were asked for; `best` names the pooling of `official`."""

    fixed: float | None
    official: float | None
    best: str
    rows: int


@dataclass(frozen=True)
class Way:
    """How an encoder is scored; `prompt` goes before every text, but not before words.

    `bf16` is faster where a machine computes in it, and moves a score by some thousandths.
    """

    mode: Mode = "both"
    prompt: str = ""
    batch_size: int = 32
    bf16: bool = False

    @property
    def official(self) -> bool:
        """Return whether all poolings are tried."""
        return self.mode != "fixed"


def file_hashes(section: TrainingSection) -> dict[str, str]:
    """Return file name → SHA-256 of the files the evaluation will read; none without a folder."""
    settings = section.evaluation
    if settings.encodechka is None:
        return {}
    names = sorted({name for task in settings.tasks for name in TASKS[task].names})
    paths = [existing(settings.encodechka, name) for name in names]
    return {f"encodechka/{path.name}": sha256(path) for path in paths}


def read_tasks(folder: Path, tasks: Sequence[Task], most: int | None = None) -> Rows:
    """Read tasks, `most` rows a file; `RupairsError` names a file that cannot be used."""
    return {task: TASKS[task].read(folder, most) for task in tasks}


def size(rows: Rows) -> int:
    """Return how many texts are embedded and tasks scored: about the steps `score` tells of."""
    return len(texts(rows)) + len(rows)


def score(model: Any, rows: Rows, way: Way, tell: Advance) -> dict[Task, Score]:
    """Score a SentenceTransformer on tasks; every text is embedded once for all of them."""
    import torch

    f1: dict[Task, float] = {}
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=way.bf16):
        vectors = embed(
            model, texts(rows), way.prompt, way.batch_size, all_poolings=way.official, tell=tell
        )
        for task, data in rows.items():
            if isinstance(data, Words):
                f1[task] = data.score(model)
                tell(1, task)
    poolings = ([] if way.mode == "official" else [OWN]) + vectors.poolings
    values = _values(rows, vectors, poolings, tell)
    found: dict[Task, Score] = {}
    for task, data in rows.items():
        if isinstance(data, Words):
            found[task] = Score(f1[task], f1[task], "words", data.rows)
        else:
            found[task] = _best({p: values[task, p] for p in poolings}, data.rows)
    return found


def texts(rows: Rows) -> set[str]:
    """Return every text of the sentence tasks once."""
    return {t for data in rows.values() if not isinstance(data, Words) for t in data.texts()}


def _values(
    rows: Rows, vectors: Embedded, poolings: Sequence[str], tell: Advance
) -> dict[tuple[Task, str], float]:
    """Return the value of every task and pooling; classifiers are fitted on all cores at once."""
    from sklearn.utils.parallel import Parallel, delayed
    from threadpoolctl import threadpool_limits

    single = {task: data for task, data in rows.items() if not isinstance(data, Words)}
    # The intents have the most classes and take longest: first.
    jobs = [(task, pooling) for task in reversed(single) for pooling in poolings]
    found: dict[tuple[Task, str], float] = {}
    with threadpool_limits(1):
        run = Parallel(n_jobs=-1, prefer="threads", return_as="generator")
        values = run(delayed(single[task].score)(vectors, pooling) for task, pooling in jobs)
        for job, value in zip(jobs, values, strict=True):
            found[job] = value
            tell(1, job[0])
    return found


def _best(values: Mapping[str, float], rows: int) -> Score:
    official = {name: value for name, value in values.items() if name != OWN}
    if not official:
        return Score(values[OWN], None, "", rows)
    best = max(official, key=lambda name: official[name])
    return Score(values.get(OWN), official[best], best, rows)


def means(scores: Mapping[Task, Mapping[str, Any]], way: str) -> dict[str, float]:
    """Return `Mean S` of the eight sentence tasks and `Mean S+W` of all ten, where all are there.

    `scores` are the scores of the tasks as dictionaries, `way` is `fixed` or `official`.
    """
    groups = {"Mean S": SENTENCE_TASKS, "Mean S+W": (*SENTENCE_TASKS, *WORD_TASKS)}
    found = {}
    for name, tasks in groups.items():
        values = [scores[t][way] for t in tasks if t in scores and scores[t][way] is not None]
        if len(values) == len(tasks):
            found[name] = sum(values) / len(values)
    return found
