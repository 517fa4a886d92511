"""STS, PI, NLI: the similarity of two texts is the dot product of their vectors."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rupairs.errors import RupairsError
from training.evaluation.embedding import Embedded, Vectors
from training.evaluation.encodechka.files import existing, number, table


@dataclass(frozen=True)
class PairFile:
    """Where the pairs of a task lie; with `labels` the gold values are classes, else numbers."""

    name: str
    first: str
    second: str
    gold: str
    labels: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the files that are read."""
        return (self.name,)

    def read(self, folder: Path, most: int | None = None) -> "Pairs":
        """Read the pairs; `RupairsError` names a file that cannot be used."""
        path = existing(folder, self.name)
        rows = table(path, (self.first, self.second, self.gold), most)
        first, second, gold = map(list, zip(*rows, strict=True)) if rows else ([], [], [])
        if not self.labels:
            for value in gold:
                number(value, self.gold, path)
        if len(set(gold)) < 2:
            raise RupairsError(f"{path}: {len(rows)} rows, all of one {self.gold}: no ranking")
        return Pairs(first, second, gold, self.labels)


@dataclass(frozen=True)
class Pairs:
    """The rows of a task."""

    first: list[str]
    second: list[str]
    gold: list[str]
    labels: bool = False

    @property
    def rows(self) -> int:
        """Return how many pairs are scored."""
        return len(self.gold)

    def texts(self) -> Iterator[str]:
        """Yield every text, repeats included."""
        yield from self.first
        yield from self.second

    def score(self, vectors: Embedded, pooling: str) -> float:
        """Return Spearman's correlation with the gold values, or the accuracy on gold classes.

        The accuracy is that of a logistic regression on the similarity alone, in three folds.
        """
        first, second = vectors.of(pooling, self.first), vectors.of(pooling, self.second)
        similarities = np.sum(first * second, axis=1)
        if self.labels:
            return self._accuracy(similarities)
        from scipy.stats import spearmanr

        gold = [float(value) for value in self.gold]
        return float(spearmanr(gold, similarities).statistic)

    def _accuracy(self, similarities: Vectors) -> float:
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import KFold, cross_val_predict

        folds = KFold(n_splits=3, shuffle=True, random_state=1)
        gold = np.array(self.gold)
        classifier = LogisticRegression(max_iter=10_000)
        found = cross_val_predict(classifier, similarities[:, np.newaxis], gold, cv=folds)
        return float(np.mean(found == gold))
