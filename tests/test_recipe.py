from pathlib import Path

import pytest

from rupairs.errors import UsageError
from rupairs.recipe import find_recipe, load_recipe
from rupairs.steps import chain, load_stages

SECTIONS = {n: s.section for n, s in load_stages().items()}


def load(tmp_path: Path, text: str, *overrides: str):
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe(path, SECTIONS, overrides)


@pytest.mark.parametrize("name", ["demo", "real", "full", "full-24gb"])
def test_shipped_recipes_are_valid_and_ordered(name: str) -> None:
    recipe = load_recipe(find_recipe(name), SECTIONS)
    names = [s.name for s in chain(recipe, load_stages())]
    assert names.index("harvest.pairs") < names.index("ruwanli.seeds")
    assert names.index("annotation.decisions") < names.index("ruwanli.release")
    assert names.index("ruwanli.release") < names.index("training.encoder")
    assert names[-1] == "data_cards.encoder"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[run\n", "not valid TOML"),
        ("[nonsense]\n", r"unknown section \[nonsense\]"),
        ("[run]\nsede = 1\n", r"run\.sede: Extra inputs"),
        ("[ruhnp.anchors]\nlimit = 0\n", r"ruhnp\.anchors\.limit: .*greater than or equal to 1"),
        ('[llm]\nmodel = "m"\nlicense = "l"\n', "needs urls"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        load(tmp_path, text)
    assert "r.toml" in str(caught.value)


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    recipe = load(tmp_path, '[harvest]\nfrom_dir = "native"\n')
    assert recipe.sections["harvest"].from_dir == tmp_path / "native"


def test_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load(
        tmp_path, "[run]\nseed = 1\n", "run.seed=7", "run.name=мой", "ruhnp.anchors.limit=3"
    )
    assert (recipe.run.seed, recipe.run.name) == (7, "мой")
    assert recipe.sections["ruhnp"].anchors.limit == 3
    assert load(tmp_path, "", "encoder.model=owner/name").encoder.model == "owner/name"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "native").mkdir()
    given = load(tmp_path / "native", "", "harvest.from_dir=native")
    assert given.sections["harvest"].from_dir == tmp_path / "native"
    with pytest.raises(UsageError, match=r"section\.key=value"):
        load(tmp_path, "", "seed")
    with pytest.raises(UsageError, match=r"run\.name=.*is not UTF-8"):
        load(tmp_path, "", "run.name=\udcff")


def test_a_step_without_its_input_is_refused(tmp_path: Path) -> None:
    recipe = load(tmp_path, "[ruhnp]\n")
    with pytest.raises(UsageError, match=r"ruhnp\.anchors needs harvest\.texts"):
        chain(recipe, load_stages())


def test_what_comes_before_a_step_that_lacks_something_can_be_had(tmp_path: Path) -> None:
    sources = '[harvest.rows]\nsources = ["rcb"]\n'
    recipe = load(tmp_path, f"[harvest]\n{sources}[ruwanli.cartography]\n")
    with pytest.raises(UsageError, match=r"ruwanli\.release needs annotation\.decisions"):
        chain(recipe, load_stages())
    steps = [step.name for step in chain(recipe, load_stages(), ["ruwanli.cartography"])]
    assert steps[-1] != "ruwanli.release" and "ruwanli.cartography" in steps
    with pytest.raises(UsageError, match=r"ruwanli\.release needs annotation\.decisions"):
        chain(recipe, load_stages(), ["ruwanli.release"])


def test_unknown_recipe(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such recipe"):
        find_recipe(str(tmp_path / "absent.toml"))
    with pytest.raises(UsageError, match="no recipe of that name"):
        find_recipe("absent")


def test_a_recipe_extends_another_table_by_table(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('[run]\nname = "base"\nseed = 7\n[harvest]\n', "utf-8")
    own = 'extends = "base.toml"\n[run]\nname = "own"\n'
    recipe = load(tmp_path, own)
    assert (recipe.run.name, recipe.run.seed) == ("own", 7)
    assert "harvest" in recipe.sections
    small = load_recipe(find_recipe("full-24gb"), SECTIONS)
    assert small.llm.model == "Qwen/Qwen3-14B-AWQ" and small.llm.max_tokens == 1024


@pytest.mark.parametrize(
    ("extends", "message"),
    [("absent.toml", "which is no recipe"), ("nothing", "no recipe of that name")],
)
def test_a_recipe_that_extends_nothing_is_refused(
    tmp_path: Path, extends: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        load(tmp_path, f'extends = "{extends}"\n')


def test_recipes_do_not_extend_each_other_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('extends = "a.toml"\n', "utf-8")
    (tmp_path / "a.toml").write_text('extends = "b.toml"\n', "utf-8")
    with pytest.raises(UsageError, match="extends itself"):
        load_recipe(tmp_path / "a.toml", {})
