"""Recipes: one TOML file a run, validated whole before anything is spent.

The core knows the sections `run`, `llm` and `encoder`; every stage brings the model of its own
section through the entry points `rupairs.stages`. Unknown sections and keys are errors.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rupairs.errors import UsageError

PACKAGE = Path(__file__).parent
S = TypeVar("S", bound="Section")
_SAMPLE = "package:sample"


class Section(BaseModel):
    """A part of a recipe. `transient` names fields that change how, not what, is made.

    `inherited` maps a setting of the section to the one elsewhere in the recipe, `section.key`,
    whose value it has where it is given none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    transient: ClassVar[frozenset[str]] = frozenset()
    inherited: ClassVar[Mapping[str, str]] = {}

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide the result, ready for JSON."""
        return self.model_dump(mode="json", exclude=set(self.transient))


def _resolve(path: Path, info: ValidationInfo) -> Path:
    if str(path) == _SAMPLE:
        return PACKAGE / "sample"
    base: Path = (info.context or {}).get("base", Path())
    try:
        return (base / path.expanduser()).resolve()
    except RuntimeError as error:  # nobody of that name, or links in a circle
        raise ValueError(f"{path}: {error}") from None


def _is_folder(path: Path | str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 (a name that is too long is no folder)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (a name that is too long is no file)


RecipePath = Annotated[Path, AfterValidator(_resolve)]
"""A path in a recipe: relative to the recipe's file; `package:sample` is the shipped sample."""


class RunSection(Section):
    """What the run is called and the seed everything random is derived from."""

    name: str = "run"
    seed: int = 0


