"""The steps of RuWANLI and their settings."""

from pathlib import Path

from pydantic import Field

from rupairs.recipe import Section
from rupairs.steps import Stage, Step

PROMPTS = Path(__file__).parent / "prompts"


class SeedsSection(Section):
    """Which NLI rows become seeds; `sources` empty means every source with NLI relations."""

    sources: tuple[str, ...] = ()
    per_label: int = Field(default=25_000, ge=1)
    neighbours: int = Field(default=4, ge=0)


class GenerateSection(Section):
    """How many new examples are asked for per seed, and with which prompt."""

    per_seed: int = Field(default=5, ge=1)
    prompt: str = "pair.v1"


class FilterSection(Section):
    """Length bounds in characters, and how many candidates a label go to review."""

    min_characters: int = 5
    max_characters: int = 400
    per_label: int | None = None


class ReleaseSection(Section):
    """The held-out splits, in groups that share a seed."""

    validation: int = Field(default=2_360, ge=0)
    test: int = Field(default=5_000, ge=0)


class RuwanliSection(Section):
    """The recipe's [ruwanli] section."""

    seeds: SeedsSection = SeedsSection()
    generate: GenerateSection = GenerateSection()
    filter: FilterSection = FilterSection()
    release: ReleaseSection = ReleaseSection()


STAGE = Stage(
    "ruwanli",
    RuwanliSection,
    (
        Step(
            "ruwanli.seeds",
            "draw seeds and find their neighbours",
            "ruwanli.seeds:draw",
            inputs=("harvest.pairs",),
            core=("encoder",),
        ),
        Step(
            "ruwanli.generate",
            "ask the model for pairs with the same relation",
            "ruwanli.generate:generate",
            inputs=("ruwanli.seeds",),
            core=("llm",),
            plan="ruwanli.generate:plan",
        ),
        Step(
            "ruwanli.filter",
            "apply the heuristics of WANLI and Russian checks",
            "ruwanli.filter:filter_candidates",
            inputs=("ruwanli.generate",),
        ),
        Step(
            "ruwanli.release",
            "join the reviewers' decisions and make splits",
            "ruwanli.release:release",
            inputs=("ruwanli.filter", "annotation.decisions"),
        ),
    ),
)
