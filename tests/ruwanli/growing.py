"""Candidates we wrote, and contexts of the steps that grow, filter, complete and release them."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rupairs.manifest import ModelFacts
from rupairs.pairs import group_id, pair_id
from rupairs.recipe import LLMSection
from rupairs.steps import Context
from rupairs.store import StageReader, read_table
from ruwanli.stage import RuwanliSection
from tests.ruwanli import tiny

Row = dict[str, Any]
GENERATOR = ModelFacts(role="generator", id="gen", revision="r1", license="Own terms")
EXAMPLES = [{"premise": "Кот спит на диване.", "hypothesis": "Кот отдыхает."}]
PREMISES = (
    "Паром до острова отходит ежедневно в семь утра.",
    "Сторож забыл запереть ворота старого склада.",
    "Мельница у пруда сгорела прошлой осенью.",
    "Учительница поставила на окно горшок с геранью.",
    "Рыбаки вернулись в деревню без улова.",
    "Библиотека переехала в здание вокзала.",
)


def candidate(premise: str, hypothesis: str, label: str = "entailment", **given: Any) -> Row:
    """Return a row of `ruwanli.generate`."""
    seed = given.pop("seed", premise)
    return {
        "pair_id": pair_id(premise, hypothesis, symmetric=True),
        "premise": premise,
        "hypothesis": hypothesis,
        "intended_label": label,
        "examples": EXAMPLES,
        "seed_id": f"seed {seed}",
        "group_id": group_id(seed),
        "source": "own",
        "source_row": "1",
        "license": "CC0-1.0",
        "call_id": f"call {hypothesis}",
        "sample": 0,
    } | given


def reviewed(premise: str, hypothesis: str, label: str = "entailment", **given: Any) -> Row:
    """Return a row of `ruwanli.complete` that came from the filter unless told otherwise."""
    added = {"max_variability": 0.25, "origin_step": "wanli", "completes": None}
    return candidate(premise, hypothesis, label, **(added | given))


def llm(url: str, kind: str) -> LLMSection:
    return LLMSection.model_validate(
        {
            "urls": [url],
            "model": "scripted",
            "license": "CC0-1.0",
            "kind": kind,
            "concurrency": 2,
            "schema_required": False,
        }
    )


def context(
    run: Path,
    step: str,
    inputs: dict[str, StageReader],
    settings: Mapping[str, Any] | None = None,
    model: LLMSection | None = None,
) -> Context:
    """Return the context of a step; `settings` are the whole [ruwanli] section."""
    made = tiny.context(run, step, Path("none"), inputs)
    section = RuwanliSection.model_validate(settings or {})
    sections = {**made.recipe.sections, "ruwanli": section}
    if model is not None:
        sections["llm"] = model
    recipe = replace(made.recipe, sections=sections)
    return replace(made, recipe=recipe, stage=section, models=[GENERATOR])


def cartography(charted: Context, run: Path) -> StageReader:
    """Return a finished copy of a cartography."""
    folder = run / "ruwanli" / "cartography"
    shutil.copytree(charted.out, folder)
    return tiny.finish(folder, "ruwanli.cartography", charted.counts)


def kept(made: Context) -> list[Row]:
    rows: list[Row] = read_table(made.out / "part-00000.parquet").to_pylist()
    return rows


def dropped(made: Context) -> list[Row]:
    rows: list[Row] = read_table(made.out / "dropped.parquet").to_pylist()
    return rows
