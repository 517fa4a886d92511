"""The vLLM of a step: the server, or the batch, that a recipe's `[llm]` section names."""

from pathlib import Path

from rupairs.llm.budget import Clock
from rupairs.llm.ledger import Ledger
from rupairs.llm.log import ReplayLog
from rupairs.progress import Progress
from rupairs.recipe import LLMSection
from rupairs.vllm import workers
from rupairs.vllm.batch import Batch
from rupairs.vllm.command import Served, arguments, choose_limits, variables
from rupairs.vllm.environment import find_environment
from rupairs.vllm.server import VllmServer
from rupairs.vllm.worker import HeldWorker, Order, Worker

_WORKERS = Path(workers.__file__).parent
# For one start, in which a model may have to be downloaded.
_START_S = 3600.0


def section_server(section: LLMSection, log: Path, progress: Progress) -> VllmServer:
    """Return the server, not yet started, of the model that a recipe names."""
    return VllmServer(_served(section), log, say=lambda message: progress.say(f"  {message}"))


def section_worker(section: LLMSection, file: Path, progress: Progress) -> HeldWorker:
    """Return the worker, not yet started, of the model that a recipe names.

    vLLM writes to `file`, after what is there.
    """
    file.parent.mkdir(parents=True, exist_ok=True)

    def make_worker() -> Worker:
        served, environment = _served(section), find_environment()
        limits = choose_limits(served, environment)
        progress.say(f"  loading {section.model} with vLLM on the {environment.device}: {file}")
        script, own = "batch_worker.py", list[str]()
        if section.server == "ray":
            script, own = "ray_worker.py", [str(section.concurrency), str(section.engines)]
        order = Order(
            before=[str(environment.python), str(_WORKERS / script)],
            after=[section.kind, *own, *arguments(served, environment, limits)],
            variables=variables(environment, limits),
            model=section.model,
        )
        return Worker(order, file, _START_S)

    return HeldWorker(make_worker)


def section_batch(
    section: LLMSection,
    log: ReplayLog,
    worker: HeldWorker,
    progress: Progress,
    clock: Clock | None = None,
) -> Batch:
    """Return what answers without a server, by a worker that it may start and leaves running."""
    return Batch(Ledger(section, log, clock), section, worker, lambda m: progress.say(f"  {m}"))


def _served(section: LLMSection) -> Served:
    return Served(
        section.model,
        section.revision,
        section.kind,
        max_model_len=section.max_model_len,
        arguments=section.vllm_args,
    )
