"""What may go wrong under a harvest: a kill at any moment, a full disk, files that are damaged."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rupairs.errors import RupairsError
from tests.harvest.conftest import Harvest, Native, assert_balanced, news, nli
from tests.harvest.native_files import jsonl, parquet
from tests.test_chain import after, killed_at

LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


def made_up(rng: random.Random, words: int) -> str:
    """Return a text that nothing repeats and nothing compresses."""
    return " ".join("".join(rng.choices(LETTERS, k=rng.randint(3, 9))) for _ in range(words))


def start(folder: Path, out: Path, *sources: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "rupairs.cli", "harvest", "run", *sources]
    return subprocess.Popen(
        [*command, "--from-dir", str(folder), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(folder: Path, out: Path, *sources: str) -> tuple[int, list[str]]:
    process = start(folder, out, *sources)
    _, err = process.communicate(timeout=300)
    return process.returncode, err.splitlines()


def tables(out: Path) -> dict[str, bytes]:
    found = (out / "harvest").rglob("*.parquet")
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


def test_killed_anywhere_it_ends_the_same_and_reads_no_finished_source_again(
    put: Native, tmp_path: Path
) -> None:
    rng = random.Random(7)
    put("rcb", {"train.jsonl": jsonl(*(nli(made_up(rng, 6), made_up(rng, 6)) for _ in range(99)))})
    articles = [(made_up(rng, 4), made_up(rng, 9)) for _ in range(20_000)]
    folder = put("lenta", {"lenta-ru-news.csv": news(*articles)})
    whole, out = tmp_path / "whole", tmp_path / "run"
    began = time.monotonic()
    assert run(folder, whole, "rcb", "lenta")[0] == 0
    took = time.monotonic() - began

    work = out / ".work"

    def reading() -> bool:
        return any(work.glob("harvest.rows/rcb-*")) and any(work.glob("harvest.rows/.lenta-*"))

    def comparing() -> bool:
        return (work / "harvest.pairs/band-00").is_file()

    assert killed_at(start(folder, out, "rcb", "lenta"), reading)
    finished = next(work.glob("harvest.rows/rcb-*/part-*.parquet")).stat()
    kills = 0
    for moment in (after(took / 4), after(rng.uniform(0, took)), comparing, never):
        process = start(folder, out, "rcb", "lenta")
        kills += killed_at(process, moment)
    assert process.returncode == 0 and kills >= 1
    assert tables(out) == tables(whole)
    first = (out / "harvest/rows/part-00000.parquet").stat()
    assert (first.st_ino, first.st_mtime_ns) == (finished.st_ino, finished.st_mtime_ns)
    assert not list(work.iterdir())


def never() -> bool:
    return False


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(put: Native, small_disk: Path) -> None:
    rng = random.Random(7)
    put("rcb", {"train.jsonl": jsonl(*(nli(made_up(rng, 6), made_up(rng, 6)) for _ in range(99)))})
    articles = [(made_up(rng, 4), made_up(rng, 300)) for _ in range(1_000)]
    folder = put("lenta", {"lenta-ru-news.csv": news(*articles)})
    out = small_disk / "run"
    code, err = run(folder, out, "rcb", "lenta")
    assert code == 1
    assert err[-1].startswith(f"error: {out}: no space left on the disk (")
    assert "free some space, then run the same command to go on" in err[-1]
    assert len(err) == 2 and err[0].startswith("[1/2] harvest.rows"), err
    assert not list(out.rglob("*.partial"))
    finished = next((out / ".work/harvest.rows").glob("rcb-*/part-*.parquet")).stat()

    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert run(folder, out, "rcb", "lenta")[0] == 0
    assert (out / "harvest/rows/part-00000.parquet").stat().st_ino == finished.st_ino


def test_a_disk_that_was_full_before_is_one_line_too(put: Native, small_disk: Path) -> None:
    folder = put("rcb", {"train.jsonl": jsonl(nli("Мы видели лес.", "Лес был виден."))})
    out = small_disk / "run"
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "filler").write_bytes(b"0" * (2 << 20))
    code, err = run(folder, out, "rcb")
    assert code == 1
    assert len(err) == 1 and err[0].startswith(f"error: {out}: no space left on the disk (0.0 MB")
    (small_disk / "filler").unlink()
    assert run(folder, out, "rcb")[0] == 0


ARTICLE = {"query": "Где растёт мох?", "pos": ["В тени."], "neg": ["На солнце."]}
NUL = 'url,title,text,topic,tags\nu,Заголовок,"Текст новости.",,\nu,Другой,"Те\0кст.",,\n'


@pytest.mark.parametrize(
    ("name", "damaged", "mended", "parts"),
    [
        (
            "ru_hnp/train.parquet",
            parquet([{"query": "Где растёт мох?", "pos": ["В тени."]}]),
            parquet([ARTICLE]),
            ["needs a column neg", "the columns are query, pos"],
        ),
        (
            "ru_hnp/train.parquet",
            parquet([ARTICLE])[:-40],
            parquet([ARTICLE]),
            ["not a readable Parquet file", "truncated", "fetch it again"],
        ),
        (
            "lenta/lenta-ru-news.csv",
            NUL.encode(),
            NUL.replace("\0", "").encode(),
            ["line 3: NUL byte", "fetch the file again"],
        ),
    ],
)
def test_a_damaged_file_is_named_and_what_came_before_it_is_kept(
    harvest: Harvest, put: Native, name: str, damaged: bytes, mended: bytes, parts: list[str]
) -> None:
    put("rcb", {"train.jsonl": jsonl(nli("Мы видели лес.", "Лес был виден."))})
    source, _, file = name.partition("/")
    folder = put(source, {file: damaged})
    settings: dict[str, Any] = {"sources": ["rcb", source]}
    with pytest.raises(RupairsError) as error:
        harvest(folder, rows=settings)
    for part in (f"{folder / name}: ", *parts):
        assert part in str(error.value)
    assert "\n" not in str(error.value)
    out = folder.parent / "run"
    assert not list(out.rglob("*.partial"))
    finished = next((out / ".work/harvest.rows").glob("rcb-*/part-*.parquet")).stat().st_ino
    put(source, {file: mended})
    made = harvest(folder, rows=settings)
    assert made["rows"].parts()[0].stat().st_ino == finished
    for stage in made.values():
        assert_balanced(stage)
