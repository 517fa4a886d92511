"""Encodechka's ten tasks: ours against the way of the original code, on the same rows.

    python -m benchmarks.encodechka

run at the root of the repository with the environment of the project. The original embeds one text
at a time through `AutoModel` and keeps nothing between tasks; its package is not on PyPI, so the
baseline here is written after its code: the same poolings, classifiers, folds and seeds. Both read
the same files and run one after the other with all threads: ours, the original, ours again, because
a machine's speed changes meanwhile; then ours in bf16, which is no like for like, where the machine
computes in it. All rows take the better part of an hour on 2 cores. Prints Markdown and writes the
figures as JSON.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import razdel
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from transformers import AutoModel, AutoTokenizer

from benchmarks.harvest_measure import machine
from rupairs.arithmetic import half_precision
from rupairs.encoder import model_path
from rupairs.recipe import EncoderSection
from rupairs.silence import silence
from training.evaluation.encodechka.files import spread
from training.evaluation.encodechka.scores import (
    SENTENCE_TASKS,
    TASKS,
    WORD_TASKS,
    Score,
    Way,
    read_tasks,
    score,
)
from training.evaluation.tables import open_model
from training.stage import Task

ROOT = Path(__file__).resolve().parents[1]
MAX_LENGTH = 128
Groups = Mapping[str, list[Task]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/realdata/encodechka")
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--prompt", default="query: ")
    parser.add_argument("--rows", type=int, help="taken of every file; all of them without")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--threads", type=int, default=0, help="of torch; 0: as it comes")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/benchmarks/encodechka.json")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"skipped: no Encodechka at {arguments.data}; name its folder with --data")
        return 0
    result = compare(arguments)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table(result)))
    return 0


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    """Score the model both ways; return scores and seconds, by task for the original."""

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    tasks = arguments.tasks.split(",")
    with tempfile.TemporaryDirectory() as folder, silence():
        data = Path(folder)
        cut(arguments.data, data, arguments.rows)
        model = open_model(arguments.model)
        way = Way("official", arguments.prompt)
        kinds = {"sentences": SENTENCE_TASKS, "words": WORD_TASKS}
        groups = {name: [t for t in tasks if t in of] for name, of in kinds.items()}
        groups = {name: of for name, of in groups.items() if of}
        first, ours = timed(model, data, groups, way)
        embedder = Original(arguments.model, arguments.prompt)
        theirs, seconds = {}, {}
        for task in tasks:
            started = time.perf_counter()
            theirs[task] = embedder.score(data, task)
            seconds[task] = time.perf_counter() - started
            print(f"original, {task}: {seconds[task]:.0f} s", file=sys.stderr)
        second, again = timed(model, data, groups, way)
        assert ours == again
        halved = _halved(model, data, groups, way) if half_precision() else {}
    return {
        "machine": machine(torch.get_num_threads()),
        "settings": {k: str(v) for k, v in vars(arguments).items() if k not in ("data", "out")},
        "original": {
            "scores": theirs,
            "by_task": seconds,
            "seconds": {name: sum(seconds[t] for t in of) for name, of in groups.items()},
        },
        "ours": {
            "scores": {t: asdict(s) for t, s in ours.items()},
            "seconds": {name: [first[name], second[name]] for name in groups},
        },
        **halved,
    }


def _halved(model: Any, data: Path, groups: Groups, way: Way) -> dict[str, Any]:
    seconds, scores = timed(model, data, groups, replace(way, bf16=True))
    return {"bf16": {"scores": {t: asdict(s) for t, s in scores.items()}, "seconds": seconds}}


def timed(
    model: Any, data: Path, groups: Groups, way: Way
) -> tuple[dict[str, float], dict[Task, Score]]:
    """Return our seconds by group of tasks, and all scores."""
    seconds: dict[str, float] = {}
    scores: dict[Task, Score] = {}
    for name, tasks in groups.items():
        started = time.perf_counter()
        scores |= score(model, read_tasks(data, tasks), way, lambda units, note: None)
        seconds[name] = time.perf_counter() - started
        print(f"ours, {name}: {seconds[name]:.0f} s", file=sys.stderr)
    return seconds, scores


def cut(source: Path, target: Path, rows: int | None) -> None:
    """Copy Encodechka's files with `rows` rows of each, spread over it."""
    for path in sorted(source.iterdir()):
        if path.suffix == ".csv":
            frame = pd.read_csv(path)
            frame.iloc[spread(list(range(len(frame))), rows)].to_csv(
                target / path.name, index=False
            )
        elif path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            content = {name: spread(values, rows) for name, values in content.items()}
            (target / path.name).write_text(json.dumps(content), encoding="utf-8")
        else:
            shutil.copyfile(path, target / path.name)


