from collections.abc import Sequence

import numpy as np

from ruhnp.balance import evenly
from ruhnp.topics import Topics, find_centres, tell_topics
from rupairs.encoder import Vectors

SUBJECTS = {
    "реки": ["Волга", "Ока", "Кама", "Нева"],
    "птицы": ["грач", "стриж", "сокол", "дятел"],
    "города": ["Псков", "Тула", "Орёл"],
}


class WordVectors:
    """Unit vectors around one direction a subject; the same for the same text."""

    def __init__(self, dimensions: int = 24) -> None:
        draw = np.random.default_rng(0)
        self.common = draw.normal(size=dimensions) * 3
        self.directions = {name: draw.normal(size=dimensions) for name in SUBJECTS}
        self.asked: list[int] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(len(texts))
        vectors = np.stack([self._vector(text) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def _vector(self, text: str) -> np.ndarray:
        name = next(n for n, words in SUBJECTS.items() if any(w in text for w in words))
        noise = np.random.default_rng(abs(sum(map(ord, text)))).normal(size=len(self.common))
        return self.common + self.directions[name] + 0.2 * noise


def texts(copies: int) -> list[tuple[str, str]]:
    """Return (subject, text), mixed."""
    found = [
        (name, f"{word} номер {n}")
        for n in range(copies)
        for name, words in SUBJECTS.items()
        for word in words
    ]
    order = np.random.default_rng(1).permutation(len(found))
    return [found[i] for i in order]


def told(copies: int, count: int, seed: int = 0) -> tuple[list[tuple[str, str]], Topics]:
    given = texts(copies)
    return given, tell_topics([text for _, text in given], WordVectors(), count, seed)


def test_subjects_become_topics_the_largest_first() -> None:
    given, topics = told(copies=40, count=3)
    of_subject: dict[str, set[int]] = {}
    for (subject, _), topic in zip(given, topics.of.tolist(), strict=True):
        of_subject.setdefault(subject, set()).add(topic)
    assert sorted(len(found) for found in of_subject.values()) == [1, 1, 1]
    assert topics.sizes() == [160, 160, 120]
    assert of_subject["города"] == {2}


def test_members_are_ordered_by_nearness() -> None:
    _, topics = told(copies=10, count=3)
    for topic in range(3):
        nearness = [topics.nearness[n] for n in topics.members(topic)]
        assert nearness == sorted(nearness, reverse=True)
        assert len(nearness) == topics.sizes()[topic]


def test_the_same_seed_gives_the_same_topics_and_another_may_not() -> None:
    _, first = told(copies=20, count=5, seed=1)
    _, again = told(copies=20, count=5, seed=1)
    assert np.array_equal(first.of, again.of) and np.array_equal(first.nearness, again.nearness)
    _, other = told(copies=20, count=5, seed=2)
    assert not np.array_equal(first.of, other.of)


def test_each_text_is_encoded_once_in_batches() -> None:
    encoder = WordVectors()
    given = [text for _, text in texts(copies=300)]
    told_of: list[int] = []
    tell_topics(given, encoder, 3, 0, told_of.append)
    assert sum(encoder.asked) == len(given) == sum(told_of)
    assert max(encoder.asked) <= 1024


def test_there_are_no_more_topics_than_different_texts() -> None:
    same = np.ones((6, 4), np.float32) / 2
    assert len(find_centres(same, 5, seed=0)) == 1
    topics = tell_topics(["Волга", "грач"], WordVectors(), 7, seed=0)
    assert sorted(topics.sizes()) == [1, 1]


def test_every_beginning_of_an_even_order_is_even() -> None:
    items = [*(("a", n) for n in range(5)), *(("b", n) for n in range(2)), ("c", 9)]
    order = evenly(items, kind=lambda i: i[0], place=lambda i: (i[1], i[0]))
    assert sorted(order) == sorted(items)
    assert [kind for kind, _ in order] == ["a", "b", "c", "a", "b", "a", "a", "a"]
    assert [n for kind, n in order if kind == "a"] == [0, 1, 2, 3, 4]
