"""The steps of annotation and their settings."""

from typing import Literal, Self

from pydantic import Field, model_validator

from rupairs.recipe import RecipePath, Section
from rupairs.steps import Stage, Step


class PushSection(Section):
    """How many different people are to see each task."""

    overlap: int = Field(default=3, ge=1)


class SimulatedSection(Section):
    """The made-up reviewers of a demo run: how many, and how often they do what.

    `accuracy` is the chance of the right label given that the item is not discarded; `revise` is
    the chance that one of the two texts is retouched, given the same.
    """

    annotators: int = Field(default=3, ge=1)
    accuracy: float = Field(default=0.85, ge=0, le=1)
    discard: float = Field(default=0.1, ge=0, le=1)
    revise: float = Field(default=0.05, ge=0, le=1)


class PullSection(Section):
    """The file that Label Studio exported; its content, not its place, decides the votes."""

    transient = frozenset({"export"})
    export: RecipePath | None = None


class DecisionsSection(Section):
    """How many votes an item needs before it is decided."""

    min_votes: int = Field(default=1, ge=1)


class AnnotationSection(Section):
    """The recipe's [annotation] section."""

    reviewers: Literal["simulated", "export"] = "export"
    push: PushSection = PushSection()
    simulated: SimulatedSection = SimulatedSection()
    pull: PullSection = PullSection()
    decisions: DecisionsSection = DecisionsSection()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.reviewers == "simulated" and self.pull.export is not None:
            raise ValueError('pull.export needs reviewers = "export"')
        return self


def _simulated(section: AnnotationSection) -> bool:
    return section.reviewers == "simulated"


STAGE = Stage(
    "annotation",
    AnnotationSection,
    (
        Step(
            "annotation.push",
            "write review tasks for Label Studio",
            "annotation.tasks:push",
            inputs=("ruwanli.filter",),
        ),
        Step(
            "annotation.simulated",
            "make up votes in place of reviewers",
            "annotation.simulated:simulate",
            inputs=("annotation.push", "ruwanli.filter"),
            enabled=_simulated,
        ),
        Step(
            "annotation.pull",
            "read the reviewers' votes",
            "annotation.pull:pull",
            inputs=("annotation.push",),
            optional_inputs=("annotation.simulated",),
            external="annotation.pull:outside",
        ),
        Step(
            "annotation.decisions",
            "decide each item by strict majority",
            "annotation.decisions:decide",
            inputs=("annotation.pull", "ruwanli.filter"),
        ),
    ),
)
