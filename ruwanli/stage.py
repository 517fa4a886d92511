"""The steps of RuWANLI and their settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from rupairs.recipe import EncoderSection, RecipePath, Section
from rupairs.steps import Stage, Step

PROMPTS = Path(__file__).parent / "prompts"


class CartographySection(Section):
    """The task model and its training, by default that of WANLI; lengths in tokens.

    `model` is `encoder` (that of the run), a Hub id or a folder of any transformers encoder.
    `sources` empty means every source with NLI relations; XNLI and those of `evaluation_sources`
    are refused, or with `chart_evaluation_sets` marked, with all that grows from them. At most
    `per_label` rows of each label are charted. A share `heldout` of them, in groups, is only
    scored. `warmup` is a share of the steps. `bf16` unset means: where it is known to be faster.
    """

    model: str = "encoder"
    revision: str | None = None
    license: str = ""
    sources: tuple[str, ...] = ()
    evaluation_sources: tuple[str, ...] = ()
    chart_evaluation_sets: bool = False
    per_label: int | None = Field(default=None, ge=1)
    heldout: float = Field(default=0.0, ge=0, lt=1)
    epochs: int = Field(default=5, ge=1)
    learning_rate: float = Field(default=1e-5, gt=0)
    batch_size: int = Field(default=32, ge=1)
    warmup: float = Field(default=0.06, ge=0, lt=1)
    weight_decay: float = Field(default=0.1, ge=0)
    clip: float = Field(default=1.0, gt=0)
    max_length: int = Field(default=128, ge=8)
    freeze_embeddings: bool = False
    bf16: bool | None = None

    @field_validator("model")
    @classmethod
    def _folder(cls, model: str, info: ValidationInfo) -> str:
        folder: Path = (info.context or {}).get("base", Path()) / Path(model).expanduser()
        # A folder of this very name is not what `encoder` means.
        return str(folder.resolve()) if model != "encoder" and folder.is_dir() else model

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide the result, a local folder by its contents."""
        if self.model == "encoder":
            return super().identity()
        model = EncoderSection(model=self.model).identity()
        return super().identity() | {k: model[k] for k in ("model", "files") if k in model}


class SeedsSection(Section):
    """Which NLI rows become seeds; `sources` empty means every source that was charted.

    Of each label the most variable `fraction` is drawn from, at most `per_label` rows and
    `per_source` of one source; each comes with its nearest `neighbours` of the same label. With
    `only_redistributable`, rows whose license forbids passing them on are neither.
    """

    sources: tuple[str, ...] = ()
    fraction: float = Field(default=0.25, gt=0, le=1)
    per_label: int = Field(default=25_000, ge=1)
    per_source: int | None = Field(default=None, ge=1)
    neighbours: int = Field(default=4, ge=0)
    only_redistributable: bool = False


class GenerateSection(Section):
    """How many new examples are asked for per seed, and with which prompt."""

    per_seed: int = Field(default=5, ge=1)
    prompt: str = "pair.v1"


class FilterSection(Section):
    """Length bounds in characters; when two pairs are near-duplicates; what goes to review.

    `near`: pairs of one label whose sides are that much alike (0: only equal pairs go). `keep`:
    of what is left the most variable share goes to review, at most `per_label` of each label.
    Texts that share `contamination` of a text with the files in the folder `benchmarks`, by default
    that of [harvest.pairs], do not go.
    """

    # The content of the folder is an input of the step; where it lies does not matter.
    transient: ClassVar[frozenset[str]] = frozenset({"benchmarks"})

    min_characters: int = Field(default=5, ge=1)
    max_characters: int = Field(default=400, ge=1)
    near: float = Field(default=0.9, ge=0, le=1)
    benchmarks: RecipePath | None = None
    contamination: float = Field(default=0.8, ge=0.5, le=1)
    keep: float = Field(default=0.5, gt=0, le=1)
    per_label: int | None = Field(default=None, ge=1)


class CompleteSection(Section):
    """For which premises the hypotheses they lack are asked for, and with which prompts.

    Of the premises that lack an intended entailment or contradiction, a share `fraction` gets
    what it lacks, at most `limit` premises; 0 is none. All of it has to be reviewed.
    """

    fraction: float = Field(default=1.0, ge=0, le=1)
    limit: int | None = Field(default=None, ge=0)
    entailment_prompt: str = "entailment.v1"
    contradiction_prompt: str = "contradiction.v1"


class ReleaseSection(Section):
    """The splits, in rows; what grew from one seed or one premise is never in two.

    The held-out ones are filled first; `train` gets what is left, at most so many rows.
    """

    train: int | None = Field(default=None, ge=1)
    validation: int = Field(default=2_360, ge=0)
    test: int = Field(default=5_000, ge=0)


class RuwanliSection(Section):
    """The recipe's [ruwanli] section; candidates are kept out of the benchmarks that pairs are."""

    inherited: ClassVar[Mapping[str, str]] = {"filter.benchmarks": "harvest.pairs.benchmarks"}
    cartography: CartographySection = CartographySection()
    seeds: SeedsSection = SeedsSection()
    generate: GenerateSection = GenerateSection()
    filter: FilterSection = FilterSection()
    complete: CompleteSection = CompleteSection()
    release: ReleaseSection = ReleaseSection()


STAGE = Stage(
    "ruwanli",
    RuwanliSection,
    (
        Step(
            "ruwanli.cartography",
            "train a classifier and chart how its mind changes about every row",
            "ruwanli.cartography:chart",
            inputs=("harvest.pairs",),
            core=("encoder",),
            version=2,
        ),
        Step(
            "ruwanli.seeds",
            "draw the most ambiguous rows and find their neighbours",
            "ruwanli.seeds:draw",
            inputs=("harvest.pairs", "ruwanli.cartography"),
            version=3,
        ),
        Step(
            "ruwanli.generate",
            "ask the model for pairs with the same relation",
            "ruwanli.generate:generate",
            inputs=("ruwanli.seeds",),
            core=("llm",),
            plan="ruwanli.generate:plan",
            version=2,
        ),
        Step(
            "ruwanli.filter",
            "drop faults and repeats, keep the most variable",
            "ruwanli.filter:filter_candidates",
            inputs=("ruwanli.generate", "ruwanli.cartography", "harvest.pairs"),
            external="ruwanli.filter:outside",
            version=2,
        ),
        Step(
            "ruwanli.complete",
            "ask for the hypotheses that premises lack",
            "ruwanli.complete:complete",
            inputs=("ruwanli.filter", "ruwanli.cartography", "harvest.pairs"),
            core=("llm",),
            external="ruwanli.complete:outside",
            plan="ruwanli.complete:plan",
            version=3,
        ),
        Step(
            "ruwanli.release",
            "join the reviewers' decisions and make splits",
            "ruwanli.release:release",
            inputs=(
                "ruwanli.seeds",
                "ruwanli.generate",
                "ruwanli.filter",
                "ruwanli.complete",
                "annotation.decisions",
            ),
            version=2,
        ),
    ),
)
