"""The steps of RuHNP and their settings."""

from pathlib import Path

from pydantic import Field

from rupairs.recipe import Section
from rupairs.steps import Stage, Step

PROMPTS = Path(__file__).parent / "prompts"


class AnchorsSection(Section):
    """Which sentences become anchors; lengths in characters."""

    limit: int = Field(default=100_000, ge=1)
    min_characters: int = 40
    max_characters: int = 300


class GenerateSection(Section):
    """How many texts are asked for per anchor, and with which prompts (`prompts/*.toml`).

    With `rules`, rule-made texts stand beside the model's. Anchors with fewer than `enough_*`
    texts that pass the plain checks are asked about again, up to `top_up_rounds` times.
    """

    positives: int = Field(default=5, ge=1)
    negatives: int = Field(default=5, ge=1)
    positive_prompt: str = "paraphrase.v1"
    negative_prompt: str = "hard_negative.v2"
    rules: bool = False
    top_up_rounds: int = Field(default=0, ge=0)
    enough_positives: int = Field(default=5, ge=0)
    enough_negatives: int = Field(default=5, ge=0)


class VerifySection(Section):
    """Thresholds of the checks; similarities are cosines of the run's encoder."""

    min_length_ratio: float = 0.5
    max_length_ratio: float = 2.0
    max_positive_overlap: float = 0.95
    min_positive_similarity: float = 0.88
    min_negative_similarity: float = 0.85


class ReleaseSection(Section):
    """How many texts a row keeps, what a complete row is, and the held-out splits in rows."""

    max_positives: int = 5
    max_negatives: int = 5
    min_positives: int = Field(default=5, ge=1)
    min_negatives: int = Field(default=5, ge=1)
    validation: int = Field(default=590, ge=0)
    test: int = Field(default=2_000, ge=0)


class RuhnpSection(Section):
    """The recipe's [ruhnp] section."""

    anchors: AnchorsSection = AnchorsSection()
    generate: GenerateSection = GenerateSection()
    verify: VerifySection = VerifySection()
    release: ReleaseSection = ReleaseSection()


STAGE = Stage(
    "ruhnp",
    RuhnpSection,
    (
        Step(
            "ruhnp.anchors",
            "choose self-contained sentences",
            "ruhnp.anchors:choose",
            inputs=("harvest.texts",),
        ),
        Step(
            "ruhnp.generate",
            "ask the model for paraphrases and hard negatives",
            "ruhnp.generate:generate",
            inputs=("ruhnp.anchors",),
            core=("llm",),
            plan="ruhnp.generate:plan",
            version=2,
        ),
        Step(
            "ruhnp.verify",
            "check every generated text",
            "ruhnp.verify:verify",
            inputs=("ruhnp.generate",),
            core=("encoder",),
            version=2,
        ),
        Step(
            "ruhnp.release",
            "make rows and splits",
            "ruhnp.release:release",
            inputs=("ruhnp.verify",),
        ),
    ),
)
