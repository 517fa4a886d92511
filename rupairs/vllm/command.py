"""The command line and the environment variables vLLM is started with."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from rupairs.errors import UsageError
from rupairs.vllm.environment import Environment, first_card
from rupairs.vllm.memory import Limits, available_memory, card_limits, cpu_limits, weigh

HOST = "127.0.0.1"
# `vllm serve` asks pip's metadata for a package named vllm and fails in the CPU build.
_MODULE = "vllm.entrypoints.openai.api_server"
# Without the second, a small model fills its answer with spaces that JSON allows.
_STRUCTURED = '{"backend":"guidance","disable_any_whitespace":true}'
_OURS = {
    "--model": "it has a setting of its own, model",
    "--revision": "it has a setting of its own, revision",
    "--served-model-name": "it is the model's id, which replay logs and cards name",
    "--host": "it serves this machine only",
    "--port": "`rupairs serve vllm --port` sets it, and a recipe takes a free one",
    "--api-key": "set the environment variable VLLM_API_KEY, a secret is not for command lines",
    "--hf-token": "set the environment variable HF_TOKEN, a secret is not for command lines",
}
_SECRETS = ("--api-key", "--hf-token")
# With these the weights take another amount of memory than their files.
_OTHER_SIZE = ("--quantization", "-q", "--cpu-offload-gb", "--load-format")
_FEW_CORES = 4
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}


class ArgumentError(UsageError, ValueError):
    """An argument for vLLM that is ours to set, or that cannot be one."""


@dataclass(frozen=True)
class Served:
    """What is to be served: a Hub id or a folder, under that name, and how.

    `kind` says how it will be asked (`instruct` needs a chat template); None is whatever it can.
    `arguments` are vLLM's own and come last, so they win over what is chosen here.
    """

    model: str
    revision: str = ""
    kind: Literal["base", "instruct"] | None = None
    port: int = 0
    max_model_len: int | None = None
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in self._options():
            if (meant := _meant(name)) in _OURS:
                raise ArgumentError(f"vLLM argument {name} cannot be given: {_OURS[meant]}")
            if name in ("--tensor-parallel-size", "-tp") and not value.isdecimal():
                raise ArgumentError(f"vLLM argument {name}: needs a number of cards, not '{value}'")

    def option(self, *names: str) -> str | None:
        """Return the value that vLLM's own arguments give an option; '' if it has none."""
        return next((value for name, value in self._options() if name in names), None)

    def _options(self) -> list[tuple[str, str]]:
        found = []
        for argument, following in pairwise((*self.arguments, "-")):
            name, eq, value = argument.partition("=")
            if name.startswith("-") and not name[1:2].isdigit():
                name = name.replace("_", "-")
                found.append((name, value if eq or following.startswith("-") else following))
        return found


def _meant(name: str) -> str:
    """Return the option that holds a secret if vLLM takes a name for it, by its beginning too."""
    return next((s for s in _SECRETS if name.startswith(s[:6]) and s.startswith(name)), name)


def choose_limits(served: Served, environment: Environment) -> Limits:
    """Size what is served to the card, or to the machine. VllmError if it cannot fit."""
    weights = weigh(served.model, served.revision)
    if environment.device == "cpu":
        return cpu_limits(available_memory(), weights, served.max_model_len)
    card = first_card()
    if card is None or served.option(*_OTHER_SIZE) is not None:
        return Limits(served.max_model_len)
    cards = int(served.option("--tensor-parallel-size", "-tp") or 1)
    return card_limits(card, weights, served.max_model_len, cards)


def command(served: Served, environment: Environment, limits: Limits, port: int) -> list[str]:
    """Return the command that starts vLLM's server."""
    words = [str(environment.python), "-m", _MODULE, "--host", HOST, "--port", str(port)]
    return [*words, "--disable-uvicorn-access-log", *arguments(served, environment, limits)]


def arguments(served: Served, environment: Environment, limits: Limits) -> list[str]:
    """Return the arguments that say what is loaded and how, to a server or without one."""
    folder = Path(served.model)
    options: dict[str, object] = {
        "--model": folder.resolve() if folder.is_dir() else served.model,
        "--served-model-name": served.model,
        "--revision": None if folder.is_dir() else served.revision or None,
        "--structured-outputs-config": _STRUCTURED,
        # A request says all that decides its answer; the model's own defaults would stay unsaid.
        "--generation-config": "vllm",
        "--max-model-len": limits.max_model_len,
        "--max-num-seqs": limits.max_num_seqs,
        "--gpu-memory-utilization": limits.share,
        "--dtype": _cpu_dtype() if environment.device == "cpu" else "auto",
    }
    given = [w for name, value in options.items() if value is not None for w in (name, str(value))]
    flags = ["--enable-prefix-caching"]
    if environment.device == "cpu":
        # Compiling takes longer than it saves; a prompt done in parts, for a request with a seed,
        # ends the engine ("CPU Generator does not use offset").
        flags += ["--enforce-eager", "--no-enable-chunked-prefill"]
    return [*given, *flags, *served.arguments]


def variables(environment: Environment, limits: Limits) -> dict[str, str]:
    """Return the whole environment of the child: ours, with what vLLM needs and without our paths.

    What is set already (HF_HUB_OFFLINE, HF_TOKEN, VLLM_*) is left as it is.
    """
    ours = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    needed = {
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
        "PYTHONSAFEPATH": "1",  # modules lying in the current directory are none of vLLM's
    }
    if environment.device == "cpu":
        needed |= _cpu_variables(limits)
    return needed | ours


def _cpu_variables(limits: Limits) -> Mapping[str, str]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    # On few cores the automatic choice would leave one for HTTP, which hardly needs it.
    few = 0 < len(cores) <= _FEW_CORES
    return {
        "VLLM_CPU_KVCACHE_SPACE": str(limits.cache_gib or 1),
        "VLLM_CPU_OMP_THREADS_BIND": ",".join(map(str, cores)) if few else "auto",
    }


def _cpu_dtype() -> str:
    """bfloat16 where the processor computes with it, else float32."""
    try:
        known = set(re.findall(r"\w+", Path("/proc/cpuinfo").read_text(encoding="utf-8")))
    except OSError:
        known = set()
    return "bfloat16" if known & _BFLOAT16_FLAGS else "float32"
