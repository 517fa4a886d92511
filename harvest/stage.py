"""The harvest as data: its section of a recipe and its two steps."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from rupairs.recipe import RecipePath, Section
from rupairs.steps import Stage, Step


class PairsSection(Section):
    """Which sources give pairs, which of their texts are let in, and how the groups are split.

    The first of two sources that hold the same pair keeps it. Lengths are characters; the longest
    article of the known sources has 303,226.
    """

    sources: tuple[str, ...] = ()
    validation: float = Field(default=0.0, ge=0, lt=1)
    test: float = Field(default=0.0, ge=0, lt=1)
    min_characters: int = Field(default=3, ge=1)
    max_characters: int = Field(default=400_000, ge=1)
    license: str | None = None

    @field_validator("sources")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(names, "pairs")

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
    license: str | None = None

    @field_validator("sources")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(names, "sentences")


class HarvestSection(Section):
    """Where native files come from, and the two tables made of them.

    `from_dir` has one folder a source; without it the files come from the Hugging Face Hub. A
    `license` in one of the tables is that of the files in `from_dir`, if not the source's own.
    """

    from_dir: RecipePath | None = None
    pairs: PairsSection = PairsSection()
    texts: TextsSection = TextsSection()

    @model_validator(mode="after")
    def _license_of_own_files(self) -> Self:
        if self.from_dir is None and (self.pairs.license or self.texts.license):
            raise ValueError("license describes the files in from_dir, which is not set")
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
            "harvest.pairs",
            "Pairs of the open sources, in one schema, each text pair once",
            run="harvest.tables:write_pairs",
            external="harvest.fetch:pair_files",
            enabled=lambda section: bool(section.pairs.sources),
        ),
        Step(
            "harvest.texts",
            "Single sentences, the raw material of anchors",
            run="harvest.tables:write_texts",
            external="harvest.fetch:text_files",
            enabled=lambda section: bool(section.texts.sources),
        ),
    ),
)
