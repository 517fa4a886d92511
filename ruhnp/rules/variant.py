"""What a rule yields: a text, which way it went, and what was changed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ruhnp.rules.sentence import Sentence
from rupairs.text import share

Kind = Literal["positive", "negative"]
T = TypeVar("T")


@dataclass(frozen=True)
class Variant:
    """One text made from an anchor; `evidence` shows the change, as «вдвое → втрое»."""

    text: str
    kind: Kind
    change: str
    evidence: str


@dataclass(frozen=True)
class Draw:
    """Choices that depend on nothing but the anchor, the seed and their purpose."""

    anchor: str
    seed: int

    def one(self, options: Sequence[T], purpose: str) -> T:
        """Return one of `options`, which must not be empty."""
        return options[int(share(self.anchor, self.seed, purpose) * len(options))]

    def order(self, options: Sequence[T], purpose: str) -> list[T]:
        """Return `options` in a drawn order."""
        drawn = [share(self.anchor, self.seed, f"{purpose} {i}") for i in range(len(options))]
        return [options[i] for i in sorted(range(len(options)), key=lambda i: (drawn[i], i))]


@dataclass(frozen=True)
class Edit:
    """One way to rewrite a sentence: (start, stop, new text) spans that do not overlap."""

    spans: tuple[tuple[int, int, str], ...]
    evidence: str


@dataclass(frozen=True)
class Rule:
    """One kind of change: `find` yields the edits it is sure of, and no others."""

    name: str
    kind: Kind
    change: str
    find: Callable[[Sentence, Draw], Iterator[Edit]]
    most: int = 2
