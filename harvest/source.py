"""The source: what a data set is called, allows and gives, and the function that reads it.

A source never filters. It turns every native row into drafts of pairs or into single texts, or
says in an `Unusable` why that row gives none; what is kept is decided later, in one place for all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa

from rupairs.errors import RupairsError
from rupairs.pairs import POSITIVE
from rupairs.text import share


@dataclass(frozen=True)
class HubFiles:
    """Files of one Hugging Face data set, by globs; without a revision, of its main branch.

    `unpinned` says why the revision is no commit.
    """

    repo: str
    files: tuple[str, ...]
    revision: str | None = None
    unpinned: str = ""


# Reasons for `unpinned`.
NO_COMMIT = "no listing of the files at a known commit was at hand when this was written"
CONVERTED = "the Hub rewrites this branch when it converts the data set anew; its commits go"


@dataclass(frozen=True)
class SiteFile:
    """One file of the data set's original site: its address and the name it gets here."""

    url: str
    name: str


@dataclass(frozen=True)
class Unusable:
    """A native row that gives no pair: the row, a one-word reason, and what shows it."""

    row: Mapping[str, Any]
    reason: str
    evidence: str = ""


class Draft(NamedTuple):
    """Two native texts as they stand in the file, and how they relate.

    `row` names the native row (unique in the source). Pairs of one `group` never straddle splits;
    "" means: those that share the query.
    """

    row: str
    query: str
    passage: str
    relation: str
    polarity: int = POSITIVE
    group: str = ""


class Excerpt(NamedTuple):
    """One native text as it stands in the file; `row` names its place, `title` its document."""

    row: str
    text: str
    title: str = ""


DRAFT_SCHEMA = pa.schema(
    [
        pa.field("row", pa.string()),
        pa.field("query", pa.string()),
        pa.field("passage", pa.string()),
        pa.field("relation", pa.string()),
        pa.field("polarity", pa.int8()),
        pa.field("group", pa.string()),
    ]
)


@dataclass(frozen=True)
class Native:
    """The native files of one source on this machine, by their names relative to its folder.

    `revision` is the hub commit, or a hash of the files. `columns` are the recipe's answers for
    columns that nobody could look up, `negatives` how many wrong passages of a question it wants.
    Documents outside the sampled `fraction` are skipped by sources of running text, and `documents`
    counts those read and taken; `say` tells the person at the terminal, `tick` the progress bar.
    """

    source: str
    where: str
    files: Mapping[str, Path]
    revision: str
    license: str
    columns: Mapping[str, str] = field(default_factory=dict)
    negatives: int = 1
    fraction: float = 1.0
    seed: int = 0
    documents: Counter[str] = field(default_factory=Counter, compare=False)
    tick: Callable[[str], None] = field(default=lambda note: None, compare=False)
    say: Callable[[str], None] = field(default=lambda line: None, compare=False)

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
        """Say whether a document is in the sample, a function of its id and the seed; count it."""
        taken = self.fraction >= 1 or share(document, self.seed, "sample") < self.fraction
        self.documents.update(read=1, taken=int(taken))
        return taken


# A table has the columns of DRAFT_SCHEMA: whole columns of Parquet never pass through Python.
Pairs = Callable[[Native], Iterator[Draft | Unusable | pa.Table]]
Texts = Callable[[Native], Iterator[Excerpt | Unusable]]


@dataclass(frozen=True)
class Source:
    """One open data set.

    `files` are globs of its native files in a folder of one's own; `hub` and `site` say where they
    can be fetched. `expected` is the number of positive pairs that the card of USER-base reports,
    `counts` those that a whole copy is known to give (several routes, several counts), and `why`
    says what is known of the difference. `license` is an SPDX id where there is
    one, `unknown` where the publisher states none; `license_of` gives that of the files with some
    names, where layouts of different publishers differ in it. `languages` are those of query and
    passage. `access` says how to get files that nobody may pass on. `finds_columns` marks sources
    whose columns nobody could look up, and which take the recipe's.
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
    languages: tuple[str, str] = ("ru", "ru")
    expected: int | None = None
    counts: tuple[int, ...] = ()
    why: str = ""
    hub: tuple[HubFiles, ...] = ()
    site: tuple[SiteFile, ...] = ()
    access: str = ""
    finds_columns: bool = False
    license_of: Callable[[Iterable[str]], str] | None = None
    pairs: Pairs | None = None
    texts: Texts | None = None
    note: str = ""

    @property
    def gives(self) -> str:
        """Return what the source is read for: `pairs`, `texts` or both."""
        parts = (("pairs", self.pairs), ("texts", self.texts))
        return " and ".join(name for name, read in parts if read)
