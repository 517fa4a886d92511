"""SA, TI, IA, IC, ICX: classes of single texts, by classifiers on the frozen vectors."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rupairs.errors import RupairsError
from training.evaluation.embedding import Embedded
from training.evaluation.encodechka.files import existing, number, table

Metric = Literal["accuracy", "auc"]


@dataclass(frozen=True)
class ClassFiles:
    """Where the train and test rows of a task lie; ICX reads English to train on."""

    train: str
    test: str
    label: str
    metric: Metric
    train_text: str = "text"
    test_text: str = "text"

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the files that are read."""
        return (self.train, self.test)

    def read(self, folder: Path, most: int | None = None) -> "Classes":
        """Read both files; `RupairsError` names one that cannot be used."""
        train = self._read(folder, self.train, self.train_text, most)
        test = self._read(folder, self.test, self.test_text, most)
        return Classes(train, test, self.metric)

    def _read(self, folder: Path, name: str, text: str, most: int | None) -> "Labelled":
        path = existing(folder, name)
        rows = table(path, (text, self.label), most)
        labels = [label for _, label in rows]
        if self.metric == "auc":
            labels = [str(int(number(label, self.label, path))) for label in labels]
        if len(set(labels)) < 2:
            raise RupairsError(f"{path}: {len(rows)} rows, all of one {self.label}")
        return Labelled([text for text, _ in rows], labels)


@dataclass(frozen=True)
class Labelled:
    """Texts and their classes."""

    texts: list[str]
    labels: list[str]


@dataclass(frozen=True)
class Classes:
    """The rows of a task."""

    train: Labelled
    test: Labelled
    metric: Metric

    @property
    def rows(self) -> int:
        """Return how many texts are scored."""
        return len(self.test.labels)

    def texts(self) -> Iterator[str]:
        """Yield every text, repeats included."""
        yield from self.train.texts
        yield from self.test.texts

    def score(self, vectors: Embedded, pooling: str) -> float:
        """Return the area under the ROC curve of a logistic regression, or the better accuracy.

        That is the better of a logistic regression and of the three nearest neighbours.
        """
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import roc_auc_score
        from sklearn.neighbors import KNeighborsClassifier

        train, test = (vectors.of(pooling, part.texts) for part in (self.train, self.test))
        labels, gold = np.array(self.train.labels), np.array(self.test.labels)
        regression = LogisticRegression(max_iter=10_000).fit(train, labels)
        if self.metric == "auc":
            return float(roc_auc_score(gold, regression.predict_proba(test)[:, 1]))
        neighbours = KNeighborsClassifier(n_neighbors=3, weights="distance").fit(train, labels)
        return max(float(np.mean(c.predict(test) == gold)) for c in (regression, neighbours))
