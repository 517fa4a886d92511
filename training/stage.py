"""The training stage as data: its recipe section and its steps.

With `[training.encoder]` alone one model is trained on all pairs. With `[training.symmetric]` and
`[training.asymmetric]` beside it, two are trained and merged; `[training.stage1]` comes before
either way. The three tables take from `[training.encoder]` what they leave out.
"""

from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from rupairs.recipe import Recipe, RecipePath, Section
from rupairs.steps import Stage, Step
from training.settings import EncoderTraining, Mining, ModelTraining

Task = Literal["STS", "PI", "NLI", "SA", "TI", "IA", "IC", "ICX", "NE1", "NE2"]
Mode = Literal["fixed", "official", "both"]

DATA = ("harvest.pairs", "ruhnp.release", "ruwanli.release")
PARTS = ("symmetric", "asymmetric")
_OF_ENCODER = ("merge", "start", "only", "without")
_OWN: dict[str, dict[str, Any]] = {
    "stage1": {"only": ["mmarco_ru"]},
    "symmetric": {"angle_weight": 1.0},
    "asymmetric": {"angle_weight": 0.0},
}


class EvaluationSection(Section):
    """What the encoder is measured on, before and after training.

    `encodechka` is a folder with Encodechka's files, of which `rows` spread over each are read;
    `mode` is `fixed` (the encoder's own pooling), `official` (the best of several) or `both`.
    `prompt` left out is the trained encoder's own, for both. With `bf16` scores on Encodechka are
    computed in half precision. `retrieval` is a stage directory of
    pairs or a JSON file in SQuAD's form, `mteb` names benchmarks, `compare` other encoders that
    are timed beside the run's own.
    """

    # The files themselves count, by their hashes, not the place where they lie.
    transient = frozenset({"encodechka", "retrieval"})
    encodechka: RecipePath | None = None
    tasks: tuple[Task, ...] = get_args(Task)
    rows: int | None = Field(default=None, ge=20)
    mode: Mode = "both"
    prompt: str | None = None
    bf16: bool = False
    cosine_rows: int = Field(default=5_000, ge=2)
    retrieval: RecipePath | None = None
    mteb: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()


class TrainingSection(Section):
    """The `training` section of a recipe."""

    encoder: EncoderTraining = EncoderTraining()
    stage1: ModelTraining | None = None
    symmetric: ModelTraining | None = None
    asymmetric: ModelTraining | None = None
    negatives: Mining | None = None
    evaluation: EvaluationSection = EvaluationSection()

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, data: Any) -> Any:
        """Fill in what the tables of the phases leave out.

        The sources of stage 1 are left out of what follows it, unless that names its own.
        """
        filled = dict(data)
        encoder = dict(filled.get("encoder", {}))
        common = {k: v for k, v in encoder.items() if k not in _OF_ENCODER}
        choice = {k: v for k, v in encoder.items() if k in ("only", "without")}
        if filled.get("stage1") is not None:
            filled["stage1"] = _OWN["stage1"] | common | dict(filled["stage1"])
            choice = {"without": filled["stage1"]["only"]} | choice
            filled["encoder"] = choice | encoder
        for phase in PARTS:
            if filled.get(phase) is not None:
                filled[phase] = _OWN[phase] | common | choice | dict(filled[phase])
        return filled

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.symmetric is None) != (self.asymmetric is None):
            raise ValueError("symmetric and asymmetric: a merge needs both tables; or give neither")
        return self


def _start(recipe: Recipe) -> dict[str, Any]:
    """Return what decides what training begins with, if that is not the run's encoder."""
    section: Any = recipe.sections["training"]
    start = section.encoder.start
    return {"start": start.identity()} if start else {}


STAGE = Stage(
    name="training",
    section=TrainingSection,
    steps=(
        Step(
            name="training.stage1",
            title="Contrastive pre-training on questions and passages",
            run="training.run:train",
            optional_inputs=DATA,
            core=("encoder",),
            decided_by=_start,
            enabled=lambda section: section.stage1 is not None,
        ),
        Step(
            name="training.negatives",
            title="Hard negatives found by the encoder",
            run="training.negatives:mine",
            optional_inputs=(*DATA, "training.stage1"),
            core=("encoder",),
            decided_by=_start,
            enabled=lambda section: section.negatives is not None,
        ),
        *(
            Step(
                name=f"training.{name}",
                title=f"Model of the {name} pairs",
                run="training.run:train",
                optional_inputs=(*DATA, "training.negatives", "training.stage1"),
                core=("encoder",),
                decided_by=_start,
                enabled=lambda section: section.symmetric is not None,
            )
            for name in PARTS
        ),
        Step(
            name="training.encoder",
            title="Encoder trained on the pairs",
            run="training.run:train_or_merge",
            optional_inputs=(
                *DATA,
                "training.negatives",
                "training.stage1",
                *(f"training.{name}" for name in PARTS),
            ),
            core=("encoder",),
            decided_by=_start,
            version=2,
        ),
        Step(
            name="training.evaluation",
            title="Encoder before and after training",
            run="training.evaluation.report:evaluate",
            inputs=("training.encoder",),
            optional_inputs=(*DATA, "training.stage1", *(f"training.{part}" for part in PARTS)),
            core=("encoder",),
            decided_by=_start,
            external="training.evaluation.measures:file_hashes",
            version=3,
        ),
    ),
)
