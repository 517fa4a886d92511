"""A task: what is asked of a model, in Russian, independent of how the model is spoken to.

The prompt text lives in versioned TOML files beside the stage that owns it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rupairs.errors import RupairsError


@dataclass(frozen=True)
class Task:
    """One kind of question.

    `inputs` and `outputs` map field names to the Russian labels shown to the model; `examples`
    are complete rows of both. `count` is how many different outputs one chat answer should hold.
    `kinds` maps what an output can be asked to be (an input called `kind`) to Russian words.
    """

    name: str
    version: str
    instruction: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    examples: tuple[Mapping[str, str], ...]
    count: int = 1
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def prompt_version(self) -> str:
        """Return the name under which the prompt is known in keys and manifests."""
        return f"{self.name}.{self.version}"


def load_task(path: Path, count: int = 1) -> Task:
    """Read a task from `NAME.VERSION.toml`; `RupairsError` names a missing or wrong file."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return Task(
            name=path.name.split(".")[0],
            version=path.name.split(".")[1],
            instruction=data["instruction"].strip(),
            inputs=data.get("inputs", {}),
            outputs=data["outputs"],
            examples=tuple(data.get("examples", ())),
            count=count,
            kinds=data.get("kinds", {}),
        )
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise RupairsError(f"{path}: not a prompt file: {error}") from None
