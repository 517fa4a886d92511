"""Engines: the same tables in the same order, little read ahead, errors that come through."""

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import rupairs
from harvest.cli import run_harvest
from rupairs.engine import Engine, open_engine
from rupairs.errors import RupairsError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")

SCHEMA = pa.schema(
    [
        pa.field("n", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("id", pa.binary(16)),
        pa.field("more", pa.list_(pa.struct([pa.field("n", pa.int32())]))),
    ]
)
REPOSITORY = Path(__file__).parent.parent
SAMPLE = Path(rupairs.__file__).parent / "sample"
PAIRS, TEXTS = ("rcb", "ruparadetox", "miracl", "lenta"), ("wikipedia",)

# Processes of other tests.
OTHERS: set[int] = set()


def table(number: int, rows: int = 3) -> pa.Table:
    found = [
        {"n": number * 10 + i, "text": "да" * i, "id": bytes([i] * 16), "more": [{"n": i}] * i}
        for i in range(rows)
    ]
    return pa.Table.from_pylist(found, schema=SCHEMA)


def times(table: pa.Table, by: int) -> pa.Table:
    numbers = pa.array([n * by for n in table["n"].to_pylist()], pa.int64())
    return table.append_column(pa.field("times", pa.int64(), nullable=False), numbers)


def slow(table: pa.Table) -> pa.Table:
    # The first tables take longest, so that only waiting for them keeps the order.
    time.sleep(max(0.0, 0.1 - table["n"][0].as_py() / 1_000))
    return table


def odd_ones(table: pa.Table) -> pa.Table:
    return table if table["n"][0].as_py() // 10 % 2 else table.slice(0, 0)


def refuse(table: pa.Table) -> pa.Table:
    if table["n"][0].as_py() == 70:
        raise RupairsError("a.csv: row 70: cannot be read; fetch it again")
    return table


def break_off(table: pa.Table) -> pa.Table:
    raise ZeroDivisionError(f"at {table['n'][0].as_py()}")


def fill_the_disk(table: pa.Table) -> pa.Table:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def die(table: pa.Table) -> pa.Table:
    os.kill(os.getpid(), signal.SIGKILL)
    return table


@pytest.fixture(scope="module", autouse=True)
def others() -> Iterator[None]:
    """Leave out what other modules' tests have started and still use."""
    OTHERS.update(descendants())
    yield
    OTHERS.clear()


def descendants(process: int = 0) -> list[int]:
    """Return what a process, else this one, started, but for what only tidies up after others."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if b"resource_tracker" not in (stat.parent / "cmdline").read_bytes():
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [process or os.getpid()]
    for parent in found:
        found += [c for c, its in parents.items() if its == parent and c not in OTHERS]
    return found[1:]


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect what this process and those it starts print in the block."""
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(1), os.dup(2)]
        said: list[str] = []
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield said
        finally:
            for number, copy in enumerate(kept, 1):
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            said += file.read().decode().splitlines()


@pytest.mark.parametrize("tables", [0, 3, 20])
def test_one_process_keeps_the_order_and_reads_nothing_ahead(tmp_path: Path, tables: int) -> None:
    with open_engine("local", tmp_path, 1) as engine:
        check_order(engine, tables)
        check_error(engine)
        assert not descendants()


def test_two_processes_keep_the_order_and_read_little_ahead(tmp_path: Path) -> None:
    with open_engine("local", tmp_path, 2) as engine:
        check_order(engine, 3)
        assert not descendants(), "a few tables need no processes"
        check_order(engine, 20)
        workers = descendants()
        assert len(workers) == 2
        check_error(engine)
        check_order(engine, 20)
        assert descendants() == workers, "an engine keeps its processes"
        with pytest.raises(ZeroDivisionError, match="at 0"):
            list(engine.map(break_off, map(table, range(10))))
    assert not descendants()


def check_order(engine: Engine, tables: int) -> None:
    read: list[int] = []

    def counted() -> Iterator[pa.Table]:
        for n in range(tables):
            read.append(n)
            yield table(n)

    made = engine.map(slow, counted())
    assert not read, "nothing is read before somebody asks"
    for done, result in enumerate(made, 1):
        assert result == table(done - 1)
        assert len(read) <= done + 5
    assert len(read) == tables


def check_error(engine: Engine) -> None:
    made: list[pa.Table] = []
    with pytest.raises(RupairsError, match=r"^a\.csv: row 70: cannot be read; fetch it again$"):
        made.extend(engine.map(refuse, map(table, range(1_000))))
    assert made == [table(n) for n in range(7)]


