"""NE1, NE2: entities, by a linear classifier on the vector of every word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rupairs.errors import RupairsError
from training.evaluation.embedding import embed_words
from training.evaluation.encodechka.files import documents, existing, spread

OUTSIDE = "O"
Entity = tuple[str, int, int]


@dataclass(frozen=True)
class WordFile:
    """Where the texts of a task lie, with their entities."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the files that are read."""
        return (self.name,)

    def read(self, folder: Path, most: int | None = None) -> "Words":
        """Read the texts and split them in halves; `RupairsError` names an unusable file."""
        from sklearn.model_selection import train_test_split

        path = existing(folder, self.name)
        found = spread(documents(path), most)
        if len(found) < 2:
            raise RupairsError(f"{path}: {len(found)} texts: none to train on or none to test on")
        halves = train_test_split(found, test_size=0.5, random_state=1)
        train, test = ([labelled_words(text, spans) for text, spans in half] for half in halves)
        if not _kinds(train) or not _kinds(test):
            raise RupairsError(f"{path}: one half of the texts has no entity")
        return Words(train, test)


@dataclass(frozen=True)
class Document:
    """The words of a text, and for each its label in the B-, I-, O scheme."""

    words: list[str]
    labels: list[str]


@dataclass(frozen=True)
class Words:
    """The texts of a task, in halves."""

    train: list[Document]
    test: list[Document]

    @property
    def rows(self) -> int:
        """Return how many texts are scored."""
        return len(self.test)

    def score(self, model: Any) -> float:
        """Return the mean F1 over the labels but `O`; words are embedded without a prompt."""
        from sklearn.linear_model import SGDClassifier
        from sklearn.metrics import f1_score

        vectors = embed_words(model, [d.words for d in (*self.train, *self.test)])
        train, test = _stacked(vectors[: len(self.train)]), _stacked(vectors[len(self.train) :])
        labels, gold = _labels(self.train), _labels(self.test)
        classifier = SGDClassifier(loss="log_loss", random_state=1, tol=1e-4, n_jobs=-1)
        found = classifier.fit(train, labels).predict(test)
        return float(f1_score(gold, found, average="macro", labels=_kinds(self.test)))


def labelled_words(text: str, entities: Sequence[Entity]) -> Document:
    """Return the words of a text by razdel and their labels.

    As upstream has it: the first word of a text never gets a label, its number 0 passes for no
    word; a word keeps the first label it gets.
    """
    import razdel

    tokens = list(razdel.tokenize(text))
    owner = np.full(len(text), -1)
    for index, token in enumerate(tokens):
        owner[token.start : token.stop] = index
    labels = [OUTSIDE] * len(tokens)
    for kind, start, end in entities:
        begun = False
        for index in owner[start:end]:
            if index > 0 and labels[index] == OUTSIDE:
                labels[index] = f"{'I' if begun else 'B'}-{kind}"
                begun = True
    return Document([token.text for token in tokens], labels)


def _labels(found: Sequence[Document]) -> npt.NDArray[np.str_]:
    return np.array([label for document in found for label in document.labels])


def _kinds(found: Sequence[Document]) -> list[str]:
    return sorted({label for document in found for label in document.labels} - {OUTSIDE})


def _stacked(vectors: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[Any]:
    """Return one array; upstream's is of float64 as soon as a word was cut off."""
    whole = np.concatenate(vectors)
    return whole if whole.any(axis=1).all() else whole.astype(np.float64)
