"""The steps of RuHNP and their settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from rupairs.recipe import EncoderSection, Recipe, RecipePath, Section
from rupairs.steps import Stage, Step

PROMPTS = Path(__file__).parent / "prompts"


class AnchorsSection(Section):
    """Which sentences become anchors; lengths in characters.

    A pool of `surplus` times the limit is drawn first. Of it go sentences `near` alike to another
    (0: only equal ones), and those that share `contamination` of a text with the files in the
    folder `benchmarks`, by default that of [harvest.pairs]. Half of the anchors are at most
    `target_median` long (0: lengths as they come). `topics` clusters are told by the run's encoder
    and drawn from evenly (0: not told).
    """

    # The content of the folder is an input of the step; where it lies does not matter.
    transient: ClassVar[frozenset[str]] = frozenset({"benchmarks"})
    limit: int = Field(default=100_000, ge=1)
    min_characters: int = 40
    max_characters: int = 300
    target_median: int = Field(default=115, ge=0)
    surplus: float = Field(default=1.5, ge=1)
    near: float = Field(default=0.9, ge=0, le=1)
    topics: int = Field(default=0, ge=0)
    benchmarks: RecipePath | None = None
    contamination: float = Field(default=0.8, ge=0.5, le=1)


class GenerateSection(Section):
    """How many texts are asked for per anchor, and with which prompts (`prompts/*.toml`).

    With `rules`, rule-made texts stand beside the model's. Anchors with fewer than `enough_*`
    texts that pass [ruhnp.verify] are asked about again, up to `top_up_rounds` times, for
    `surplus` times what is missing: not every answer will do.
    """

    surplus: ClassVar[int] = 2

    positives: int = Field(default=5, ge=1)
    negatives: int = Field(default=5, ge=1)
    positive_prompt: str = "paraphrase.v1"
    negative_prompt: str = "hard_negative.v3"
    rules: bool = False
    top_up_rounds: int = Field(default=0, ge=0)
    enough_positives: int = Field(default=5, ge=0)
    enough_negatives: int = Field(default=5, ge=0)


class JudgeSection(Section):
    """A judge of meaning: whether text and anchor follow from each other.

    `llm` asks the run's [llm] with a prompt (`prompts/*.toml`); `nli` scores with a cross-encoder,
    a Hub id or a folder, whose labels must be named. In both directions a positive must reach
    `min_positive_entailment` (0–1), and a negative must not reach `max_negative_entailment`.
    """

    transient = frozenset({"batch_size"})
    kind: Literal["llm", "nli"]
    model: str = ""
    revision: str | None = None
    license: str = ""
    prompt: str = "judge.v1"
    max_tokens: int = Field(default=48, ge=1)
    min_positive_entailment: float = Field(default=0.5, ge=0, le=1)
    max_negative_entailment: float = Field(default=0.5, ge=0, le=1)
    max_length: int = Field(default=256, ge=8)
    batch_size: int = Field(default=32, ge=1)

    @field_validator("model")
    @classmethod
    def _folder(cls, model: str, info: ValidationInfo) -> str:
        folder: Path = (info.context or {}).get("base", Path()) / Path(model).expanduser()
        return str(folder.resolve()) if model and folder.is_dir() else model

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.kind == "nli" and not self.model:
            raise ValueError('kind = "nli" needs model = a Hub id or a folder')
        if self.kind == "llm" and self.model:
            raise ValueError('kind = "llm" asks the model of [llm]; leave model out')
        return self

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide the result, a local folder by its contents."""
        model = EncoderSection(model=self.model).identity() if self.model else {}
        return super().identity() | {k: model[k] for k in ("model", "files") if k in model}