def test_an_error_of_the_tables_leaves_nothing_running(tmp_path: Path) -> None:
    def tables() -> Iterator[pa.Table]:
        yield from map(table, range(10))
        raise RupairsError("a.csv: row 11: damaged")

    with (
        pytest.raises(RupairsError, match="row 11"),
        open_engine("local", tmp_path, 2) as engine,
    ):
        list(engine.map(slow, tables()))
    assert not descendants()


def test_a_killed_worker_is_said_in_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(RupairsError, match="a worker process was killed, most likely because mem"),
        open_engine("local", tmp_path, 2) as engine,
    ):
        list(engine.map(die, map(table, range(10))))
    assert not descendants()


def work_for_ever(folder: str) -> None:
    with open_engine("local", Path(folder), 2) as engine:
        for number, _ in enumerate(engine.map(slow, map(table, count()))):
            if number == 40:  # by then both workers have worked
                (Path(folder) / "working").touch()


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent(tmp_path: Path, asked: signal.Signals) -> None:
    """By Ctrl-C, which a terminal sends to all of them, and by a kill, which it only is told."""
    code = "import sys; from tests.test_engine import work_for_ever; work_for_ever(sys.argv[1])"
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        start_new_session=True,
    )
    wait_until((tmp_path / "working").exists)
    workers = descendants(parent.pid)
    assert len(workers) == 2
    if asked == signal.SIGINT:
        os.killpg(parent.pid, asked)
    else:
        parent.kill()
    _, err = parent.communicate(timeout=30)
    assert err.count("Traceback") == (asked == signal.SIGINT), err
    wait_until(lambda: not any(map(alive, workers)))


def alive(process: int) -> bool:
    """Say whether a process runs; one that ended and that nobody waits for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.split()[0] not in "ZX"


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="module")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Ray, as a harvest starts it, once for the module; it says nothing and leaves nothing."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    folder = tmp_path_factory.mktemp("ray")
    engine = open_engine("ray", folder)
    with heard() as said:
        opened = engine.__enter__()
    assert said == []
    yield opened
    started = descendants()
    assert started
    with heard() as said:
        engine.__exit__(None, None, None)
    assert said == []
    assert not list(folder.iterdir()), "tables were left behind"
    wait_until(lambda: not any(map(alive, started)))


def test_ray_gives_the_very_tables(ray: Engine) -> None:
    tables = [table(n, rows=n % 3 + 1) for n in range(9)]
    for work in (partial(times, by=2), odd_ones):
        made, expected = list(ray.map(work, tables)), [work(t) for t in tables]
        assert made == expected
        assert [t.schema for t in made] == [t.schema for t in expected]
    assert list(ray.map(odd_ones, [])) == []


def test_ray_lets_errors_come_through(ray: Engine) -> None:
    with heard() as said:
        check_error_of_ray(ray)
    assert said == []
    with pytest.raises(Exception, match="ZeroDivisionError: at 0"):
        list(ray.map(break_off, [table(0)]))


def check_error_of_ray(ray: Engine) -> None:
    with pytest.raises(RupairsError, match=r"^a\.csv: row 70: cannot be read; fetch it again$"):
        list(ray.map(refuse, map(table, range(9))))
    with pytest.raises(OSError, match="No space left") as error:
        list(ray.map(fill_the_disk, [table(1)]))
    assert error.value.errno == errno.ENOSPC


def test_ray_tells_nobody_that_it_is_used(ray: Engine) -> None:
    from ray._common.usage import usage_lib

    assert not usage_lib.usage_stats_enabled()


def test_a_harvest_on_ray_gives_the_same_bytes(
    ray: Engine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known"
    known.mkdir()
    (known / "texts.txt").write_text("Кот спит на окне.\n", encoding="utf-8")
    for engine in ("local", "ray"):
        settings: dict[str, Any] = {
            "from_dir": str(SAMPLE),
            "engine": engine,
            "pairs": {"benchmarks": str(known), "leaks": "flag", "test": 0.2},
        }
        assert run_harvest((*PAIRS, *TEXTS), settings, tmp_path / engine, True) == 0
        steps = {row["step"] for row in json.loads(capfd.readouterr().out)}
        assert steps == {"harvest.rows", "harvest.pairs", "harvest.texts"}
    local, on_ray = contents(tmp_path / "local"), contents(tmp_path / "ray")
    assert len(local) == 10
    assert on_ray == local


def contents(run: Path) -> dict[str, bytes]:
    return {
        path.relative_to(run).as_posix(): path.read_bytes()
        for path in (run / "harvest").rglob("*.parquet")
    }
