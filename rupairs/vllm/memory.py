"""How much a model may take: context, requests at a time and memory, from the card and the model.

1. Of the card, what is free now less 1 GiB or 4 % (whichever is more) goes to vLLM.
2. The weights and 2 GiB of workspace come off; the rest holds keys and values of past tokens.
3. As many requests run at a time as that holds at 1,024 tokens each: instruction and examples are
   shared between requests, so what is a request's own is an item and its answer.

The context is 8,192 tokens, or the model's if that is less: prompts here are far shorter, and the
262,144 that some models allow would have to fit for one request before any can be served.
"""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupairs.vllm.environment import Card, VllmError

_GIB = 1 << 30
_CONTEXT = 8192
_TOKENS_A_REQUEST = 1024
_WORKSPACE = 2 * _GIB
_FEWEST, _MOST = 8, 512
_ON_CPU = 16  # more at a time gains nothing on a few cores
_LARGEST_CPU_CACHE_GIB = 16
_TWO_BYTES = 2


@dataclass(frozen=True)
class Weights:
    """What can be told of a model before it is loaded; None where it cannot.

    `cache` is the bytes that keys and values of one token take in 16 bits, over all layers;
    attention that sees a window only takes less.
    """

    size: int | None = None
    cache: int | None = None
    positions: int | None = None


@dataclass(frozen=True)
class Limits:
    """What vLLM is told; None leaves it to vLLM.

    `share` is the part of the card's memory it may take, `cache_gib` the memory for keys and values
    on a CPU.
    """

    max_model_len: int | None = None
    max_num_seqs: int | None = None
    share: float | None = None
    cache_gib: int | None = None


def card_limits(card: Card, weights: Weights, asked_len: int | None, cards: int = 1) -> Limits:
    """Return the limits on a GPU, or on `cards` alike that share the model.

    Raises VllmError if the weights alone do not fit.
    """
    budget = card.free - max(_GIB, card.total // 25)
    share = max(0.1, math.floor(100 * budget / card.total) / 100)
    if weights.size is None:
        return Limits(_context(weights, asked_len), None, share)
    room = share * card.total - _WORKSPACE - weights.size / cards
    if room <= 0:
        raise VllmError(
            f"the model's weights take {weights.size / _GIB:.0f} GiB, and "
            f"{_of(cards)}{card.name} has {card.free / _GIB:.0f} GiB free: take a smaller or a "
            "quantised model, or more cards (--tensor-parallel-size)"
        )
    at_a_time = None
    if weights.cache is not None:
        held = room * cards / weights.cache / _TOKENS_A_REQUEST
        at_a_time = max(_FEWEST, min(_MOST, int(held) // 8 * 8))
    return Limits(_context(weights, asked_len), at_a_time, share)


def cpu_limits(available: int, weights: Weights, asked_len: int | None) -> Limits:
    """Return the limits on a CPU with `available` bytes of memory: a quarter of what is left."""
    left = available - (weights.size or 0)
    cache = max(1, min(_LARGEST_CPU_CACHE_GIB, left // 4 // _GIB))
    return Limits(_context(weights, asked_len), _ON_CPU, cache_gib=cache)


def available_memory() -> int:
    """Return the bytes of main memory that are free or can be freed."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return 1024 * next(int(x.split()[1]) for x in lines if x.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def weigh(model: str, revision: str = "") -> Weights:
    """Tell a model's sizes from its folder, the Hub's cache or the Hub, without its weights.

    What cannot be told is None: vLLM will say what is wrong with such a model.
    """
    try:
        folder = Path(model) if Path(model).is_dir() else None
        config_file = folder / "config.json" if folder else _from_hub(model, revision)
        config = json.loads(config_file.read_text(encoding="utf-8"))
        sizes = {f.name: f.stat().st_size for f in config_file.parent.iterdir() if f.is_file()}
        size = _weight_files(sizes) or (None if folder else _size_on_hub(model, revision))
        config = config.get("text_config", config)
        return Weights(size, _cache_per_token(config), config.get("max_position_embeddings"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Weights()


def _from_hub(model: str, revision: str) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(model, "config.json", revision=revision or None))


def _size_on_hub(model: str, revision: str) -> int | None:
    import httpx2
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(model, revision=revision or None, files_metadata=True)
    except httpx2.HTTPError:
        return None
    return _weight_files({f.rfilename: f.size or 0 for f in info.siblings or ()})


def _weight_files(sizes: dict[str, int]) -> int | None:
    """Add up the weights. Some repositories hold them twice, under another name or format."""
    for start, end in (("model", ".safetensors"), ("", ".safetensors"), ("pytorch_model", ".bin")):
        if total := sum(s for n, s in sizes.items() if n.startswith(start) and n.endswith(end)):
            return total
    return None


def _cache_per_token(config: dict[str, Any]) -> int | None:
    layers, heads = config.get("num_hidden_layers"), config.get("num_attention_heads")
    if not layers or not heads:
        return None
    width = config.get("head_dim") or config["hidden_size"] // heads
    held = config.get("num_key_value_heads") or heads
    return int(2 * layers * held * width * _TWO_BYTES)


def _context(weights: Weights, asked: int | None) -> int | None:
    if asked is not None or weights.positions is None:
        return asked
    return min(_CONTEXT, weights.positions)


def _of(cards: int) -> str:
    return "" if cards == 1 else f"each of {cards} "
