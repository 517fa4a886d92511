"""Recipes: whatever the TOML or `--set` says, a recipe comes of it or one line with the place."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rupairs.errors import UsageError
from rupairs.recipe import CORE_SECTIONS, Recipe, Section, find_recipe, load_recipe
from rupairs.runs import COPY, recipe_of
from rupairs.steps import load_stages
from tests.fuzz.damage import FUZZED, JUNK, damaged, promptly, spelled, twisted

SECTIONS = {name: stage.section for name, stage in load_stages().items()}
SHIPPED = [find_recipe(name).read_bytes() for name in ("demo", "real", "full")]


def keys(section: type[Section], name: str) -> list[str]:
    """Return `section.key` and `section.table.key` of all settings."""
    found = []
    for key, field in section.model_fields.items():
        kind = field.annotation
        inner = isinstance(kind, type) and issubclass(kind, Section)
        found += keys(kind, f"{name}.{key}") if inner else [f"{name}.{key}"]  # type: ignore[arg-type]
    return found


KEYS = [key for name, kind in {**CORE_SECTIONS, **SECTIONS}.items() for key in keys(kind, name)]
SPELLINGS = st.sampled_from(
    [
        *("", " ", "~", "~nobody-of-this-name/x", "./x", "/", "../..", "a/b", "x" * 5_000, "\0"),
        *("9" * 5_000, "[" * 5_000, "-1", "1e400", "inf", "nan", "0x_", "2024-99-99", "true"),
        *(
            "1979-05-27T07:32:00Z",
            "[1, 'a']",
            "{a = 1}",
            "''",
            '"\\u0000"',
            '"~nobody/x"',
            "\udcd0",
        ),
        *('"""a\nb"""', "1\nseed = 2", "= 1", "[[x]]", "#", "package:sample"),
    ]
) | st.text(max_size=10)
VALUES = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([10**30, "~nobody/x", "x" * 5_000, "\0", "", "a/b.toml", ["a", 1], {"a": 1}])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)


def loaded(text: str | bytes, *overrides: str) -> Recipe | None:
    """Read a recipe; None where it was refused with its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        with promptly():
            try:
                recipe = load_recipe(path, SECTIONS, overrides)
            except UsageError as error:
                # What is not UTF-8 is shown escaped.
                places = (f"--set {shown}: " for o in overrides for shown in (o, ascii(o)))
                assert str(error).startswith((f"{path}: ", *places))
                return None
        assert json.loads(recipe.to_json())
    return recipe


@FUZZED
@given(st.sampled_from(SHIPPED).flatmap(damaged))
def test_recipes_with_bytes_changed(content: bytes) -> None:
    loaded(content)


@FUZZED
@given(st.lists(st.tuples(st.sampled_from(KEYS), VALUES), min_size=1, max_size=3))
def test_settings_of_any_value(settings: list[tuple[str, Any]]) -> None:
    loaded("\n".join(f"{key} = {toml(value)}" for key, value in settings))


def toml(value: Any) -> str:
    """Return a value as TOML spells it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value).replace("\x7f", "\\u007f")


@FUZZED
@example("run.seed", "9" * 5_000)
@example("run.name", "\udcd0")
@example("encoder.model", "~nobody-of-this-name/x")
@example("encoder.model", "x" * 5_000)
@example("harvest.from_dir", '"~nobody/x"')
@given(st.sampled_from(KEYS) | st.text(max_size=8), SPELLINGS)
def test_overrides_of_any_spelling(key: str, value: str) -> None:
    loaded(SHIPPED[0], f"{key}={value}")


@FUZZED
@given(st.text(max_size=20))
def test_overrides_of_any_form(override: str) -> None:
    loaded(SHIPPED[0], override)


@FUZZED
@example("\0.toml")
@example("x" * 5_000)
@example("x" * 5_000 + ".toml")
@given(SPELLINGS | st.sampled_from(["r.toml", "./r.toml", "demo", "../r.toml", ".toml", "/.toml"]))
def test_what_a_recipe_extends(name: str) -> None:
    loaded(f"extends = {json.dumps(name)}\n[run]\nseed = 3\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\nseed = " + "9" * 5_000, "not valid TOML: Exceeds the limit"),
        ("[run]\nseed = " + "[" * 5_000, "not valid TOML: maximum recursion depth"),
        ('extends = "nothing like it"', "extends nothing like it: no recipe of that name"),
        ('[harvest]\nfrom_dir = "~nobody-of-this-name/x"', "harvest.from_dir: .*home directory"),
    ],
)
def test_what_toml_itself_does_not_refuse_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"r\.toml: {said}"):
        load_recipe(path, SECTIONS)


def test_an_empty_override_is_an_empty_text() -> None:
    recipe = loaded("", "run.name=")
    assert recipe and recipe.run.name == ""


def kept(content: bytes) -> Recipe | None:
    """Read the recipe that a run keeps; None where it was refused with its place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / COPY
        path.write_bytes(content)
        with promptly():
            try:
                return recipe_of(Path(folder))
            except UsageError as error:
                assert str(error).startswith(f"{path}: ")
                return None


COPIES = [json.loads(load_recipe(find_recipe(n), SECTIONS).to_json()) for n in ("demo", "full")]


@FUZZED
@example([])
@example(5)
@given(st.sampled_from(COPIES).flatmap(twisted) | JUNK)
def test_the_recipe_of_a_run_with_values_changed(data: Any) -> None:
    kept(spelled(data).encode())


@FUZZED
@given(st.sampled_from(COPIES).flatmap(lambda copy: damaged(json.dumps(copy).encode())))
def test_the_recipe_of_a_run_with_bytes_changed(content: bytes) -> None:
    kept(content)


def test_the_recipe_of_a_run_is_whole_to_begin_with() -> None:
    for copy in COPIES:
        recipe = kept(json.dumps(copy).encode())
        assert recipe and json.loads(recipe.to_json()) == copy
