"""The encoders of a shift: what each one is, and the prompt it is asked with.

A prompt that is given for an encoder goes to it before and after. Otherwise each has its own (the
default of its folder, else the one that it calls `query`), and one that has none that of its
counterpart: curves are of one encoder asked in one way.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.encoder import encoder_facts, load_transformer, model_path
from rupairs.manifest import sha256
from rupairs.recipe import EncoderSection
from rupairs.silence import silence

_WEIGHTS = (".safetensors", ".bin")


@dataclass(frozen=True)
class Used:
    """An encoder as it was measured: its revision on the Hub, or the SHA-256 of its weights."""

    id: str
    revision: str
    weights: dict[str, str]
    prompt: str


@dataclass(frozen=True)
class Opened:
    """A model that is ready to encode, and its own prompt if it has one."""

    section: EncoderSection
    model: Any
    prompt: str | None

    def used(self, prompt: str) -> Used:
        """Return what it is, asked with a prompt; a folder is named without where it lies."""
        facts = encoder_facts(self.section, role="")
        folder = Path(self.section.model)
        files = sorted(p for p in folder.rglob("*") if p.suffix in _WEIGHTS and folder.is_dir())
        config = getattr(self.model[0], "auto_model", None)
        commit = getattr(getattr(config, "config", None), "_commit_hash", None)
        weights = {p.relative_to(folder).as_posix(): sha256(p) for p in files}
        return Used(facts.id, facts.revision or commit or "", weights, prompt)


def opened(name: str) -> Opened:
    """Open an encoder: `embedded`, a Hub id or a folder."""
    section = EncoderSection(model=name)
    with silence():
        model = load_transformer(model_path(section), None, section.max_length)
    prompts = model.prompts or {}
    own = prompts.get(model.default_prompt_name or "query")
    return Opened(section, model, own or None)


def prompts_of(before: Opened, after: Opened, given: str | None) -> tuple[str, str]:
    """Return the prompts of an encoder before and after its training."""
    if given is not None:
        return given, given
    return before.prompt or after.prompt or "", after.prompt or before.prompt or ""
