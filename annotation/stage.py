"""The steps of annotation and their settings."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from annotation.people import named
from rupairs.recipe import RecipePath, Section
from rupairs.steps import Stage, Step

CANDIDATES = "ruwanli.complete"
"""The step whose rows are reviewed."""
Method = Literal["majority", "wanli", "dawid_skene", "mace"]
"""How votes become a label: a rule of `annotation.aggregation`."""


class PushSection(Section):
    """How the tasks are dealt out, and the server they are put on.

    Each item is for `overlap` different ones of `annotators` (0: as many as the overlap). Of those
    who `left`, by their numbers from 1, every item is dealt to somebody else once more.
    `batch_size` items make a batch; None is one batch. `controls` is a file of pairs with known
    labels; `repeats` is the share of items that an annotator sees twice. With a `url`, or `server`
    and LABEL_STUDIO_URL in the environment, the tasks are put into projects there, called after
    `project` and the annotators' `names` or numbers.
    """

    transient = frozenset({"names", "controls", "url", "server", "project"})
    overlap: int = Field(default=3, ge=1)
    annotators: int = Field(default=0, ge=0)
    names: tuple[str, ...] = ()
    left: tuple[int, ...] = ()
    batch_size: int | None = Field(default=None, ge=1)
    controls: RecipePath | None = None
    repeats: float = Field(default=0.0, ge=0, le=1)
    url: str = ""
    server: bool = False
    project: str = Field(default="RuWANLI", min_length=3, max_length=30)

    @property
    def people(self) -> int:
        """Return how many annotators the tasks are dealt to."""
        return self.annotators or len(self.names) or self.overlap

    @property
    def to_server(self) -> bool:
        """Say whether a server is to be filled and read."""
        return self.server or bool(self.url)

    @model_validator(mode="after")
    def _enough_people(self) -> Self:
        if self.people < self.overlap:
            raise ValueError(f"{self.people} annotators are fewer than the overlap {self.overlap}")
        if self.names and len(set(self.names)) != self.people:
            raise ValueError(f"names: give {self.people} different ones, one for each annotator")
        if strangers := sorted(n for n in {*self.left} if not 1 <= n <= self.people):
            raise ValueError(f"left: there is no annotator {strangers[0]} of {self.people}")
        if self.people - len({*self.left}) < self.overlap:
            raise ValueError(
                f"left: {self.people - len({*self.left})} annotators stay, fewer than the overlap "
                f"{self.overlap}; raise annotation.push.annotators"
            )
        return self


class SimulatedSection(Section):
    """The made-up reviewers of a demo run: how many, and how often they do what.

    `accuracy` is the chance of the right label given that the item is not discarded; `revise` is
    the chance that one of the two texts is retouched, given the same. The last `careless` ones
    take no care: they answer at once and anything.
    """

    annotators: int = Field(default=3, ge=1)
    careless: int = Field(default=0, ge=0)
    accuracy: float = Field(default=0.85, ge=0, le=1)
    discard: float = Field(default=0.1, ge=0, le=1)
    revise: float = Field(default=0.05, ge=0, le=1)


class PullSection(Section):
    """Where the votes come from: exported files, or else the server that `push` filled.

    The content of the files, not their place, decides the votes. Without `refresh` the server is
    not asked: the answers that were read before stand. With `annotators`, named as the votes or
    the server name them, nobody else's answers are votes.
    """

    transient = frozenset({"export", "refresh"})
    export: RecipePath | tuple[RecipePath, ...] | None = None
    refresh: bool = True
    annotators: tuple[str, ...] = ()

    @field_validator("annotators")
    @classmethod
    def _opaque(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(named, names))

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the exported files."""
        if self.export is None:
            return ()
        return self.export if isinstance(self.export, tuple) else (self.export,)


class AdjudicationSection(Section):
    """The adjudicator's answers to the queue, as Label Studio exported them.

    Without a file they are read from the server that the queue is on.
    """

    transient = frozenset({"export"})
    export: RecipePath | None = None


