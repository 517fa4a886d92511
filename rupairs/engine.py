"""Engines: one function over many Arrow tables, on the cores of this machine or on Ray Data.

The function must be picklable (a module's function, or `functools.partial` of one) and must depend
on nothing but its table; then every engine gives the same tables in the same order.
"""

import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa

from rupairs.errors import UsageError
from rupairs.store import write_table

Work = Callable[[pa.Table], pa.Table]
EngineName = Literal["local", "ray"]

# Starting processes takes seconds; this many tables are done sooner without them.
_FEW = 6
_AHEAD = 2


class Engine(Protocol):
    """Runs a function over tables and yields the results in the order of the tables."""

    def map(self, work: Work, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield `work(table)` for every table."""
        ...


@dataclass(frozen=True)
class Local:
    """Processes of this machine; a few tables are done in this one."""

    pool: Callable[[], ProcessPoolExecutor]
    processes: int

    def map(self, work: Work, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the results in order, with a bounded number of tables on the way."""
        remaining = iter(tables)
        first = list(islice(remaining, _FEW))
        if len(first) < _FEW or self.processes < 2:
            yield from map(work, chain(first, remaining))
            return
        pool, waiting = self.pool(), deque[Future[pa.Table]]()
        for table in chain(first, remaining):
            waiting.append(pool.submit(work, table))
            if len(waiting) >= self.processes * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True)
class RayData:
    """Ray Data over a folder of Parquet that the tables are written to first.

    On a cluster the folder must be one that every machine sees.
    """

    folder: Path

    def map(self, work: Work, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the results in order."""
        import ray

        folder = Path(tempfile.mkdtemp(prefix="tables-", dir=self.folder))
        try:
            count = -1
            for count, table in enumerate(tables):
                write_table(table, folder / f"{count:08d}.parquet")
            if count < 0:
                return
            paths = [str(folder / f"{n:08d}.parquet") for n in range(count + 1)]
            # One file is one block is one call of `work`: the batches are those of other engines.
            data = ray.data.read_parquet(paths, override_num_blocks=len(paths))
            done = data.map_batches(work, batch_format="pyarrow", batch_size=None)
            for reference in done.iter_internal_ref_bundles():
                for block in reference.block_refs:
                    table = ray.get(block)
                    if table.num_rows:
                        yield table
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _local(processes: int) -> Iterator[Local]:
    pools: list[ProcessPoolExecutor] = []

    def pool() -> ProcessPoolExecutor:
        if not pools:
            # Forking a process that runs Arrow's threads can hang; spawn starts a clean one.
            pools.append(ProcessPoolExecutor(processes, mp_context=get_context("spawn")))
        return pools[0]

    try:
        yield Local(pool, processes)
    finally:
        for started in pools:
            started.shutdown(cancel_futures=True)


@contextmanager
def _ray(folder: Path) -> Iterator[RayData]:
    try:
        import ray
    except ImportError:
        raise UsageError("the ray engine needs Ray Data: pip install 'rupairs[ray]'") from None
    started = not ray.is_initialized()
    if started:
        ray.init(log_to_driver=False, configure_logging=False, include_dashboard=False)
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield RayData(folder)
    finally:
        if started:
            ray.shutdown()


def open_engine(
    name: EngineName, folder: Path, processes: int | None = None
) -> AbstractContextManager[Engine]:
    """Return the engine of that name; `folder` is where it may write what it needs on the way."""
    if name == "ray":
        return _ray(folder)
    return _local(processes or _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
