"""The vLLM of a step: the server that a recipe's `[llm]` section names."""

from pathlib import Path

from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm.command import Served
from rupairs.vllm.server import VllmServer


def section_server(section: LLMSection, log: Path, progress: Progress) -> VllmServer:
    """Return the server, not yet started, of the model that a recipe names."""
    served = Served(
        section.model,
        section.revision,
        section.kind,
        max_model_len=section.max_model_len,
        arguments=section.vllm_args,
    )
    return VllmServer(served, log, say=lambda message: progress.say(f"  {message}"))
