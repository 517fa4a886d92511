"""The settings of training: what the tables of a recipe say about a model, a merge, a search."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from rupairs.recipe import EncoderSection, Section

Unit = Annotated[float, Field(ge=0, le=1)]


class SourceTraining(Section):
    """How much a source counts: at most `cap` positives, `weight` times its share of the batches.

    `temperature` replaces that of the InfoNCE loss. In a recipe a number alone is the cap.
    """

    cap: int | None = Field(default=None, ge=0)
    weight: float = Field(default=1.0, gt=0)
    temperature: float | None = Field(default=None, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _cap_alone(cls, data: Any) -> Any:
        return {"cap": data} if isinstance(data, int) else data


class ModelTraining(Section):
    """How a model is trained.

    A batch holds one source; sources share the batches by their sizes to the power of `mixing`.
    `only` and `without` name sources; `negatives` is how many hard negatives an example has at
    most. The rate rises over the share `warmup` of the steps, then falls to nothing (`linear`,
    `cosine`) or stays (`constant`). `angle_weight` adds AnglE to InfoNCE over symmetric triples.
    With `mini_batch_size` below `batch_size` gradients are cached. `validate_every` measures the
    loss of held-out pairs so often; `patience` stops after so many measurements without a better
    mean and keeps the best. `bf16` left out means: where it is known to be faster than float32.
    Without `attention_dropout` the other layers keep theirs.
    """

    transient = frozenset({"checkpoint_every", "workers", "report_to", "processes"})
    steps: int = Field(default=200, ge=1)
    batch_size: int = Field(default=16, ge=2)
    mini_batch_size: int | None = Field(default=None, ge=1)
    learning_rate: float = Field(default=2e-5, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    weight_decay: float = Field(default=0.0, ge=0)
    temperature: float = Field(default=0.02, gt=0)
    angle_weight: float = Field(default=0.0, ge=0)
    angle_scale: float = Field(default=20.0, gt=0)
    matryoshka: tuple[Annotated[int, Field(ge=1)], ...] = ()
    max_length: int = Field(default=128, ge=8)
    instructions: bool = True
    initial: Literal["pretrained", "random"] = "pretrained"
    freeze_embeddings: bool = True
    attention_dropout: bool = True
    bf16: bool | None = None
    gradient_checkpointing: bool = False
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sources: dict[str, SourceTraining] = Field(default_factory=dict)
    mixing: Unit = 1.0
    negatives: int = Field(default=1, ge=0)
    validate_every: int | None = Field(default=None, ge=1)
    validation_rows: int = Field(default=256, ge=2)
    patience: int | None = Field(default=None, ge=1)
    checkpoint_every: int = Field(default=50, ge=1)
    processes: int = Field(default=1, ge=1)
    workers: int = Field(default=0, ge=0)
    report_to: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.patience and not self.validate_every:
            raise ValueError("patience needs validate_every")
        if self.batch_size % self.processes:
            raise ValueError(f"batch_size must be a multiple of processes = {self.processes}")
        if self.initial == "random" and self.freeze_embeddings:
            raise ValueError('initial = "random" needs freeze_embeddings = false')
        return self


class Merge(Section):
    """How the symmetric and the asymmetric model become one (LM-Cocktail, arXiv 2311.13534).

    `sweep` takes the weight of the symmetric model that does best on held-out pairs, of `points`
    evenly spaced ones; `softmax` weighs by exp(-loss / temperature) on held-out pairs; `fixed`
    takes `weight`. At most `examples` positives of a source are held-out pairs.
    """

    rule: Literal["sweep", "softmax", "fixed"] = "sweep"
    weight: Unit = 0.5
    temperature: float = Field(default=5.0, gt=0)
    points: int = Field(default=11, ge=2)
    examples: int = Field(default=256, ge=2)


class EncoderTraining(ModelTraining):
    """How the encoder is trained, or merged of two; `start` is what all stages begin with.

    Without `start` it is the encoder of the run.
    """

    transient = ModelTraining.transient | {"start"}  # counts by `Step.decided_by`
    merge: Merge = Merge()
    start: EncoderSection | None = None


class Mining(Section):
    """How hard negatives are found for positives that have none.

    Those ranked `first` to `last` by cosine are candidates; of these the nearest `each` are taken,
    or any (`random`). A candidate must not score above `max_score`, nor above the positive's score
    less `absolute_margin`, nor above it times 1 - `relative_margin`.
    """

    transient = frozenset({"block"})
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    first: int = Field(default=10, ge=0)
    last: int = Field(default=210, ge=1)
    each: int = Field(default=1, ge=1)
    choice: Literal["nearest", "random"] = "random"
    max_score: float | None = None
    absolute_margin: float | None = Field(default=None, ge=0)
    relative_margin: float | None = Field(default=None, ge=0, lt=1)
    block: int = Field(default=1024, ge=1)

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.last <= self.first:
            raise ValueError("last must be greater than first")
        return self
