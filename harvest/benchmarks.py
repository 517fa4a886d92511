"""Benchmark texts that the harvest must not let in (`rupairs.benchmark_texts`)."""

from typing import TYPE_CHECKING

from rupairs.benchmark_texts import (
    Benchmarks,
    benchmark_files,
    benchmark_hashes,
    read_benchmarks,
)

if TYPE_CHECKING:
    from harvest.stage import HarvestSection

__all__ = ["Benchmarks", "benchmark_files", "benchmark_inputs", "read_benchmarks"]


def benchmark_inputs(section: "HarvestSection") -> dict[str, str]:
    """Return the SHA-256 of every benchmark file by name."""
    return benchmark_hashes(section.pairs.benchmarks)