class VerifySection(Section):
    """Which checks are made (all, unless `checks` names some) and their thresholds.

    Similarities are cosines of the run's encoder, other ratios are of characters; a ceiling is
    off unless set. With `shown_difference` a negative needs a difference that a plain check can
    point at: a number, a negation, an antonym or a name. `measure` is a folder of labelled pairs
    that the checks are tried on; of each set there `measure_pairs` are drawn (0: all), and pairs
    that overlap by `measure_overlap` or more are what the checks of negatives are tried on.
    """

    # The content of the folder is an input of the step; where it lies does not matter.
    transient: ClassVar[frozenset[str]] = frozenset({"measure"})
    checks: tuple[str, ...] | None = None
    min_length_ratio: float = 0.5
    max_length_ratio: float = 2.0
    max_positive_overlap: float = 0.95
    max_row_overlap: float = 0.95
    min_positive_similarity: float = 0.93
    max_positive_similarity: float | None = None
    min_negative_similarity: float = 0.85
    max_negative_similarity: float | None = None
    shown_difference: bool = False
    judge: JudgeSection | None = None
    measure: RecipePath | None = None
    measure_pairs: int = Field(default=0, ge=0)
    measure_overlap: float = Field(default=0.6, ge=0, le=1)

    @field_validator("checks")
    @classmethod
    def _known(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        from ruhnp.verify import NAMES

        for name in names or ():
            if name not in NAMES:
                raise ValueError(f"{name} is no check; checks: {', '.join(NAMES)}")
        return names

    def wants(self, check: str) -> bool:
        """Whether a check is switched on."""
        return self.checks is None or check in self.checks

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide the result."""
        judge = self.judge.identity() if self.judge else None
        return super().identity() | {"judge": judge}

    def passing(self) -> dict[str, Any]:
        """Return the settings that decide which texts pass."""
        settings = self.identity()
        return {name: v for name, v in settings.items() if not name.startswith("measure")}


class ReleaseSection(Section):
    """How many texts a row keeps, what a complete row is, and the splits in rows.

    The held-out splits are filled first; `train` gets what is left, at most so many rows.
    """

    max_positives: int = 5
    max_negatives: int = 5
    min_positives: int = Field(default=5, ge=1)
    min_negatives: int = Field(default=5, ge=1)
    train: int | None = Field(default=None, ge=1)
    validation: int = Field(default=590, ge=0)
    test: int = Field(default=2_000, ge=0)

    @model_validator(mode="after")
    def _takes_what_it_needs(self) -> Self:
        for side in ("positives", "negatives"):
            most, least = getattr(self, f"max_{side}"), getattr(self, f"min_{side}")
            if most < least:
                raise ValueError(f"max_{side} = {most} is under min_{side} = {least}")
        return self


class RuhnpSection(Section):
    """The recipe's [ruhnp] section; anchors are kept out of the benchmarks that pairs are."""

    inherited: ClassVar[Mapping[str, str]] = {"anchors.benchmarks": "harvest.pairs.benchmarks"}
    anchors: AnchorsSection = AnchorsSection()
    generate: GenerateSection = GenerateSection()
    verify: VerifySection = VerifySection()
    release: ReleaseSection = ReleaseSection()


def _top_up(recipe: Recipe) -> dict[str, Any]:
    """Return what decides which anchors are asked about again, if any are."""
    section: Any = recipe.sections["ruhnp"]
    if not section.generate.top_up_rounds:
        return {}
    return {"verify": section.verify.passing(), "encoder": recipe.encoder.identity()}


STAGE = Stage(
    "ruhnp",
    RuhnpSection,
    (
        Step(
            "ruhnp.anchors",
            "choose self-contained sentences",
            "ruhnp.anchors:choose",
            inputs=("harvest.texts",),
            core=("encoder",),
            external="ruhnp.anchors:outside",
            version=2,
        ),
        Step(
            "ruhnp.generate",
            "ask the model for paraphrases and hard negatives",
            "ruhnp.generate:generate",
            inputs=("ruhnp.anchors",),
            core=("llm",),
            decided_by=_top_up,
            plan="ruhnp.generate:plan",
            plan_more="ruhnp.generate:plan_top_ups",
            version=6,
        ),
        Step(
            "ruhnp.verify",
            "check every generated text",
            "ruhnp.verify:verify",
            inputs=("ruhnp.generate",),
            core=("encoder", "llm"),
            external="ruhnp.measure:measured_files",
            plan="ruhnp.judge:plan",
            plan_more="ruhnp.judge:plan_top_ups",
            version=6,
        ),
        Step(
            "ruhnp.release",
            "make rows and splits",
            "ruhnp.release:release",
            inputs=("ruhnp.verify", "ruhnp.generate"),
            version=3,
        ),
    ),
)
