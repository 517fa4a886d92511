"""The training stage as data: its recipe section and its two steps."""

from typing import Annotated, Literal

from pydantic import Field

from rupairs.recipe import RecipePath, Section
from rupairs.steps import Stage, Step

Task = Literal["STS", "PI"]


class EncoderTraining(Section):
    """How the encoder is trained; `sources` caps the positive pairs taken from a source.

    `bf16` left out means: where it is known to be faster than float32.
    """

    transient = frozenset({"checkpoint_every"})
    steps: int = Field(default=200, ge=1)
    batch_size: int = Field(default=16, ge=2)
    learning_rate: float = Field(default=2e-5, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    temperature: float = Field(default=0.02, gt=0)
    max_length: int = Field(default=128, ge=8)
    freeze_embeddings: bool = True
    bf16: bool | None = None
    checkpoint_every: int = Field(default=50, ge=1)
    sources: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)


class EvaluationSection(Section):
    """What the encoder is measured on; `encodechka` is a folder with Encodechka's files."""

    # The files themselves count, by their hashes, not the place where they lie.
    transient = frozenset({"encodechka"})
    encodechka: RecipePath | None = None
    tasks: tuple[Task, ...] = ("STS", "PI")


class TrainingSection(Section):
    """The `training` section of a recipe."""

    encoder: EncoderTraining = EncoderTraining()
    evaluation: EvaluationSection = EvaluationSection()


STAGE = Stage(
    name="training",
    section=TrainingSection,
    steps=(
        Step(
            name="training.encoder",
            title="Encoder trained on the pairs",
            run="training.run:train",
            optional_inputs=("harvest.pairs", "ruhnp.release", "ruwanli.release"),
            core=("encoder",),
        ),
        Step(
            name="training.evaluation",
            title="Encoder before and after training",
            run="training.evaluation.report:evaluate",
            inputs=("training.encoder",),
            optional_inputs=("ruhnp.release",),
            core=("encoder",),
            external="training.evaluation.encodechka:file_hashes",
        ),
    ),
)
