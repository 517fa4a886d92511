"""What a saved encoder is, read from its own folder: modules, pooling, prompts, dimensions.

The files are those of sentence-transformers: `modules.json` and one configuration a module.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_POOLING = "pooling_mode"


@dataclass(frozen=True)
class Described:
    """Names of modules in order, how token vectors are pooled, dimensions, prompts by name."""

    modules: tuple[str, ...] = ()
    pooling: str = ""
    dimensions: int = 0
    prompts: dict[str, str] = field(default_factory=dict)
    default_prompt: str = ""
    similarity: str = ""


def described(folder: Path) -> Described:
    """Return what the files of a model's folder say; what they do not say is empty."""
    listed = _read(folder / "modules.json", [])
    pooling: dict[str, Any] = {}
    for module in listed:
        if module["type"].endswith(".Pooling"):
            pooling = _read(folder / module["path"] / "config.json", {})
    settings = _read(folder / "config_sentence_transformers.json", {})
    default = settings.get("default_prompt_name") or ""
    prompts = {name: text for name, text in (settings.get("prompts") or {}).items() if text}
    return Described(
        modules=tuple(module["type"].rpartition(".")[2] for module in listed),
        pooling=_mode(pooling),
        dimensions=pooling.get("embedding_dimension") or pooling.get("word_embedding_dimension", 0),
        prompts=prompts,
        default_prompt=prompts.get(default, ""),
        similarity=settings.get("similarity_fn_name") or "",
    )


def _mode(pooling: dict[str, Any]) -> str:
    """Return how vectors are pooled, as newer and older files of the library say it."""
    if _POOLING in pooling:
        return str(pooling[_POOLING])
    names = [name for name, on in pooling.items() if name.startswith(f"{_POOLING}_") and on is True]
    return ", ".join(re.sub(r"^pooling_mode_|_tokens?$", "", name) for name in names)


def _read(path: Path, default: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else default
