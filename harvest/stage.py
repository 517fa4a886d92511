"""The harvest as data: its section of a recipe and its steps."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from rupairs.engine import EngineName
from rupairs.recipe import RecipePath, Section
from rupairs.steps import Stage, Step


def _told_of(table: Mapping[str, object], setting: str, names: tuple[str, ...]) -> None:
    if others := sorted(set(table) - set(names)):
        raise ValueError(f"{setting} names {others[0]}, which is not among the sources")


def _own_licenses(table: Mapping[str, str], names: tuple[str, ...]) -> None:
    from harvest.sources import get

    _told_of(table, "licenses", names)
    for name, license_id in table.items():
        if get(name).access:
            raise ValueError(f"licenses.{name}: its terms are {get(name).license} wherever it is")
        if not license_id.strip():
            raise ValueError(f"licenses.{name} is empty; say unknown where no license is stated")


def _found_columns(table: Mapping[str, object]) -> None:
    from harvest.sources import SOURCES

    taking = [s.name for s in SOURCES if s.finds_columns]
    if others := sorted(set(table) - set(taking)):
        raise ValueError(
            f"columns.{others[0]}: its columns are known; sources that take columns: "
            f"{', '.join(taking)}"
        )


class ColumnNames(Section):
    """The columns of one source's files."""

    query: str | None = None
    passage: str | None = None


class RowsSection(Section):
    """Which sources give pairs, and what a single row must be; lengths in characters.

    A side longer than `cut_characters` is cut at the end of a sentence (0: never); 4,000 are more
    than 512 tokens. `columns` names the columns of sources whose columns nobody could look up:
    `columns.fialka = {query = "...", passage = "..."}`. `licenses` are those of a source's files
    in `from_dir`, if not its own: `licenses.lenta = "CC0-1.0"`. `negatives` are the passages named
    as wrong that are taken for each question, where a source has a list of them (mmarco_ru, the
    repack of miracl).
    """

    sources: tuple[str, ...] = ()
    min_characters: int = Field(default=3, ge=1)
    max_characters: int = Field(default=400_000, ge=1)
    cut_characters: int = Field(default=4_000, ge=0)
    check_language: bool = True
    columns: dict[str, ColumnNames] = Field(default_factory=dict)
    licenses: dict[str, str] = Field(default_factory=dict)
    negatives: int = Field(default=1, ge=0, le=100)

    @field_validator("sources")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(names, "pairs")

    @model_validator(mode="after")
    def _of_sources(self) -> Self:
        _told_of(self.columns, "columns", self.sources)
        if self.columns:
            _found_columns(self.columns)
        if self.licenses:
            _own_licenses(self.licenses, self.sources)
        return self


class PairsSection(Section):
    """What the table must not hold, and how its groups are split.

    `near`: pairs whose sides are that much alike are near-duplicates (0: only equal ones go).
    `benchmarks`: a folder of benchmark texts; a side that holds `contamination` of one leaks it,
    and the pair is removed, or only listed in `leaks.parquet` with `leaks = "flag"`.
    """

    near: float = Field(default=0.9, ge=0, le=1)
    benchmarks: RecipePath | None = None
    contamination: float = Field(default=0.8, ge=0.5, le=1)
    leaks: Literal["remove", "flag"] = "remove"
    validation: float = Field(default=0.0, ge=0, lt=1)
    test: float = Field(default=0.0, ge=0, lt=1)
    # The content of the folder is an input of the step; where it lies does not matter.
    transient: ClassVar[frozenset[str]] = frozenset({"benchmarks"})

    @model_validator(mode="after")
    def _leaves_train(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must leave something to train on")
        return self


class TextsSection(Section):
    """Which sources give single texts, what part of their documents, and the lengths let in."""

    sources: tuple[str, ...] = ()
    fraction: float = Field(default=1.0, gt=0, le=1)
    min_characters: int = Field(default=10, ge=1)
    max_characters: int = Field(default=1_000, ge=1)
    check_language: bool = True
    licenses: dict[str, str] = Field(default_factory=dict)

    @field_validator("sources")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(names, "texts")

    @model_validator(mode="after")
    def _of_sources(self) -> Self:
        if self.licenses:
            _own_licenses(self.licenses, self.sources)
        return self


class HarvestSection(Section):
    """Where native files come from, and the tables made of them.

    `from_dir` has one folder a source; without it the files come from the Hugging Face Hub or the
    data set's own site. With `fetch_missing` so do those of sources that have no folder there.
    With `skip_unavailable` the harvest goes on without sources whose files are not to be had.
    `engine` says what runs the work, not what it makes.
    """

    from_dir: RecipePath | None = None
    fetch_missing: bool = False
    skip_unavailable: bool = False
    engine: EngineName = "local"
    rows: RowsSection = RowsSection()
    pairs: PairsSection = PairsSection()
    texts: TextsSection = TextsSection()

    @model_validator(mode="after")
    def _license_of_own_files(self) -> Self:
        if self.from_dir is None and (self.rows.licenses or self.texts.licenses):
            raise ValueError("licenses describes files in from_dir, which is not set")
        if self.from_dir is None and self.fetch_missing:
            raise ValueError("fetch_missing is about folders missing in from_dir, which is not set")
        return self


def _checked(names: tuple[str, ...], gives: str) -> tuple[str, ...]:
    from harvest.sources import SOURCES

    known = [s.name for s in SOURCES if gives in s.gives]
    for n, name in enumerate(names):
        if name not in known:
            raise ValueError(f"{name} gives no {gives}; sources that do: {', '.join(known)}")
        if name in names[:n]:
            raise ValueError(f"{name} is named twice")
    return names


STAGE = Stage(
    "harvest",
    HarvestSection,
    (
        Step(
            "harvest.rows",
            "Rows of the open sources in one schema, checked one by one",
            run="harvest.unify:write_rows",
            external="harvest.fetching.fetch:row_files",
            plan_notes="harvest.planned:terms",
            version=3,
            enabled=lambda section: bool(section.rows.sources),
        ),
        Step(
            "harvest.pairs",
            "Pairs, each once, without leaks of benchmarks, split by groups",
            run="harvest.table:write_pairs",
            inputs=("harvest.rows",),
            external="harvest.benchmarks:benchmark_inputs",
            enabled=lambda section: bool(section.rows.sources),
            version=4,
        ),
        Step(
            "harvest.texts",
            "Single sentences, the raw material of anchors",
            run="harvest.texts:write_texts",
            external="harvest.fetching.fetch:text_files",
            enabled=lambda section: bool(section.texts.sources),
            version=2,
        ),
    ),
)
