"""How tensors are computed: in half precision where that pays, and in the same order each time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


def half_precision() -> bool:
    """Return whether bf16 is known to be faster than float32 here.

    Intel's AVX-512 bf16 without AMX measured slower, AMD's twice as fast.
    """
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    has = torch.cpu.get_capabilities()
    amd = "AMD" in str(has.get("cpu_name", ""))
    return bool(has.get("amx_bf16") or (amd and has.get("avx512_bf16")))


def precision(wanted: bool | None) -> str:
    """Return `bf16` or `fp32`: what was asked for, else bf16 where it pays."""
    return "bf16" if (half_precision() if wanted is None else wanted) else "fp32"


@contextmanager
def deterministic() -> Iterator[None]:
    """On a GPU, take kernels that add in the same order each time, where there are such."""
    import torch

    if not torch.cuda.is_available():
        yield
        return
    # cuBLAS reads this when its first handle is made.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