class Original:
    """The original's way: every text by itself, every task from the start."""

    def __init__(self, name: str, prompt: str) -> None:

        path = model_path(EncoderSection(model=name))
        self.model, found = AutoModel.from_pretrained(path, output_loading_info=True)
        self.model.eval()
        # A pooler that the checkpoint lacks is drawn at random; the embedded one is zeros.
        pooler = getattr(self.model, "pooler", None)
        missing = any("pooler" in name for name in found["missing_keys"])
        self.pooler = bool(pooler and not missing and any(p.any() for p in pooler.parameters()))
        self.prompt = prompt
        self.tokenizer = AutoTokenizer.from_pretrained(path)

    def score(self, data: Path, task: str) -> float:
        """Return the best score of a task over poolings and classifiers."""
        pairs = {
            "STS": ("stsb_dev.csv", "sentence1", "sentence2", "similarity_score"),
            "PI": ("para_gold.csv", "text_1", "text_2", "class"),
            "NLI": ("xnli_ru.csv", "sentence1", "sentence2", "gold_label"),
        }
        classes = {
            "SA": ("SentiRuEval2016_small", "text", "answer"),
            "TI": ("toxic", "text", "toxic"),
            "IA": ("inappropriate", "text", "y"),
            "IC": ("intents", "text", "label"),
            "ICX": ("intents", "answer", "label"),
        }
        if task in pairs:
            name, first, second, gold = pairs[task]
            frame = pd.read_csv(data / name)
            sides = [self.stacked(frame[side]) for side in (first, second)]
            return max(
                _similarity(np.sum(sides[0][k] * sides[1][k], axis=1), frame[gold], task == "NLI")
                for k in sides[0]
            )
        if task in classes:
            name, text, label = classes[task]
            train, test = (pd.read_csv(data / f"{name}_{part}.csv") for part in ("train", "test"))
            first, second = self.stacked(train[text]), self.stacked(test["text"])
            by_auc = task in ("TI", "IA")
            return max(
                _classified((first[k], train[label]), (second[k], test[label]), by_auc)
                for k in first
            )
        return self.words(data / {"NE1": "factru.json", "NE2": "rudrec.json"}[task])

    def stacked(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return arrays of shape (texts, dimensions) by pooling."""
        rows = [self.embed(text) for text in texts]
        return {k: np.stack([row[k] for row in rows]) for k in rows[0]}

    def embed(self, text: str) -> dict[str, Any]:
        """Return the poolings of one text."""

        given = self.tokenizer(
            self.prompt + text, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
        )
        with torch.no_grad():
            out = self.model(**given)
        raw = {"cls": out.last_hidden_state[:, 0], "mean": out.last_hidden_state.mean(dim=1)}
        if self.pooler:
            raw["pooler"] = out.pooler_output
        unit = {f"{k}_norm": torch.nn.functional.normalize(v) for k, v in raw.items()}
        return {k: v[0].numpy() for k, v in (raw | unit).items()}

    def words(self, path: Path) -> float:
        """Return the macro F1 of entities."""

        data = json.loads(path.read_text(encoding="utf-8"))
        halves = train_test_split(data["texts"], data["labels"], test_size=0.5, random_state=1)
        train, test = self.labelled(halves[0], halves[2]), self.labelled(halves[1], halves[3])
        classifier = SGDClassifier(loss="log_loss", random_state=1, tol=1e-4)
        found = classifier.fit(*train).predict(test[0])
        kinds = sorted(set(test[1]) - {"O"})
        return float(f1_score(test[1], found, average="macro", labels=kinds))

    def labelled(self, texts: Sequence[str], entities: Sequence[Any]) -> tuple[Any, Any]:
        """Return word vectors and labels of all texts."""
        vectors, labels = [], []
        for text, spans in zip(texts, entities, strict=True):
            words, own = _word_labels(text, spans)
            vectors += self.word_vectors(words)
            labels += own
        return np.stack(vectors), np.array(labels)

    def word_vectors(self, words: list[str]) -> list[Any]:
        """Return a vector a word, the mean over its tokens; zeros for what was cut off."""

        given = self.tokenizer(
            words, is_split_into_words=True, truncation=True, max_length=512, return_tensors="pt"
        )
        with torch.no_grad():
            hidden = self.model(**given).last_hidden_state[0].numpy()
        tokens: list[list[Any]] = [[] for _ in words]
        for place, word in enumerate(given.word_ids()):
            if word is not None:
                tokens[word].append(hidden[place])
        return [np.mean(own, 0) if own else np.zeros(hidden.shape[1]) for own in tokens]


def _similarity(similarities: Any, gold: Any, labels: bool) -> float:

    if not labels:
        return float(spearmanr(gold, similarities).statistic)
    folds = KFold(n_splits=3, shuffle=True, random_state=1)
    classifier = LogisticRegression(max_iter=10_000)
    return float(
        np.mean(cross_val_predict(classifier, similarities[:, None], gold, cv=folds) == gold)
    )


def _classified(train: tuple[Any, Any], test: tuple[Any, Any], by_auc: bool) -> float:

    regression = LogisticRegression(max_iter=10_000).fit(*train)
    if by_auc:
        return float(roc_auc_score(test[1], regression.predict_proba(test[0])[:, 1]))
    neighbours = KNeighborsClassifier(n_neighbors=3, weights="distance").fit(*train)
    return max(float(np.mean(c.predict(test[0]) == test[1])) for c in (regression, neighbours))


def _word_labels(text: str, entities: Sequence[Any]) -> tuple[list[str], list[str]]:

    words, owner = [], np.full(len(text), -1)
    for number, token in enumerate(razdel.tokenize(text)):
        words.append(token.text)
        owner[token.start : token.stop] = number
    labels = ["O"] * len(words)
    for kind, start, end in entities:
        first = True
        for number in owner[start:end]:
            if number > 0 and labels[number] == "O":
                labels[number] = f"{'B' if first else 'I'}-{kind}"
                first = False
    return words, labels


def table(result: dict[str, Any]) -> list[str]:
    """Return the Markdown tables: scores by task, then seconds."""
    theirs, ours, halved = result["original"], result["ours"], result.get("bf16")
    more = ["ours, bf16"] if halved else []
    faster = [*more, "times"] if halved else []
    lines = [
        f"| {' | '.join(['task', 'original', 'ours', *more])} |",
        f"|---{'|--:' * (2 + len(more))}|",
    ]
    for task, value in theirs["scores"].items():
        scores = [value, *(way["scores"][task]["official"] for way in (ours, halved) if way)]
        lines.append(f"| {task} | {' | '.join(f'{score:.4f}' for score in scores)} |")
    head = ["seconds", "original", "ours, before and after it", "times", *faster]
    lines += ["", f"| {' | '.join(head)} |", f"|---{'|--:' * (len(head) - 1)}|"]
    for name, original in theirs["seconds"].items():
        turns = ours["seconds"][name]
        said = " ".join(f"{turn:.1f}" for turn in turns)
        cells = [f"{original:.1f}", said, f"{original / statistics.mean(turns):.1f}"]
        if halved:
            seconds = halved["seconds"][name]
            cells += [f"{seconds:.1f}", f"{original / seconds:.1f}"]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
