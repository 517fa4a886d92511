"""Engines: one function over many Arrow tables, on the cores of this machine or on Ray Data.

The function must be picklable (a module's function, or `functools.partial` of one) and must depend
on nothing but its table; then every engine gives the same tables in the same order.
"""

import logging
import os
import pickle
import shutil
import signal
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, Literal, Protocol

import pyarrow as pa

from rupairs.errors import RupairsError, UsageError
from rupairs.store import read_table, write_table

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
        try:
            yield from self._pooled(work, chain(first, remaining))
        except BrokenProcessPool:
            raise RupairsError(
                "a worker process was killed, most likely because memory ran out; free some and "
                "run the same command to go on"
            ) from None

    def _pooled(self, work: Work, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        pool, waiting = self.pool(), deque[Future[pa.Table]]()
        for table in tables:
            with _interrupts_held():
                waiting.append(pool.submit(work, table))
            if len(waiting) >= self.processes * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@dataclass(frozen=True)
class RayData:
    """Ray Data over a folder of Parquet, where the tables are written to first.

    On a cluster the folder must be one that every machine sees.
    """

    folder: Path

    def map(self, work: Work, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the results in order."""
        import ray

        folder = Path(tempfile.mkdtemp(prefix="tables-", dir=self.folder))
        try:
            paths = []
            for number, table in enumerate(tables):
                paths.append(str(folder / f"{number:08d}.parquet"))
                write_table(table, Path(paths[-1]))
            if not paths:
                return
            # Not `read_parquet`: it packs files into blocks and splits blocks as it sees fit, and
            # a table must come back as it went.
            names = ray.data.from_items(paths, override_num_blocks=len(paths))
            for row in names.map(partial(_file_to_file, work=work)).iter_rows():
                if row["error"]:
                    raise pickle.loads(row["error"])
                yield read_table(Path(row["done"]))
                Path(row["done"]).unlink()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _file_to_file(row: dict[str, str], work: Work) -> dict[str, Any]:
    done = f"{row['item']}.done"
    try:
        write_table(work(read_table(Path(row["item"]))), Path(done))
    except (RupairsError, OSError) as error:
        # Raised here, it would come out as an error of Ray, and no longer as one line.
        return {"done": "", "error": pickle.dumps(error)}
    return {"done": done, "error": b""}


@contextmanager
def _local(processes: int) -> Iterator[Local]:
    pools: list[ProcessPoolExecutor] = []

    def pool() -> ProcessPoolExecutor:
        if not pools:
            # Forking a process that runs Arrow's threads can hang; spawn starts a clean one.
            spawn = get_context("spawn")
            pools.append(ProcessPoolExecutor(processes, spawn, initializer=_end_with_parent))
        return pools[0]

    try:
        yield Local(pool, processes)
    finally:
        for started in pools:
            started.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back Ctrl-C; processes started meanwhile leave it to this one for good."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone, even by a kill.

    Workers hold both ends of the pipe they read from, so that they would wait for ever.
    """
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _ray(folder: Path) -> Iterator[RayData]:
    # Ray reports on its use to its makers unless it is told not to before it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray.data
    except ImportError:
        raise UsageError("the ray engine needs Ray Data: pip install 'rupairs[ray]'") from None
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
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
