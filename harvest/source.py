"""The source: what a data set is called, allows and gives, and the two functions that read it.

A source never filters. It turns every native row into a `Pair` or a `Sentence`, or says in an
`Unusable` why that row gives none; what is kept is decided later, in one place for all of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rupairs.errors import RupairsError
from rupairs.pairs import POSITIVE, Pair, group_id
from rupairs.sentences import Sentence
from rupairs.text import clean, share


@dataclass(frozen=True)
class HubFiles:
    """Files of one Hugging Face data set, by globs; without a revision, of its main branch."""

    repo: str
    files: tuple[str, ...]
    revision: str | None = None


@dataclass(frozen=True)
class Unusable:
    """A native row that gives no pair: the row, a one-word reason, and what shows it."""

    row: Mapping[str, Any]
    reason: str
    evidence: str = ""


@dataclass(frozen=True)
class Native:
    """The native files of one source on this machine, by their names relative to its folder.

    `revision` is the hub commit, or a hash of the files when they were given. Documents outside
    the sampled `fraction` are skipped by sources of running text.
    """

    source: str
    where: str
    files: Mapping[str, Path]
    revision: str
    license: str
    fraction: float = 1.0
    seed: int = 0
    tick: Callable[[str], None] = field(default=lambda note: None, compare=False)

    def optional(self, *globs: str) -> list[Path]:
        """Return the files of the first of `globs` that matches any, in order of their names."""
        for glob in globs:
            if found := [self.files[n] for n in sorted(self.files) if PurePosixPath(n).match(glob)]:
                return found
        return []

    def some(self, *globs: str) -> list[Path]:
        """Return what `optional` does; `RupairsError` if that is nothing."""
        if found := self.optional(*globs):
            return found
        raise RupairsError(
            f"{self.where}: {self.source} needs {' or '.join(globs)}; "
            f"found: {', '.join(sorted(self.files)) or 'none of its files'}"
        )

    def takes(self, document: str) -> bool:
        """Say whether a document is in the sample, a function of its id and the seed."""
        return self.fraction >= 1 or share(document, self.seed, "sample") < self.fraction


Pairs = Callable[[Native], Iterator[Pair | Unusable]]
Sentences = Callable[[Native], Iterator[Sentence | Unusable]]


@dataclass(frozen=True)
class Source:
    """One open data set.

    `files` are globs of its native files in a folder of one's own; `expected` is the number of
    positive pairs that the card of USER-base reports. `license` is an SPDX id where there is one,
    `unknown` where the publisher states none.
    """

    name: str
    title: str
    license: str
    license_url: str
    url: str
    citation: str
    files: tuple[str, ...]
    relations: tuple[str, ...] = ()
    symmetric: bool = True
    expected: int | None = None
    hub: tuple[HubFiles, ...] = ()
    pairs: Pairs | None = None
    sentences: Sentences | None = None
    note: str = ""

    @property
    def gives(self) -> str:
        """Return what the source is read for: `pairs`, `sentences` or both."""
        parts = (("pairs", self.pairs), ("sentences", self.sentences))
        return " and ".join(name for name, read in parts if read)

    def pair(
        self,
        native: Native,
        row: str,
        sides: tuple[str, str],
        relation: str,
        polarity: int = POSITIVE,
    ) -> Pair:
        """Return the pair of two native texts, cleaned; pairs that share a query form a group."""
        query, passage = map(clean, sides)
        return Pair(
            query=query,
            passage=passage,
            relation=relation,
            polarity=polarity,
            symmetric=self.symmetric,
            group_id=group_id(query),
            source=self.name,
            source_revision=native.revision,
            source_row=row,
            license=native.license,
        )

    def sentence(self, native: Native, row: str, text: str, title: str = "") -> Sentence:
        """Return one native text, cleaned."""
        return Sentence(
            text=clean(text),
            title=clean(title),
            source=self.name,
            source_revision=native.revision,
            source_row=row,
            license=native.license,
        )