class LLMSection(Section):
    """The language model, how it is reached and sampled, and what it may cost.

    With `schema_required`, a server that does not hold its answers to a schema ends the run.
    `engines` is how many vLLM engines `ray` keeps. `patience_s` is for servers that are not there
    or refuse every call. Prices are for a million tokens, in any currency.
    """

    transient = frozenset(
        {"server", "urls", "api_key_env", "concurrency", "timeout_s", "attempts"}
        | {"max_calls", "max_tokens_total", "max_hours", "max_money", "patience_s"}
        | {"max_model_len", "vllm_args", "engines"}
        | {"schema_required", "price_prompt", "price_completion"}
    )
    server: Literal["embedded", "vllm", "vllm-batch", "ray", "url"] = "url"
    urls: tuple[str, ...] = ()
    model: str
    revision: str = ""
    license: str
    kind: Literal["base", "instruct"] = "instruct"
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(default=64, ge=1)
    timeout_s: float = Field(default=120.0, gt=0)
    attempts: int = Field(default=5, ge=1)
    patience_s: float = Field(default=300.0, ge=0)
    temperature: float = Field(default=1.0, ge=0)
    top_p: float = Field(default=0.95, gt=0, le=1)
    max_tokens: int = Field(default=512, ge=1)
    max_calls: int | None = Field(default=None, ge=1)
    max_tokens_total: int | None = Field(default=None, ge=1)
    max_hours: float | None = Field(default=None, gt=0)
    max_money: float | None = Field(default=None, gt=0)
    max_model_len: int | None = Field(default=None, ge=256)
    vllm_args: tuple[str, ...] = ()
    engines: int = Field(default=1, ge=1)
    schema_required: bool = True
    price_prompt: float | None = Field(default=None, ge=0)
    price_completion: float | None = Field(default=None, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _embedded(cls, data: Any) -> Any:
        """Fill in what the embedded server decides: which model, which terms, how to ask it."""
        if isinstance(data, dict) and data.get("server") == "embedded":
            from rupairs.embedded.assets import GEMMA_270M
            from rupairs.embedded.llm import MODEL_ID, MODEL_REVISION

            return {
                "model": MODEL_ID,
                "revision": MODEL_REVISION,
                "license": GEMMA_270M.license,
                "kind": "base",
            } | data
        return data

    @field_validator("vllm_args")
    @classmethod
    def _not_ours(cls, arguments: tuple[str, ...]) -> tuple[str, ...]:
        from rupairs.vllm.command import Served

        return Served("", arguments=arguments).arguments

    @field_validator("urls")
    @classmethod
    def _are_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for number, url in enumerate(urls, 1):
            if fault := _fault_of_url(url):
                raise ValueError(f"number {number} {fault}")
        return urls

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.server == "url" and not self.urls:
            raise ValueError('server = "url" needs urls = ["http://host:port/v1", ...]')
        if self.max_money is not None and not (self.price_prompt or self.price_completion):
            raise ValueError("max_money needs price_prompt and price_completion, a million tokens")
        return self


def _fault_of_url(url: str) -> str:
    """Return what is wrong with the address of a server, '' if nothing; secrets are not repeated.

    The recipe is kept in the run, and addresses stand in errors: neither is a place for a secret.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no URL: write http://host:port/v1"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        return (
            "holds a user, a password or a query, and the run keeps its URLs: set the key in the "
            "environment variable that api_key_env names"
        )
    if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in url):
        return f"is no URL of a server: write http://host:port/v1, not '{url}'"
    return ""


class EncoderSection(Section):
    """The sentence encoder: `embedded`, a Hugging Face id or a local folder.

    A local folder counts by its name and its files' contents, not by where it lies.
    """

    transient = frozenset({"batch_size"})
    model: str = "embedded"
    revision: str | None = None
    pruned: bool = True
    license: str = ""
    batch_size: int = Field(default=32, ge=1)
    max_length: int = Field(default=128, ge=8)

    @field_validator("model")
    @classmethod
    def _folder(cls, model: str, info: ValidationInfo) -> str:
        folder = _resolve(Path(model), info)
        return str(folder) if _is_folder(folder) else model

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide the result, a local folder by its contents."""
        settings = super().identity()
        folder = Path(self.model)
        if _is_folder(folder):
            from rupairs.manifest import sha256

            files = sorted(p for p in folder.rglob("*") if p.is_file())
            settings["model"] = folder.name
            settings["files"] = {p.relative_to(folder).as_posix(): sha256(p) for p in files}
        return settings


CORE_SECTIONS: Mapping[str, type[Section]] = {
    "run": RunSection,
    "llm": LLMSection,
    "encoder": EncoderSection,
}


@dataclass(frozen=True)
class Recipe:
    """A validated recipe: the sections by name, core and stages alike."""

    path: Path
    sections: Mapping[str, Section]

    @property
    def run(self) -> RunSection:
        """Return the `run` section."""
        return self._section("run", RunSection)

    @property
    def llm(self) -> LLMSection:
        """Return the `llm` section; `UsageError` if the recipe has none."""
        return self._section("llm", LLMSection)

    @property
    def encoder(self) -> EncoderSection:
        """Return the `encoder` section."""
        return self._section("encoder", EncoderSection)

    def _section(self, name: str, kind: type[S]) -> S:
        section = self.sections.get(name)
        if not isinstance(section, kind):
            raise UsageError(f"{self.path}: this step needs a [{name}] section")
        return section

    def to_json(self) -> str:
        """Return the resolved recipe."""
        resolved = {n: s.model_dump(mode="json") for n, s in self.sections.items()}
        return json.dumps(resolved, ensure_ascii=False, indent=2) + "\n"


def find_recipe(name: str) -> Path:
    """Return the file of a recipe given as a path or as the name of a shipped one."""
    path = Path(name)
    if path.suffix == ".toml":
        if not _is_file(path):
            raise UsageError(f"{path}: no such recipe")
        return path
    for folder in (PACKAGE / "recipes", PACKAGE.parent / "recipes"):
        if _is_file(folder / f"{name}.toml"):
            return folder / f"{name}.toml"
    raise UsageError(f"{name}: no recipe of that name is shipped; give the path of a .toml file")


def load_recipe(
    path: Path, stages: Mapping[str, type[Section]], overrides: tuple[str, ...] = ()
) -> Recipe:
    """Read and validate a recipe; `overrides` are `section.key=value` with TOML values.

    A recipe that says `extends = "NAME or FILE.toml"` has that one's settings where it has none;
    all relative paths are relative to the folder of `path`.

    Raises `UsageError` that names the file, the key and what is allowed there.
    """
    data = _read(path, ())
    for override in overrides:
        _override(data, override)
    return validate(path, data, stages)


def _read(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """Return a recipe's data over that of the recipe it extends."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    name = data.pop("extends", None)
    if name is None:
        return data
    try:
        base = path.parent / str(name) if str(name).endswith(".toml") else find_recipe(str(name))
    except UsageError as error:
        raise UsageError(f"{path}: extends {error}") from None
    if not _is_file(base):
        raise UsageError(f"{path}: extends {name}, which is no recipe")
    if base.resolve() in (*above, path.resolve()):
        raise UsageError(f"{path}: extends itself")
    return _over(_read(base, (*above, path.resolve())), data)


def _over(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `data`, table by table."""
    both = {
        name: _over(base[name], value)
        for name, value in data.items()
        if isinstance(value, dict) and isinstance(base.get(name), dict)
    }
    return base | data | both


def validate(path: Path, data: dict[str, Any], stages: Mapping[str, type[Section]]) -> Recipe:
    """Validate recipe data; relative paths in it are relative to the folder of `path`."""
    known = {**CORE_SECTIONS, **stages}
    if unknown := sorted(set(data) - set(known)):
        raise UsageError(f"{path}: unknown section [{unknown[0]}]; known: {', '.join(known)}")
    data = _inheriting(data, known)
    sections: dict[str, Section] = {}
    for name, kind in known.items():
        if name not in data and name not in ("run", "encoder"):
            continue
        try:
            sections[name] = kind.model_validate(
                data.get(name, {}), context={"base": path.parent.resolve()}
            )
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join([name, *map(str, first["loc"])])
            message = first["msg"].removeprefix("Value error, ")
            raise UsageError(f"{path}: {where}: {message}") from None
    return Recipe(path, sections)


def _inheriting(data: dict[str, Any], known: Mapping[str, type[Section]]) -> dict[str, Any]:
    """Return recipe data in which settings that are not given have the values they inherit."""
    for name, kind in known.items():
        for own, other in kind.inherited.items():
            value: Any = data
            for key in other.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            if name not in data or value is None:
                continue
            for key in reversed([name, *own.split(".")]):
                value = {key: value}
            data = _over(value, data)
    return data


def _override(data: dict[str, Any], override: str) -> None:
    name, eq, text = override.partition("=")
    keys = name.strip().split(".")
    if not eq or len(keys) < 2:
        raise UsageError(f"--set {override}: write section.key=value")
    if not _is_unicode(override):
        raise UsageError(f"--set {override!a}: is not UTF-8")
    value: Any
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except (ValueError, RecursionError):
        value = _bare(override, text)
    table = data
    for k in keys[:-1]:
        table = table.setdefault(k, {})
        if not isinstance(table, dict):
            raise UsageError(f"--set {override}: {k} is not a section")
    table[keys[-1]] = value


def _is_unicode(text: str) -> bool:
    """Say whether a text is Unicode throughout: other bytes of a command line are surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bare(override: str, text: str) -> str:
    """Return a bare word or a hub id as it is, a path relative to where the command was typed."""
    try:
        path = Path(text).expanduser()
        is_path = text.startswith((".", "/", "~")) or (text != "" and path.exists())
        return str(path.resolve()) if is_path else text
    except OSError:  # too long for the name of a file
        return text
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"--set {override}: {error}") from None