class QualitySection(Section):
    """Whose votes count. A rule that is not set, or for which a worker has few data, is silent.

    `min_control_accuracy` is over at least `min_controls` controls, `min_self_agreement` over
    `min_repeats` repeats, `max_fast_share` (of votes under `fast_seconds`) and `min_entropy` (of
    the labels, in bits) over `min_votes` votes. `keep` and `exclude` name workers in spite of the
    rules; the votes of `adjudicators` win over all others.
    """

    min_control_accuracy: float | None = Field(default=None, ge=0, le=1)
    min_controls: int = Field(default=5, ge=1)
    min_self_agreement: float | None = Field(default=None, ge=0, le=1)
    min_repeats: int = Field(default=5, ge=1)
    max_fast_share: float | None = Field(default=None, ge=0, le=1)
    fast_seconds: float = Field(default=2.0, gt=0)
    min_entropy: float | None = Field(default=None, ge=0, le=2)
    min_votes: int = Field(default=20, ge=1)
    keep: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    adjudicators: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if both := sorted({*self.keep} & {*self.exclude}):
            raise ValueError(f"{both[0]} is in keep and in exclude")
        return self


class DecisionsSection(Section):
    """How the votes on an item become one label, how many it needs, and how sure that must be."""

    method: Method = "majority"
    min_votes: int = Field(default=1, ge=1)
    min_posterior: float | None = Field(default=None, ge=0, le=1)


class QueueSection(Section):
    """Whether the adjudicator sees how the others voted, and whether the queue goes on the server.

    With `server` the items are put into a project on the server that `annotation.push` or the
    environment names, and the adjudicator's answers are read from there.
    """

    transient = frozenset({"server"})
    show_votes: bool = False
    server: bool = False


class ReportSection(Section):
    """The report for whoever runs the annotators: how many disagreements it shows."""

    examples: int = Field(default=20, ge=0)


class AnnotationSection(Section):
    """The recipe's [annotation] section."""

    reviewers: Literal["simulated", "export"] = "export"
    push: PushSection = PushSection()
    simulated: SimulatedSection = SimulatedSection()
    pull: PullSection = PullSection()
    adjudication: AdjudicationSection = AdjudicationSection()
    quality: QualitySection = QualitySection()
    decisions: DecisionsSection = DecisionsSection()
    queue: QueueSection = QueueSection()
    report: ReportSection = ReportSection()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.reviewers == "simulated" and self.pull.export is not None:
            raise ValueError('pull.export needs reviewers = "export"')
        if self.reviewers == "simulated" and self.push.to_server:
            raise ValueError('a server needs reviewers = "export"')
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
            "annotation.push:push",
            inputs=(CANDIDATES,),
            external="annotation.push:outside",
            version=2,
        ),
        Step(
            "annotation.simulated",
            "make up votes in place of reviewers",
            "annotation.simulated:simulate",
            inputs=("annotation.push", CANDIDATES),
            enabled=_simulated,
        ),
        Step(
            "annotation.pull",
            "read the reviewers' votes",
            "annotation.pull:pull",
            inputs=("annotation.push",),
            optional_inputs=("annotation.simulated",),
            external="annotation.pull:outside",
            version=2,
        ),
        Step(
            "annotation.adjudication",
            "read the adjudicator's votes, if there are any",
            "annotation.adjudication:read",
            inputs=(CANDIDATES,),
            external="annotation.adjudication:outside",
            version=2,
        ),
        Step(
            "annotation.quality",
            "judge the annotators, set votes aside by the recipe's rules",
            "annotation.quality:check",
            inputs=("annotation.push", "annotation.pull", "annotation.adjudication", CANDIDATES),
            version=2,
        ),
        Step(
            "annotation.decisions",
            "decide each item by the votes that count",
            "annotation.decisions:decide",
            inputs=("annotation.quality", CANDIDATES),
            version=3,
        ),
        Step(
            "annotation.queue",
            "queue the undecided items for an adjudicator",
            "annotation.adjudication:queue",
            inputs=("annotation.decisions", "annotation.quality", CANDIDATES),
            external="annotation.adjudication:place",
        ),
        Step(
            "annotation.report",
            "show progress, agreement and annotators on one page",
            "annotation.report:report",
            inputs=(
                "annotation.push",
                "annotation.pull",
                "annotation.quality",
                "annotation.decisions",
                CANDIDATES,
            ),
            version=2,
        ),
    ),
)
