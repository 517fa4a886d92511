"""The harvest's section of a recipe: what is refused, and which steps it asks for."""

from pathlib import Path
from typing import Any

import pytest

from harvest.stage import STAGE, HarvestSection
from rupairs.errors import UsageError
from rupairs.recipe import Recipe, validate
from rupairs.steps import chain

OWN: dict[str, Any] = {"sources": ["rcb"], "licenses": {"rcb": "MIT"}}


def recipe_of(folder: Path, **section: Any) -> Recipe:
    return validate(folder / "r.toml", {"harvest": section}, {"harvest": HarvestSection})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"rows": {"sources": ["lena"]}}, r"harvest\.rows\.sources: lena gives no pairs.*lenta"),
        ({"rows": {"sources": ["wikipedia"]}}, "wikipedia gives no pairs"),
        ({"texts": {"sources": ["rcb"]}}, "rcb gives no texts.*wikipedia"),
        ({"rows": {"sources": ["rcb", "rcb"]}}, "rcb is named twice"),
        ({"rows": {"columns": {"fialca": {"query": "q"}}}}, "columns names fialca, which is not"),
        (
            {"rows": {"sources": ["fialka"], "columns": {"fialka": {"qury": "q"}}}},
            r"harvest\.rows\.columns\.fialka\.qury",
        ),
        (
            {"rows": {"sources": ["lenta"], "columns": {"lenta": {"query": "q"}}}},
            r"columns\.lenta: its columns are known; sources that take columns: .*fialka.*dsum_ru",
        ),
        ({"rows": OWN}, "from_dir, which is not set"),
        ({"texts": {"sources": ["wikipedia"], "licenses": {"wikipedia": "MIT"}}}, "from_dir, whi"),
        ({"from_dir": "x", "rows": {"licenses": {"rcb": "MIT"}}}, "licenses names rcb, which is n"),
        ({"from_dir": "x", "texts": {"licenses": {"rcb": "MIT"}}}, "licenses names rcb, which is"),
        (
            {"from_dir": "x", "rows": {"sources": ["mednli"], "licenses": {"mednli": "MIT"}}},
            r"licenses\.mednli: its terms are LicenseRef-PhysioNet",
        ),
        ({"from_dir": "x", "rows": {**OWN, "licenses": {"rcb": " "}}}, r"licenses\.rcb is empty"),
        ({"rows": {"license": "MIT"}}, r"harvest\.rows\.license: Extra inputs"),
        ({"rows": {"negatives": 101}}, r"harvest\.rows\.negatives"),
        ({"fetch_missing": True}, "missing in from_dir, which is not set"),
        ({"pairs": {"validation": 0.5, "test": 0.5}}, "leave something to train on"),
        ({"pairs": {"contamination": 0.4}}, r"harvest\.pairs\.contamination"),
        ({"pairs": {"near": 1.1}}, r"harvest\.pairs\.near"),
        ({"pairs": {"leaks": "keep"}}, r"harvest\.pairs\.leaks"),
        ({"texts": {"fraction": 0}}, r"harvest\.texts\.fraction"),
        ({"engine": "spark"}, r"harvest\.engine.*local.*ray"),
        ({"pears": {}}, r"harvest\.pears"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_read(
    tmp_path: Path, section: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        recipe_of(tmp_path, **section)


@pytest.mark.parametrize(("step", "source"), [("rows", "rcb"), ("texts", "wikipedia")])
def test_a_license_may_be_told_of_files_of_ones_own(tmp_path: Path, step: str, source: str) -> None:
    told = {"sources": [source], "licenses": {source: "MIT"}}
    recipe = recipe_of(tmp_path, from_dir="native", **{step: told})
    section = recipe.sections["harvest"]
    assert isinstance(section, HarvestSection)
    assert getattr(section, step).licenses == {source: "MIT"}
    assert section.from_dir == tmp_path.resolve() / "native"


@pytest.mark.parametrize(
    ("section", "steps"),
    [
        ({}, []),
        ({"rows": {"sources": ["rcb"]}}, ["harvest.rows", "harvest.pairs"]),
        ({"texts": {"sources": ["wikipedia"]}}, ["harvest.texts"]),
    ],
)
def test_only_steps_with_sources_are_asked_for(
    tmp_path: Path, section: dict[str, Any], steps: list[str]
) -> None:
    recipe = recipe_of(tmp_path, **section)
    assert [s.name for s in chain(recipe, {"harvest": STAGE})] == steps


def test_where_the_benchmarks_lie_does_not_decide_the_result(tmp_path: Path) -> None:
    sections = [
        recipe_of(tmp_path, pairs={"benchmarks": name}).sections["harvest"] for name in ("a", "b")
    ]
    identities = [s.pairs.identity() for s in sections if isinstance(s, HarvestSection)]
    assert identities[0] == identities[1]
    assert identities[0]["contamination"] == 0.8
