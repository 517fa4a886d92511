"""Anchors are asked about again until enough of their texts pass the recipe's own checks."""

from pathlib import Path
from typing import Any

import pytest

from ruhnp.anchors import ANCHOR_SCHEMA
from ruhnp.generate import generate
from ruhnp.stage import STAGE, RuhnpSection
from rupairs.execution import _config
from rupairs.recipe import EncoderSection, LLMSection, Recipe, RunSection
from rupairs.sentences import Sentence
from rupairs.steps import Context
from tests.llm_server import ScriptedServer
from tests.ruhnp import finished

TEXTS = ("Старый паром ходит через пролив.", "Молодой лесник открыл школу у озера.")
# What the scripted server says is no paraphrase.
OPEN = {"checks": ("copy", "not_similar", "not_judged"), "min_positive_similarity": -1.0}
OPEN |= {"min_negative_similarity": -1.0}


def generated(run: Path, url: str, encoder: Path, verify: dict[str, Any]) -> Context:
    anchors = [
        Sentence(text, "", "own", "1", str(n), "CC0-1.0").row() | {"group_id": f"g{n}"}
        for n, text in enumerate(TEXTS)
    ]
    given = finished.write_stage(run, "ruhnp.anchors", ANCHOR_SCHEMA, anchors)
    settings = {"positives": 2, "negatives": 2, "enough_positives": 2, "enough_negatives": 2}
    context = finished.context(
        run, "generate", {"ruhnp.anchors": given}, encoder=encoder, top_up_rounds=1, **settings
    )
    section = RuhnpSection.model_validate(
        {"generate": context.config.model_dump(), "verify": OPEN | verify}
    )
    llm = {"urls": [url], "model": "scripted", "license": "CC0-1.0", "kind": "base"}
    sections = context.recipe.sections | {"llm": LLMSection.model_validate(llm)}
    context.stage, context.recipe = section, Recipe(Path("own.toml"), sections)
    generate(context)
    return context


@pytest.mark.parametrize(
    ("verify", "lacking", "samples"),
    [
        ({}, [0], {0, 1}),
        ({"min_positive_similarity": 1.1}, [2], {0, 1, 2, 3, 4, 5}),
        ({"judge": {"kind": "llm"}}, [2], {0, 1, 2, 3, 4, 5}),
    ],
    ids=["they pass", "too far", "the judge says no"],
)
def test_what_counts_is_what_verification_lets_through(
    verify: dict[str, Any],
    lacking: list[int],
    samples: set[int],
    tmp_path: Path,
    encoder: Path,
    llm_server: ScriptedServer,
) -> None:
    context = generated(tmp_path, llm_server.url, encoder, verify)
    assert context.facts["lacking"] == lacking
    rows = finished.kept(context.out)
    assert {row["sample"] for row in rows if row["kind"] == "positive"} == samples
    assert "judge_calls" not in context.facts
    asked = context.facts["asked"]
    assert sum(asked.values()) == sum(row["kind"] == "negative" for row in rows)
    assert "negative number" not in asked and all(kind.startswith("neg") for kind in asked)
    roles = [model.role for model in context.models]
    assert roles.count("similarity") == 1 and roles.count("judge") == ("judge" in verify)


def test_the_checks_decide_what_is_generated_only_where_they_are_counted_by() -> None:
    step = next(s for s in STAGE.steps if s.verb == "generate")
    encoder = EncoderSection(model="own")

    def config(rounds: int, **verify: Any) -> dict[str, Any]:
        stage = {"generate": {"top_up_rounds": rounds}, "verify": verify}
        sections = {
            "run": RunSection(),
            "encoder": encoder,
            "llm": LLMSection(urls=("http://x",), model="m", license="l"),
            "ruhnp": RuhnpSection.model_validate(stage),
        }
        return _config(step, Recipe(Path("own.toml"), sections))

    assert config(0) == config(0, min_length_ratio=0.2)
    assert config(1) != config(1, min_length_ratio=0.2)
    assert config(1) == config(1, measure_pairs=7)
    assert config(1)["encoder"] == encoder.identity() and "encoder" not in config(0)
