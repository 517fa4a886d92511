"""A task: what is asked of a model, in Russian, independent of how the model is spoken to.

The prompt text lives in versioned TOML files beside the stage that owns it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from rupairs.errors import RupairsError


@dataclass(frozen=True)
class Task:
    """One kind of question.

    `inputs` and `outputs` map field names to the Russian labels shown to the model; `examples`
    are complete rows of both. `count` is how many different outputs one chat answer should hold.
    `kinds` maps what an output can be asked to be (an input called `kind`) to Russian words.
    `sha256` is that of the file that the prompt was read from.
    """

    name: str
    version: str
    instruction: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    examples: tuple[Mapping[str, str], ...]
    count: int = 1
    kinds: Mapping[str, str] = field(default_factory=dict)
    sha256: str = field(default="", compare=False)

    @property
    def prompt_version(self) -> str:
        """Return the name under which the prompt is known in keys and manifests."""
        return f"{self.name}.{self.version}"

    def facts(self) -> dict[str, str]:
        """Return what a manifest keeps of the prompt."""
        return {"instruction": self.instruction, "sha256": self.sha256}


def load_task(path: Path, count: int = 1) -> Task:
    """Read a task from `NAME.VERSION.toml`; `RupairsError` names a missing or wrong file."""
    try:
        content = path.read_bytes()
        data = tomllib.loads(content.decode())
        return Task(
            name=path.name.split(".")[0],
            version=path.name.split(".")[1],
            instruction=data["instruction"].strip(),
            inputs=data.get("inputs", {}),
            outputs=data["outputs"],
            examples=tuple(data.get("examples", ())),
            count=count,
            kinds=data.get("kinds", {}),
            sha256=sha256(content).hexdigest(),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise RupairsError(f"{path}: not a prompt file: {error}") from None
